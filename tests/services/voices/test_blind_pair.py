"""Two sounds of a blind test are alike in loudness, and what is no sound of a sentence is refused."""

from __future__ import annotations

import wave
from array import array
from pathlib import Path

import pytest

from launcher.errors import InvalidRequest
from launcher.services.voices.blind_pair import PEAK, loudness, make_alike, read_sound


def sound(
    path: Path, height: float, *, rate_hz: int = 16_000, seconds: float = 0.5, channels: int = 1
) -> Path:
    """A square wave as high as that share of full scale."""
    high = round(height * 32767)
    values = array(
        "h", [high if place // 40 % 2 else -high for place in range(round(seconds * rate_hz))]
    )
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        file.writeframes(values.tobytes() * channels)
    return path


@pytest.mark.parametrize("heights", [(0.02, 0.9), (0.9, 0.02), (0.5, 0.5)])
def test_both_come_out_equally_loud_and_unclipped(
    tmp_path: Path, heights: tuple[float, float]
) -> None:
    first, second = (sound(tmp_path / f"{n}.wav", h) for n, h in enumerate(heights))
    into = tmp_path / "a.wav", tmp_path / "b.wav"
    assert make_alike(first, second, into) == (0.5, 0.5)
    made = [read_sound(path) for path in into]
    assert loudness(made[0]) == pytest.approx(loudness(made[1]), rel=0.01)
    assert all(max(map(abs, one.values)) <= PEAK * 32768 for one in made)


def test_what_is_no_recording_of_a_sentence_is_refused(tmp_path: Path) -> None:
    broken = tmp_path / "broken.wav"
    broken.write_bytes(b"RIFF no sound")
    silent, long = sound(tmp_path / "s.wav", 0.0), sound(tmp_path / "l.wav", 0.1, seconds=61.0)
    stereo = sound(tmp_path / "t.wav", 0.1, channels=2)
    for path, why in ((broken, "cannot be read"), (silent, "There is nothing to hear"),
                      (long, "the length of a sentence"), (stereo, "not a recording in the form")):  # fmt: skip
        with pytest.raises(InvalidRequest, match=why):
            read_sound(path)
    with pytest.raises(InvalidRequest, match="cannot be read"):
        read_sound(tmp_path / "none.wav")
