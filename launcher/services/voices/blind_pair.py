"""Two recordings of one sentence made alike in all but who speaks, so that a listener cannot tell them by loudness.

Plain arithmetic on sixteen-bit sound: the recordings came from a pod, and are read as numbers alone.
"""

from __future__ import annotations

import sys
import wave
from array import array
from dataclasses import dataclass
from math import sqrt
from pathlib import Path

from launcher.errors import InvalidRequest
from pod_image.contract.whole_file import replacing

LONGEST_SECONDS = 60.0
MOST_BYTES = 16 << 20
LOUDNESS = 0.1
"""Root mean square of full scale: that of a voice at usual distance."""
PEAK = 0.95
_BYTES = 2


@dataclass(frozen=True)
class Sound:
    """Mono, sixteen-bit."""

    values: array[int]
    rate_hz: int

    @property
    def seconds(self) -> float:
        return len(self.values) / self.rate_hz


def make_alike(recording: Path, spoken: Path, into: tuple[Path, Path]) -> tuple[float, float]:
    """Write both at one loudness, in their order; the seconds of each. Raises InvalidRequest. Blocking."""
    sounds = [read_sound(path) for path in (recording, spoken)]
    # Both come as loud as the one with the higher peaks can be.
    wanted = min(LOUDNESS, *(_loudest(sound) for sound in sounds))
    for sound, path in zip(sounds, into, strict=True):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write(path, _at(sound, wanted))
    return sounds[0].seconds, sounds[1].seconds


def read_sound(path: Path) -> Sound:
    """Raises InvalidRequest for what is not such a sound, or is far longer than a sentence."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise InvalidRequest(f"{path.name} is too large to be a sentence.")
        with wave.open(str(path), "rb") as file:
            kind = file.getnchannels(), file.getsampwidth()
            rate_hz, frames = file.getframerate(), file.getnframes()
            if kind != (1, _BYTES) or not 1_000 <= rate_hz <= 200_000:
                raise InvalidRequest(
                    f"{path.name} is not a recording in the form that our runs deliver."
                )
            if not 0 < frames <= LONGEST_SECONDS * rate_hz:
                raise InvalidRequest(f"{path.name} does not have the length of a sentence.")
            content = file.readframes(frames)
    except (OSError, EOFError, wave.Error, ValueError) as exc:
        raise InvalidRequest(f"{path.name} cannot be read as a recording.") from exc
    values = array("h")
    values.frombytes(content[: len(content) // _BYTES * _BYTES])
    if sys.byteorder == "big":
        values.byteswap()
    if not values or not any(values):
        raise InvalidRequest(f"There is nothing to hear in {path.name}.")
    return Sound(values, rate_hz)


def loudness(sound: Sound) -> float:
    """Root mean square, of full scale."""
    return sqrt(sum(value * value for value in sound.values) / len(sound.values)) / 32768


def _loudest(sound: Sound) -> float:
    """How loud it is once its highest peak is as high as it may be."""
    peak = max(abs(value) for value in sound.values) / 32768
    return loudness(sound) * PEAK / peak


def _at(sound: Sound, wanted: float) -> Sound:
    gain = wanted / loudness(sound)
    return Sound(
        array("h", (max(-32767, min(32767, round(v * gain))) for v in sound.values)), sound.rate_hz
    )


def _write(path: Path, sound: Sound) -> None:
    values = array("h", sound.values)
    if sys.byteorder == "big":
        values.byteswap()
    with replacing(path, is_shared=True) as part, wave.open(str(part), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(_BYTES)
        out.setframerate(sound.rate_hz)
        out.writeframes(values.tobytes())
