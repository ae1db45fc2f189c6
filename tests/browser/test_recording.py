"""Reading sentences in Chromium, whose microphone is a file: what is kept is what it heard."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy
import pytest
import soundfile
import soxr
from playwright.sync_api import expect

from launcher.prompts.sets import LANGUAGES
from launcher.workshop.recording.reading import prompt_key
from launcher.workshop.table import read_lines
from tests.browser.looking import look
from tests.browser.page_states import PageState
from tests.browser.stage import CHROMIUM, Form
from tests.browser.window import Window, asks_to_stay, ready
from tests.kit.checkout import DEMO_CLIPS

pytestmark = pytest.mark.slow
RATE_HZ = 44_100
EDGE_SECONDS = 0.5
SENTENCES = LANGUAGES["en"].chosen()
Wave = Any

# A microphone of the page's own making: a tone as loud as the test says, or as the browser would answer in a case
# that no file can bring about.
A_TONE = """(level) => { navigator.mediaDevices.getUserMedia = async () => {
  const context = new AudioContext(), end = context.createMediaStreamDestination();
  const tone = new OscillatorNode(context, {frequency: 220}), gain = new GainNode(context, {gain: level});
  tone.connect(gain).connect(end); tone.start();
  return end.stream; }; }"""
REFUSES = """(name) => { navigator.mediaDevices.getUserMedia = async () => {
  throw new DOMException("", name); }; }"""
DISOBEYS = """(settings) => { const told = MediaStreamTrack.prototype.getSettings;
  MediaStreamTrack.prototype.getSettings = function () { return {...told.call(this), ...settings}; }; }"""
INSECURE = "() => Object.defineProperty(window, 'isSecureContext', {value: false})"


@pytest.fixture(scope="module")
def spoken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the microphone hears, over and over: a clip of the demo between two silences."""
    clip = min((DEMO_CLIPS / "wavs").iterdir())
    wave, rate_hz = soundfile.read(clip, dtype="float32")
    edge = numpy.zeros(round(EDGE_SECONDS * RATE_HZ), "float32")
    path = tmp_path_factory.mktemp("microphone") / "spoken.wav"
    sound = numpy.concatenate([edge, soxr.resample(wave, rate_hz, RATE_HZ), edge])
    soundfile.write(path, 0.5 * sound / abs(sound).max(), RATE_HZ, subtype="PCM_16")
    return path


@pytest.fixture(scope="module")
def listening(playwright: Any, spoken: Path) -> Iterator[Any]:
    """A browser with that microphone. Without the file it would record silence and say nothing."""
    assert abs(soundfile.read(spoken)[0]).max() == pytest.approx(0.5, abs=0.001)
    browser = playwright.chromium.launch(
        executable_path=str(CHROMIUM),
        args=[
            "--no-sandbox",
            "--disable-gpu",
            "--disable-background-networking",
            "--disable-component-update",
            "--use-fake-device-for-media-stream",
            f"--use-file-for-fake-audio-capture={spoken}",
        ],
    )
    yield browser
    browser.close()


@pytest.fixture
def reader(listening: Any, form: Form) -> Iterator[Window]:
    """Somebody whose browser lets the page have the microphone."""
    context = listening.new_context(
        viewport={"width": 1280, "height": 900}, permissions=["microphone"]
    )
    window = Window(context, form)
    window.enter()
    yield window
    context.close()
    assert window.problems == []
    assert window.abroad == []


def folder_of(window: Window, name: str) -> Path:
    return window.form.home / "data" / "datasets" / name


def begin(window: Window, name: str) -> Any:
    """The page of a new dataset with our English sentences."""
    window.go(f"/record/{name}")
    window.page.get_by_role("button", name="Read these").click()
    expect(window.page.locator(".rec-text")).to_have_text(SENTENCES[0])
    return window.page


def switch_on(page: Any) -> None:
    expect(page.locator(".recorder")).to_be_focused()
    page.keyboard.press("Space")
    expect(page.locator(".rec-bar")).to_be_visible()


def take(page: Any, seconds: float = 4.5, key: str = "Space") -> None:
    """By the keyboard alone, until the answer is there."""
    page.keyboard.press(key)
    end_take(page, seconds)


def end_take(page: Any, seconds: float) -> None:
    """Once it is that long."""
    page.wait_for_function(
        "(seconds) => parseFloat(document.querySelector('.badge-bad')?.textContent.slice(10)) >= seconds",
        arg=seconds,
    )
    page.keyboard.press("Space")
    expect(page.locator(".rec-said > *").first).to_be_visible()


