"""The sound of clips cut and joined, sample for sample and in the format it has. Needs the extra `audio`."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from launcher.errors import InvalidRequest, NotConfigured

LEAST_SECONDS = 0.1
"""Below that nothing is said in a clip."""
KEPT_ENDINGS = (".wav", ".flac")
"""Formats that lose nothing when they are written again; a clip in another one becomes FLAC."""
_SAMPLES = {"PCM_16": "int16", "PCM_24": "int32", "PCM_32": "int32", "DOUBLE": "float64"}
_FLAC_SUBTYPES = ("PCM_16", "PCM_24")


@dataclass(frozen=True)
class Sound:
    """Decoded sound: frames of one or more channels, and how they are stored."""

    frames: Any
    rate_hz: int
    subtype: str

    @property
    def seconds(self) -> float:
        return len(self.frames) / self.rate_hz

    @property
    def channels(self) -> int:
        return int(self.frames.shape[1])


def read_sound(path: Path) -> Sound:
    """The whole file. InvalidRequest when it is absent or cannot be decoded; NotConfigured without the extra."""
    soundfile = _audio("soundfile")
    try:
        with soundfile.SoundFile(path) as file:
            kind = _SAMPLES.get(file.subtype, "float32")
            frames = file.read(dtype=kind, always_2d=True)
            return Sound(frames, int(file.samplerate), str(file.subtype))
    except (OSError, RuntimeError, ValueError) as exc:  # soundfile's errors are RuntimeErrors
        if not path.is_file():
            raise InvalidRequest(
                f"There is no sound {path.name}.", hint="Leave the clip out, or put its file back."
            ) from exc
        raise InvalidRequest(
            f"{path.name} cannot be decoded, so it cannot be cut.",
            hint="Leave it out, or record it again.",
        ) from exc


def write_sound(path: Path, sound: Sound) -> None:
    """As WAV or FLAC, by the name. Raises OSError."""
    soundfile = _audio("soundfile")
    path.parent.mkdir(parents=True, exist_ok=True)
    is_flac = path.suffix.lower() == ".flac"
    subtype = sound.subtype
    if (is_flac and subtype not in _FLAC_SUBTYPES) or subtype not in soundfile.available_subtypes(
        "WAV"
    ):
        subtype = "PCM_16"
    try:
        kind = "FLAC" if is_flac else "WAV"
        soundfile.write(path, sound.frames, sound.rate_hz, format=kind, subtype=subtype)
    except RuntimeError as exc:
        raise OSError(5, f"the sound could not be written: {exc}", str(path)) from exc


def cut(sound: Sound, start: float, end: float) -> Sound:
    """From `start` to `end` in seconds. InvalidRequest when too little would be left."""
    first, last = _frame(sound, start), _frame(sound, end)
    if last - first < LEAST_SECONDS * sound.rate_hz:
        raise InvalidRequest(
            f"Less than {LEAST_SECONDS:g} s would be left.", hint="Keep more of the clip."
        )
    return Sound(sound.frames[first:last], sound.rate_hz, sound.subtype)


def joined(sounds: Sequence[Sound]) -> Sound:
    """One after the other. InvalidRequest when they differ in sample rate, channels or precision."""
    numpy = _audio("numpy")
    first = sounds[0]
    for other in sounds[1:]:
        if (other.rate_hz, other.channels) != (first.rate_hz, first.channels):
            raise InvalidRequest(
                f"A clip of {_form(first)} and one of {_form(other)} cannot be joined.",
                hint="Make them again at one sample rate.",
            )
        if other.subtype != first.subtype:
            raise InvalidRequest(
                f"A clip in {first.subtype} and one in {other.subtype} cannot be joined without loss.",
                hint="Make them again in one format.",
            )
    frames = numpy.concatenate([each.frames for each in sounds])
    return Sound(frames, first.rate_hz, first.subtype)


def kept_name(path: str) -> str:
    """The name under which a clip's new sound is written: its own where the format loses nothing."""
    stem, dot, ending = path.rpartition(".")
    return path if f".{ending.lower()}" in KEPT_ENDINGS else f"{stem if dot else path}.flac"


def _frame(sound: Sound, seconds: float) -> int:
    return min(len(sound.frames), max(0, round(seconds * sound.rate_hz)))


def _form(sound: Sound) -> str:
    channels = {1: "mono", 2: "stereo"}.get(sound.channels, f"{sound.channels} channels")
    return f"{sound.rate_hz:,} Hz {channels}"


def _audio(module: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError as exc:
        raise NotConfigured(
            f"Cutting clips needs {exc.name}, which is not installed.",
            hint="pip install 'pod-launcher[audio]'",
        ) from exc
