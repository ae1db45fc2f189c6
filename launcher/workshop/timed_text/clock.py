"""Times as programs write them, to seconds."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from launcher.workshop.timed_text.cue import Piece

_CLOCK = re.compile(r"(?:(?:(\d+):)?(\d+):)?(\d+)(?:[.,](\d+))?")
_UNITS = {"": 1.0, "s": 1.0, "ms": 1e-3, "m": 60.0, "h": 3600.0}
_OFFSET = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h)?")
USUAL_CHARACTERS_PER_SECOND = 14.0
SLOWEST_CHARACTERS_PER_SECOND = 0.1
"""A word in ten seconds of music is seconds all the same; a thousandth of a usual pace is a tenth of this."""
_STEPS = (1.0, 1e-3, 1e-6, 1e-7, 1e-9)
"""Seconds, milliseconds, microseconds, ticks of 100 ns and nanoseconds."""


def seconds_of(value: object) -> float | None:
    """Seconds of a number, of "1.5s", "1500ms", "0:01,500" or "00:00:01.500"; None for anything else."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        return float(value) if math.isfinite(value) else None
    text = str(value).strip()
    is_negative = text.startswith("-")
    text = text.lstrip("-+")
    if offset := _OFFSET.fullmatch(text):
        seconds = float(offset.group(1)) * _UNITS[offset.group(2) or ""]
    elif clock := _CLOCK.fullmatch(text):
        hours, minutes, whole, fraction = clock.groups()
        seconds = (
            int(hours or 0) * 3600 + int(minutes or 0) * 60 + float(f"{whole}.{fraction or 0}")
        )
    else:
        return None
    return -seconds if is_negative else seconds


def in_seconds(pieces: Sequence[Piece]) -> list[Piece]:
    """Pieces whose unit is not known: of all units the one in which people speak at a human pace."""
    characters = sum(len("".join(each.lines)) for each in pieces)
    length = sum(max(0.0, each.end - each.start) for each in pieces)
    if not characters or not length:
        return list(pieces)
    pace = characters / length
    if pace >= SLOWEST_CHARACTERS_PER_SECOND:
        return list(pieces)
    unit = min(_STEPS, key=lambda step: abs(math.log(pace / step / USUAL_CHARACTERS_PER_SECOND)))
    return [replace(each, start=each.start * unit, end=each.end * unit) for each in pieces]


def ended_by_the_next(pieces: Sequence[Piece], last_seconds: float = 5.0) -> list[Piece]:
    """Pieces that only begin: each lasts until the next; nobody knows how long the last one is."""
    ordered = sorted(pieces, key=lambda each: each.start)
    ended = [
        replace(one, end=other.start) if one.end <= one.start else one
        for one, other in pairwise(ordered)
    ]
    if ordered:
        last = ordered[-1]
        is_open = last.end <= last.start
        ended.append(replace(last, end=last.start + last_seconds) if is_open else last)
    return ended
