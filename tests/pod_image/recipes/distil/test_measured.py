"""What is measured of a clip, on real sound: the demo's clips, and what is made of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from pod_image.recipes.distil.agreement import Drop, why_dropped
from pod_image.recipes.distil.measured import Ears, Measured, UnreadableClip, speech_in
from pod_image.recipes.distil.rows import Row
from tests.pod_image.recipes.distil.made_clips import (
    LIMITS,
    TEXTS,
    Change,
    recogniser,
    silence,
    write_demo_clip,
)

TEXT = TEXTS[0]


def measured(folder: Path, change: Change | None = None, text: str = TEXT) -> Measured:
    write_demo_clip(TEXT, folder / "clip.wav", change)
    return Ears(recogniser(), "en_US").measure(folder / "clip.wav", text)


def dropped(clip: Measured) -> Drop | None:
    return why_dropped(Row("a", TEXT, clip), LIMITS)


def test_a_clip_that_says_its_sentence_measures_as_one(tmp_path: Path) -> None:
    clip = measured(tmp_path)
    assert dropped(clip) is None
    assert 0 < clip.speech_seconds <= clip.seconds < 5
    assert clip.least_probability == 0.9
    assert clip.heard == TEXT
    assert clip.too_many == ""


def test_another_sentence_names_the_word_that_was_not_heard(tmp_path: Path) -> None:
    clip = measured(tmp_path, text=TEXTS[1])
    assert dropped(clip) is Drop.OTHER_WORDS
    assert clip.least_word in TEXTS[1]


def test_words_beside_the_sentence_are_named(tmp_path: Path) -> None:
    first, *rest = TEXT.split()
    clip = measured(tmp_path, text=" ".join(rest))
    assert clip.too_many == first.lower()
    assert clip.too_many_probability == 0.95


def louder(wave: Any, rate_hz: int) -> Any:
    return np.clip(wave / np.abs(wave).max() * 6, -1, 1)


def cut(wave: Any, rate_hz: int) -> Any:
    loudest = int(np.abs(wave).argmax())
    return wave[: loudest + 10]


def torn(wave: Any, rate_hz: int) -> Any:
    middle = len(wave) // 2
    return np.concatenate([wave[:middle], np.zeros(2 * rate_hz, "float32"), wave[middle:]])


@pytest.mark.parametrize(
    ("change", "why"),
    [(silence, Drop.SILENT), (louder, Drop.CLIPPED), (cut, Drop.CUT), (torn, Drop.PAUSE)],
)
def test_faults_of_the_sound_are_found_without_a_recogniser(
    tmp_path: Path, change: Change, why: Drop
) -> None:
    write_demo_clip(TEXT, tmp_path / "clip.wav", change)
    assert dropped(Ears(None, "en_US").measure(tmp_path / "clip.wav", TEXT)) is why


def test_a_silent_clip_is_not_given_to_the_recogniser(tmp_path: Path) -> None:
    ears = recogniser()
    write_demo_clip(TEXT, tmp_path / "clip.wav", silence)
    Ears(ears, "en_US").measure(tmp_path / "clip.wav", TEXT)
    assert ears.scored == ears.heard == []


def refusal(path: Path) -> str:
    with pytest.raises(UnreadableClip) as refused:
        Ears(None, "en").measure(path, TEXT)
    return str(refused.value)


def test_what_is_no_clip_is_said_in_words(tmp_path: Path) -> None:
    path = tmp_path / "clip.wav"
    path.write_bytes(b"RIFF not a sound")
    assert refusal(path) == "cannot be read as audio"
    soundfile.write(path, np.zeros(0), 22_050)
    assert refusal(path) == "is empty"
    soundfile.write(path, np.zeros(25 * 8_000), 8_000)
    assert refusal(path) == "lasts over 20 s"
    soundfile.write(path, np.full(8_000, np.nan, "float32"), 8_000, subtype="FLOAT")
    assert refusal(path) == "holds values that are not numbers"
    soundfile.write(path, np.zeros(4_000), 4_000)
    assert refusal(path) == "has a rate of 4000 Hz"


def test_the_longest_pause_is_between_words_and_not_at_the_ends() -> None:
    silent, spoken = [0.0] * 10, [0.9] * 5
    start, end, pause = speech_in([*silent, *spoken, *silent[:3], *spoken, *silent])
    assert start == pytest.approx(0.32)
    assert end == pytest.approx(0.736)
    assert pause == pytest.approx(0.096)
    assert speech_in(silent) == (0.0, 0.0, 0.0)
