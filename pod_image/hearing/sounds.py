"""A recording as what recognisers take: mono floats at 16 kHz. Decoded by soundfile, never by the recogniser."""

from __future__ import annotations

import importlib
import io
from array import array
from pathlib import Path
from typing import Any, BinaryIO

from pod_image.hearing.recogniser import RATE_HZ, Sound

BLOCK_SECONDS = 30


class UnreadableSound(Exception):
    """The file holds no sound that can be decoded; a sentence without its subject."""


def load_sound(recording: Path | bytes) -> Sound:
    """The whole recording. UnreadableSound; ImportError without soundfile, soxr or numpy.

    Read in pieces: of four hours only the 16 kHz are ever in memory.
    """
    soundfile = importlib.import_module("soundfile")
    numpy = importlib.import_module("numpy")
    opened: Path | BinaryIO = io.BytesIO(recording) if isinstance(recording, bytes) else recording
    try:
        with soundfile.SoundFile(opened) as file:
            wave = _at_rate(numpy, file)
    except (OSError, RuntimeError, ValueError) as exc:  # soundfile's errors are RuntimeErrors
        raise UnreadableSound(f"cannot be decoded: {exc}".rstrip(".")) from exc
    if not numpy.isfinite(wave).all():
        raise UnreadableSound("holds values that are not numbers")
    return wave


def sound_of(values: array[int], rate_hz: int) -> Sound:
    """The same of sixteen-bit values, mono, that were read already. ImportError without soxr or numpy."""
    numpy = importlib.import_module("numpy")
    wave = numpy.frombuffer(values.tobytes(), dtype=numpy.int16).astype("float32") / 32_768.0
    if rate_hz == RATE_HZ:
        return wave
    soxr = importlib.import_module("soxr")
    return soxr.resample(wave, rate_hz, RATE_HZ, quality="HQ").astype("float32", copy=False)


def _at_rate(numpy: Any, file: Any) -> Sound:
    rate_hz = int(file.samplerate)
    blocks = (
        block.mean(axis=1)
        for block in file.blocks(BLOCK_SECONDS * rate_hz, dtype="float32", always_2d=True)
    )
    if rate_hz == RATE_HZ:
        pieces = list(blocks)
    else:
        soxr = importlib.import_module("soxr")
        stream = soxr.ResampleStream(rate_hz, RATE_HZ, 1, dtype="float32", quality="HQ")
        pieces = [stream.resample_chunk(block) for block in blocks]
        pieces.append(stream.resample_chunk(numpy.zeros(0, dtype="float32"), last=True))
    if not pieces:
        return numpy.zeros(0, dtype="float32")
    return numpy.concatenate(pieces).astype("float32", copy=False)
