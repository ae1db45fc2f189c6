"""A Piper voice that speaks the clips: any speaker of it; what is no voice is told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import soundfile

from pod_image.recipes.distil.piper_teacher import PiperTeacher, speaker_id
from pod_image.recipes.distil.sentences import distinct
from pod_image.recipes.distil.teacher import Spoken, clip_name
from pod_image.recipes.piper.recipe_error import RecipeError
from tests.kit.tiny_voice import RATE_HZ, tiny_voice

SENTENCES = distinct(["Good morning.", "It may rain by noon, but not before."])
SEVERAL = {"num_speakers": 3, "speaker_id_map": {"anna": 2, "bob": 0, "cleo": 1}}


@pytest.fixture
def voice(tmp_path: Path) -> Path:
    for name, content in tiny_voice().items():
        (tmp_path / name).write_bytes(content)
    return next(tmp_path.glob("*.onnx"))


def test_each_sentence_is_a_clip_at_the_voice_s_rate(voice: Path, tmp_path: Path) -> None:
    teacher = PiperTeacher(voice)
    assert list(teacher.speak(SENTENCES, tmp_path)) == [Spoken(each) for each in SENTENCES]
    lengths = []
    for each in SENTENCES:
        found = soundfile.info(tmp_path / clip_name(each))
        assert (found.samplerate, found.channels, found.subtype) == (RATE_HZ, 1, "PCM_16")
        lengths.append(found.frames)
    assert lengths[1] > 2 * lengths[0] > 0
    assert teacher.language == "en_US"


def test_a_speaker_is_named_or_numbered() -> None:
    assert speaker_id(SEVERAL, "anna") == 2
    assert speaker_id(SEVERAL, "1") == 1
    assert speaker_id(SEVERAL, "") == 0
    assert speaker_id({"num_speakers": 1}, "") is None
    assert speaker_id({"num_speakers": 1}, "0") is None


@pytest.mark.parametrize(
    ("described", "speaker", "there"),
    [
        (SEVERAL, "dora", "It has anna, bob, cleo."),
        (SEVERAL, "3", "It has anna, bob, cleo."),
        ({"num_speakers": 2}, "5", "It has numbers from 0 to 1."),
        ({}, "1", "It has numbers from 0 to 0."),
    ],
)
def test_a_speaker_that_is_not_there_is_told_with_those_that_are(
    described: dict[str, object], speaker: str, there: str
) -> None:
    with pytest.raises(RecipeError, match="has no speaker") as refused:
        speaker_id(described, speaker)
    assert refused.value.hint == there


def refusal(voice: Path) -> str:
    with pytest.raises(RecipeError) as refused:
        PiperTeacher(voice)
    return str(refused.value.message)


def test_what_is_no_voice_is_told(voice: Path) -> None:
    description = voice.with_name(f"{voice.name}.json")
    whole = description.read_bytes()
    voice.write_bytes(b"no network")
    assert "it cannot be loaded" in refusal(voice)
    description.write_text(json.dumps([1]))
    assert "its JSON does not describe a voice" in refusal(voice)
    description.write_bytes(whole[:50])
    assert "its JSON cannot be read" in refusal(voice)
    description.unlink()
    assert "its JSON cannot be read" in refusal(voice)