def sound_of(path: Path) -> Wave:
    wave, rate_hz = soundfile.read(path, dtype="float64")
    assert (wave.ndim, rate_hz) == (1, RATE_HZ)
    return wave


def signal_to_noise_db(take: Wave, source: Wave) -> float:
    """How far most of the take's quarter seconds with speech, each laid on the source where it fits best, are from it.

    Most, since a browser that gets too little of the processor loses some sound; what changes the sound changes all.
    """
    ring, size = numpy.concatenate([source, source]), RATE_HZ // 4
    pieces = [take[at : at + size] for at in range(0, len(take) - size, size)]
    spoken = [piece for piece in pieces if abs(piece).max() > 0.1]
    return float(numpy.median([_piece_to_noise_db(piece, ring) for piece in spoken]))


def _piece_to_noise_db(piece: Wave, ring: Wave) -> float:
    size = 1 << (len(ring) + len(piece)).bit_length()
    fits = numpy.fft.irfft(
        numpy.fft.rfft(ring, size) * numpy.conj(numpy.fft.rfft(piece, size)), size
    )
    there = ring[(at := int(fits[: len(ring) // 2].argmax())) : at + len(piece)]
    # Sample for sample the same, where nothing is resampled.
    noise = max(((piece - there) ** 2).sum(), 1e-12)
    return float(10 * numpy.log10((there**2).sum() / noise))


def test_the_keyboard_alone_reads_and_what_is_kept_is_what_the_microphone_heard(
    reader: Window, spoken: Path
) -> None:
    page, folder = begin(reader, "reading-anna"), folder_of(reader, "reading-anna")
    switch_on(page)
    expect(page.get_by_text("recorded as it is: the browser changes nothing")).to_be_visible()
    take(page)
    (line,) = read_lines(folder)
    assert (line.file, line.text) == ("wavs/en-us-0001.wav", SENTENCES[0])
    first = sound_of(folder / line.file)
    assert abs(first).max() > 0.4, "the microphone was silent"
    assert len(first) > 4.5 * RATE_HZ
    assert signal_to_noise_db(first, soundfile.read(spoken)[0]) > 30

    page.keyboard.press("Enter")
    expect(page.locator(".rec-text")).to_have_text(SENTENCES[1])
    page.keyboard.press("s")
    expect(page.locator(".rec-text")).to_have_text(SENTENCES[2])
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_text("skipped", exact=True)).to_be_visible()
    page.keyboard.press("ArrowLeft")
    take(page, len(first) / RATE_HZ + 1.0, key="r")
    second = sound_of(folder / line.file)
    assert len(second) > len(first)
    page.keyboard.press("u")
    expect(page.get_by_text("The earlier take is back. U swaps the two.")).to_be_visible()
    assert len(sound_of(folder / line.file)) == len(first)
    page.keyboard.press("p")
    expect(page.get_by_role("button", name="Stop playing")).to_be_visible()
    page.keyboard.press("Space")
    page.keyboard.press("Escape")
    expect(page.get_by_text("Thrown away.")).to_be_visible()
    assert len(sound_of(folder / line.file)) == len(first)
    assert len(read_lines(folder)) == 1


def test_it_goes_on_where_it_stopped_after_a_reload_and_after_a_restart(reader: Window) -> None:
    page = begin(reader, "reading-berta")
    switch_on(page)
    take(page)
    held: list[Any] = []
    page.route("**/place", lambda route: held.append(route))
    for key in ("Enter", "s", "ArrowRight"):
        page.keyboard.press(key)
    expect(page.locator(".rec-text")).to_have_text(SENTENCES[3])
    page.route("**/place", lambda route: route.continue_())
    with page.expect_response(is_told(SENTENCES[3])):
        # As a busy computer may take them: what was told last stands all the same.
        for route in reversed(held):
            route.continue_()
    for again in (page.reload, lambda: restart(reader)):
        again()
        ready(page)
        expect(page.locator(".rec-text")).to_have_text(SENTENCES[3])
        expect(page.get_by_text("1 of 200 recorded")).to_be_visible()
        expect(page.get_by_text("1 skipped")).to_be_visible()
    switch_on(page)
    take(page)
    assert [line.text for line in read_lines(folder_of(reader, "reading-berta"))] == [
        SENTENCES[0],
        SENTENCES[3],
    ]


def is_told(sentence: str) -> Callable[[Any], bool]:
    """Whether it is the answer to where the person is: at this sentence."""

    def answers(response: Any) -> bool:
        told = response.request
        return told.url.endswith("/place") and told.post_data_json["at"] == prompt_key(sentence)

    return answers


def restart(window: Window) -> None:
    assert window.form.close() == 0
    window.form.start()
    window.enter()
    window.go("/record/reading-berta")


def test_a_take_that_the_launcher_did_not_get_is_kept_by_the_page_and_sent_again(
    reader: Window,
) -> None:
    page = begin(reader, "reading-clara")
    switch_on(page)
    page.route("**/takes/*", lambda route: route.abort())
    take(page)
    expect(page.get_by_text("The launcher did not answer.")).to_be_visible()
    page.keyboard.press("ArrowRight")
    expect(page.locator(".rec-text")).to_have_text(SENTENCES[0])
    page.unroute("**/takes/*")
    page.get_by_role("button", name="Send it again").click()
    expect(page.get_by_text("1 of 200 recorded")).to_be_visible()
    assert [line.text for line in read_lines(folder_of(reader, "reading-clara"))] == [SENTENCES[0]]


def test_leaving_the_page_while_a_take_is_read_asks_first(reader: Window) -> None:
    page = begin(reader, "reading-emma")
    switch_on(page)
    page.keyboard.press("Space")
    expect(page.locator(".badge-bad")).to_be_visible()
    asks_to_stay(page)
    end_take(page, 1.5)
    page.reload()  # it is kept: now nobody is asked
    ready(page)
    assert len(read_lines(folder_of(reader, "reading-emma"))) == 1


def test_too_loud_and_silent_are_said_at_once(reader: Window) -> None:
    page = begin(reader, "reading-dora")
    page.evaluate(A_TONE, 4)
    switch_on(page)
    expect(page.get_by_text("Too loud: the sound is cut off.")).to_be_visible()
    take(page)
    expect(page.get_by_text(re.compile(r"Too loud: cut off in \d+ places"))).to_be_visible()
    assert len(read_lines(folder_of(reader, "reading-dora"))) == 1
    page.reload()
    ready(page)
    page.evaluate(A_TONE, 0.02)
    switch_on(page)
    expect(page.get_by_text(re.compile("Noise: -[0-9]+ dB"))).to_be_visible()
    page.reload()
    ready(page)
    page.evaluate(A_TONE, 0)
    switch_on(page)
    page.keyboard.press("Space")
    expect(page.get_by_text("Nothing is heard.")).to_be_visible()
    page.keyboard.press("Space")
    expect(page.get_by_text("Not kept")).to_be_visible()
    expect(page.get_by_text("Nothing was heard.")).to_be_visible()


@pytest.mark.parametrize(
    ("script", "told", "said"),
    [
        (REFUSES, "NotReadableError", "Another program may be using it"),
        (REFUSES, "NotFoundError", "No microphone was found."),
        (REFUSES, "OddError", "could not be started (OddError)"),
        (INSECURE, None, "Open this page by 127.0.0.1 or https"),
    ],
)
def test_why_there_is_no_microphone_is_said_and_what_to_do(
    reader: Window, script: str, told: str | None, said: str
) -> None:
    page = begin(reader, f"elsa-{told or 'insecure'}")
    page.evaluate(script, told)
    page.keyboard.press("Space")
    expect(page.get_by_text(said)).to_be_visible()


def test_a_microphone_that_is_not_allowed_or_not_there_is_said_by_the_browser_itself(
    listening: Any, window: Window
) -> None:
    context = listening.new_context()
    refused = Window(context, window.form)
    refused.enter()
    page = begin(refused, "frida")
    page.keyboard.press("Space")
    expect(page.get_by_text("The microphone was not allowed.")).to_be_visible()
    context.close()
    page = begin(window, "gerda")
    page.keyboard.press("Space")
    expect(page.get_by_text("No microphone was found.")).to_be_visible()


def test_processing_that_the_browser_keeps_on_or_does_not_tell_of_is_said(reader: Window) -> None:
    page = begin(reader, "hanna")
    page.evaluate(DISOBEYS, {"autoGainControl": True, "sampleRate": 16_000})
    switch_on(page)
    expect(page.get_by_text("keeps automatic gain switched on")).to_be_visible()
    expect(page.get_by_text("gives only 16,000 Hz")).to_be_visible()
    page.reload()
    ready(page)
    page.evaluate(DISOBEYS.replace("...settings", "noiseSuppression: undefined"))
    switch_on(page)
    expect(page.get_by_text("does not tell whether noise suppression is off")).to_be_visible()


def test_the_page_with_a_take_is_for_everyone(reader: Window, axe: str) -> None:
    begin(reader, "ida")

    def kept(page: Any) -> None:
        switch_on(page)
        take(page, 1.0)

    assert look(reader, axe, PageState("record-kept", "/record/ida", kept)) == []
