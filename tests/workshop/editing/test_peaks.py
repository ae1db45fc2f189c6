"""The outline of a clip shows its loudness where it is, and is reckoned once for a file as it is."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from launcher.errors import InvalidRequest
from launcher.workshop.editing import peaks as outline
from launcher.workshop.editing.peaks import STRETCHES, peaks
from launcher.workshop.editing.sound import Sound, read_sound


def pairs(path: Path) -> np.ndarray:
    return np.frombuffer(peaks(path), dtype="int8").reshape(-1, 2)


@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24", "FLOAT"])
def test_loud_and_silent_parts_are_where_they_are(subtype: str, tmp_path: Path) -> None:
    wave = np.concatenate([np.zeros(8_000), np.tile([0.5, -0.25], 4_000)])
    sf.write(tmp_path / "a.wav", wave, 16_000, subtype=subtype)
    found = pairs(tmp_path / "a.wav")
    assert len(found) == STRETCHES
    assert (found[: STRETCHES // 2] == 0).all()
    assert (np.abs(found[STRETCHES // 2 :] - [-32, 64]) <= 1).all()


def test_a_very_short_clip_has_as_many_as_it_has_samples(tmp_path: Path) -> None:
    sf.write(tmp_path / "a.wav", np.full(10, 0.5), 16_000)
    assert len(pairs(tmp_path / "a.wav")) == 10


def test_it_is_reckoned_once_and_anew_when_the_sound_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[Path] = []

    def counted(path: Path) -> Sound:
        read.append(path)
        return read_sound(path)

    monkeypatch.setattr(outline, "read_sound", counted)
    path = tmp_path / "a.wav"
    sf.write(path, np.zeros(1_000), 16_000)
    assert peaks(path) == peaks(path)
    assert len(read) == 1
    sf.write(path, np.full(1_000, 0.5), 16_000)
    os.utime(path, ns=(1, 1))
    assert (pairs(path) == 64).all()
    assert len(read) == 2


def test_what_is_absent_is_said(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match=r"There is no sound a\.wav"):
        peaks(tmp_path / "a.wav")
