"""The outline of a clip's sound, for a picture of it: lowest and highest sample of each stretch. Needs `audio`."""

from __future__ import annotations

import importlib
from functools import lru_cache
from pathlib import Path
from typing import Any

from launcher.errors import InvalidRequest
from launcher.workshop.editing.sound import read_sound

STRETCHES = 800
"""As many as a wide screen shows; two bytes each."""
CLIPS_KEPT = 512


def peaks(path: Path) -> bytes:
    """`STRETCHES` pairs of signed bytes, low and high, -127 to 127; fewer for a very short clip.

    Kept in memory for the files as they are. InvalidRequest when the file cannot be decoded, NotConfigured without
    the extra.
    """
    try:
        found = path.stat()
    except OSError as exc:
        raise InvalidRequest(
            f"There is no sound {path.name}.", hint="Leave the clip out, or put its file back."
        ) from exc
    return _peaks(path, found.st_mtime_ns, found.st_size)


@lru_cache(maxsize=CLIPS_KEPT)
def _peaks(path: Path, changed_ns: int, size_bytes: int) -> bytes:
    frames = read_sound(path).frames
    numpy = importlib.import_module("numpy")
    if not len(frames):
        return b""
    mono = frames.astype("float32").mean(axis=1) / _full_scale(numpy, frames.dtype)
    count = min(STRETCHES, len(mono))
    begins = numpy.linspace(0, len(mono), count, endpoint=False).astype("int64")
    low = numpy.minimum.reduceat(mono, begins)
    high = numpy.maximum.reduceat(mono, begins)
    pairs = numpy.stack([low, high], axis=1)
    scaled: bytes = numpy.rint(numpy.clip(pairs, -1, 1) * 127).astype("int8").tobytes()
    return scaled


def _full_scale(numpy: Any, kind: Any) -> float:
    return float(numpy.iinfo(kind).max) if kind.kind == "i" else 1.0
