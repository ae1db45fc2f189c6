"""The steps for other programs say what holds for this very voice, and nothing in them runs what its name holds."""

from __future__ import annotations

import shlex
from dataclasses import replace

import pytest

from launcher.services.voices.programs import how_to, programs
from launcher.services.voices.voice_description import DescribedVoice
from pod_image.contract.phoneme_types import PhonemeType

ANNA = DescribedVoice(
    stem="en_US-anna-medium",
    language="en_US",
    english_name="English",
    espeak_voice="en-us",
    sample_rate_hz=22_050,
    speaker_count=1,
    speakers={},
    phoneme_type="espeak",
    tokens={},
)


def steps(described: DescribedVoice, key: str) -> str:
    (program,) = [one for one in programs(described) if one.key == key]
    return "\n".join(f"{step.text}\n{step.command}" for step in program.steps)


def test_each_program_says_which_files_it_needs() -> None:
    needs = {program.key: program.files for program in programs(ANNA)}
    both = "en_US-anna-medium.onnx and en_US-anna-medium.onnx.json"
    assert needs == {
        "home-assistant": both,
        "piper": both,
        "sherpa-onnx": "en_US-anna-medium.onnx and tokens.txt",
    }


def test_home_assistant_is_told_under_which_language_the_voice_is_listed() -> None:
    said = steps(ANNA, "home-assistant")
    assert "/share/piper" in said
    assert "Piper, English (en_US), en_US-anna-medium" in said
    assert "speaker" not in said


def test_speakers_are_named_by_the_numbers_that_each_program_takes() -> None:
    several = replace(ANNA, speaker_count=2, speakers={"anna": 0, "bob": 1})
    options = {"home-assistant": "“speaker”", "piper": "--speaker 0", "sherpa-onnx": "--sid=0"}
    for key, option in options.items():
        assert option in steps(several, key)
        assert "0 is anna, 1 is bob" in steps(several, key)
    unnamed = replace(ANNA, speaker_count=904)
    assert "0 to 903" in steps(unnamed, "piper")


def test_version_2_of_sherpa_onnx_reads_english_by_a_list_and_other_languages_not_at_all() -> None:
    assert "--vits-lexicon=lexicon-en-us.txt" in steps(ANNA, "sherpa-onnx")
    german = replace(ANNA, language="de_DE", english_name="German", espeak_voice="de")
    assert "lexicon-en-us" not in steps(german, "sherpa-onnx")
    assert "stay with version 1" in steps(german, "sherpa-onnx")


@pytest.mark.parametrize(
    ("kind", "package"),
    [(PhonemeType.JAPANESE, "'piper-tts[ja]'"), (PhonemeType.TEXT, "piper-tts")],
)
def test_a_voice_that_espeak_does_not_read_needs_what_it_needs(
    kind: PhonemeType, package: str
) -> None:
    voice = replace(ANNA, phoneme_type=kind.value)
    assert f"pip install {package}" in steps(voice, "piper")
    assert "only with espeak-ng" in steps(voice, "sherpa-onnx")
    assert "sherpa-onnx-offline-tts" not in steps(voice, "sherpa-onnx")


def test_a_voice_s_name_is_one_word_of_every_command() -> None:
    hostile = replace(ANNA, stem="a b; touch $(owned)")
    for program in programs(hostile):
        for step in program.steps:
            words = shlex.split(step.command)
            assert not step.command or "$(owned)" not in words
            assert "touch" not in words
    assert "touch" in how_to(hostile)
