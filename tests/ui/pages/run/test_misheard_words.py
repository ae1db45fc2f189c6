"""Misheard words: on a click alone, kept for good, shown beside each sample and each checkpoint."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from nicegui import ElementFilter
from nicegui.testing import User

from launcher.domain.run import RunState
from launcher.services.transcripts import Listening
from launcher.ui.pages.run import misheard_words
from launcher.ui.widgets.elements import Button
from launcher.ui.widgets.plot import Plot
from launcher.workshop.transcribing.transcribe import Tell
from pod_image.contract.outcomes import EndReason
from pod_image.contract.scores import WORD_ERROR_RATE
from pod_image.hearing.recogniser import HeardText, Recogniser, Sound
from tests.browser.pods import tone
from tests.kit.clocks import NOW
from tests.kit.page_verbs import click, only, press, until, visit
from tests.kit.recognisers import TableRecogniser
from tests.kit.runs import event, run
from tests.ui.conftest import Ground, place

NONCE = run().nonce
SENTENCES = ("The boat is in.", "We sail at noon.")
ENDED = {"state": RunState.ENDED, "end_reason": EndReason.FINISHED, "ended_at": NOW}
SETTINGS = '{"recipe": "piper", "language": "en_GB"}'
HEARD = {
    (100, 0): "The vote is in",
    (100, 1): "We sail at noon",
    (200, 0): "The boat is in",
    (200, 1): "We sail at noon",
}
"""By step and sentence: what the recogniser takes it for."""


def seconds_of(step: int, number: int) -> float:
    """Each sound is of its own length, by which the recogniser knows it."""
    return 0.6 + step / 1_000 + number / 100


class Heard:
    def __init__(self, ground: Ground, **changes: object) -> None:
        self.ground, self.asked = ground, list[Listening]()
        said = {round(16_000 * seconds_of(*key)): text for key, text in HEARD.items()}
        self.recogniser = TableRecogniser(said)
        self.run = place(ground, settings_json=SETTINGS, results_repo="demo/voice", **changes)
        self._seq = 0
        for step in (100, 200):
            self.more(*SENTENCES, step=step)
        ground.site.load_recogniser = self.load

    def more(self, *texts: str, step: int) -> None:
        """A checkpoint and its samples, delivered."""
        self._take("checkpoint", step=step, path=f"step-{step}.ckpt", size_bytes=1)
        files = dict[str, bytes | Path]()
        for number, text in enumerate(texts):
            path = f"samples/step-{step:08}/{number}.wav"
            files[f"run-01/{path}"] = tone(seconds=seconds_of(step, number))
            self._take("sample", step=step, path=path, text=text)
        listed = [{"path": path, "size_bytes": 1, "sha256": "0" * 64} for path in files]
        self._take("upload", commit="abc", files=listed)
        self.ground.push_results(files, "demo/voice")

    def _take(self, kind: str, **told: object) -> None:
        self._seq += 1
        self.ground.site.live.view(self.run).take(event(kind, self._seq, **told))

    def load(self, how: Listening, tell: Tell) -> Recogniser:
        self.asked.append(how)
        return self.recogniser


@pytest.fixture
def heard(ground: Ground) -> Heard:
    return Heard(ground)


async def listen(user: User) -> None:
    press(user, only(user, Button, "hear-samples"))
    await user.should_see("misheard in 4 samples (model base).", retries=300)
    await until(lambda: not under_way(user))


def under_way(user: User) -> bool:
    with user:
        return bool(list(ElementFilter(marker="stop-hearing-samples")))


async def test_a_click_shows_below_each_sample_what_was_misheard(
    holder: User, heard: Heard
) -> None:
    await visit(holder, f"/runs/{NONCE}?tab=samples")
    await holder.should_not_see("misheard:")
    assert not heard.asked
    await listen(holder)
    await holder.should_see("1 of 4 words misheard: “boat” heard as “vote”")
    await holder.should_see("Every word heard")
    await holder.should_see("1 of 16 words misheard in 4 samples (model base).")
    assert heard.recogniser.languages == ["en_GB"] * 4


async def test_what_was_heard_is_kept_and_only_what_is_new_is_listened_to(
    holder: User, ground: Ground, heard: Heard
) -> None:
    await visit(holder, f"/runs/{NONCE}?tab=samples")
    await listen(holder)
    assert only(holder, Button, "hear-samples").locked
    ground.site.heard_samples = type(ground.site.heard_samples)(
        ground.site.config.data_folder / "heard"
    )  # as after a restart
    await visit(holder, f"/runs/{NONCE}?tab=samples")
    await holder.should_see("“boat” heard as “vote”")
    assert only(holder, Button, "hear-samples").locked
    heard.more("We are there.", step=300)
    await holder.should_see("1 sample not heard yet.", retries=300)
    press(holder, only(holder, Button, "hear-samples"))
    await holder.should_see("misheard in 5 samples", retries=300)
    assert len(heard.recogniser.heard) == 5


async def test_the_checkpoints_show_the_share_and_the_one_with_the_fewest_is_marked(
    holder: User, heard: Heard
) -> None:
    await visit(holder, f"/runs/{NONCE}?tab=samples")
    await listen(holder)
    await visit(holder, f"/runs/{NONCE}")
    await holder.should_see("12.5 %")
    await holder.should_see("fewest misheard words")
    await holder.should_see("1 of 4 words misheard")  # beside the newest samples, too
    assert WORD_ERROR_RATE in [line.key for line in only(holder, Plot, "curves").lines]


async def test_nothing_is_listened_to_without_a_click_and_no_score_is_shown(
    holder: User, heard: Heard
) -> None:
    await visit(holder, f"/runs/{NONCE}")
    await holder.should_not_see("Misheard words")
    assert not heard.asked


async def test_without_the_extra_it_is_said_how_to_install_it(
    holder: User, ground: Ground, heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    ground.site.load_recogniser = None
    monkeypatch.setattr(misheard_words, "can_hear_here", lambda: False)
    await visit(holder, f"/runs/{NONCE}?tab=samples")
    await holder.should_see('pip install "pod-launcher[transcribe]"')
    await holder.should_not_see(marker="hear-samples")


async def test_what_was_heard_before_it_was_stopped_stays(holder: User, heard: Heard) -> None:
    first_is_heard, may_go_on = threading.Event(), threading.Event()

    class Slow(TableRecogniser):
        def hear(self, sound: Sound, language: str) -> HeardText:
            if self.heard:
                first_is_heard.set()
                may_go_on.wait(60)
            return super().hear(sound, language)

    heard.recogniser = Slow(heard.recogniser.said)
    await visit(holder, f"/runs/{NONCE}?tab=samples")
    press(holder, only(holder, Button, "hear-samples"))
    await until(first_is_heard.is_set)
    await until(lambda: bool(only(holder, Button, "hear-samples").locked))
    press(holder, only(holder, Button, "stop-hearing-samples"))
    may_go_on.set()
    await until(lambda: not under_way(holder))
    await holder.should_see("not heard yet.", retries=300)  # one more may have been under way
    await until(lambda: not only(holder, Button, "hear-samples").locked)


async def test_a_sample_that_is_no_recording_is_named_and_the_others_are_heard(
    holder: User, ground: Ground, heard: Heard
) -> None:
    path = "run-01/samples/step-00000100/0.wav"
    ground.push_results({path: b"RIFF, or so it says"}, "demo/voice")
    await visit(holder, f"/runs/{NONCE}?tab=samples")
    press(holder, only(holder, Button, "hear-samples"))
    await holder.should_see("1 sample could not be listened to", retries=300)
    await holder.should_see("0.wav cannot be read as a recording.")
    await holder.should_see("0 of 12 words misheard in 3 samples (model base).", retries=300)


async def test_without_a_token_for_a_private_repo_the_click_says_so(
    person: User, ground: Ground, heard: Heard
) -> None:
    ground.make_private("demo/voice")
    await visit(person, f"/runs/{NONCE}?tab=samples")
    press(person, only(person, Button, "hear-samples"))
    await person.should_see("Hugging Face", retries=300)
    assert not under_way(person)


async def test_a_run_that_makes_no_voice_has_no_such_card(holder: User, ground: Ground) -> None:
    one = place(ground, settings_json='{"recipe": "command"}')
    sample = {"step": 1, "path": "out/a.wav", "text": "Hello."}
    ground.site.live.view(one).take(event("sample", 1, **sample))
    await visit(holder, f"/runs/{NONCE}?tab=samples")
    await holder.should_not_see("Misheard words")


async def test_a_deleted_run_leaves_nothing_that_was_heard(
    holder: User, ground: Ground, heard: Heard
) -> None:
    ground.site.history.update(heard.run, **ENDED)
    ground.site.heard_samples.note(NONCE, "base", "en", {"1 a.wav": "hello"})
    await visit(holder, "/runs")
    holder.find(marker=f"delete-{NONCE}").click()
    click(holder, "Delete the record")
    await until(lambda: ground.site.history.by_nonce(NONCE) is None)
    assert not list((ground.site.config.data_folder / "heard").iterdir())
