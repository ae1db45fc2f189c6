"""SubRip, and whatever else writes start --> end before its lines."""

from __future__ import annotations

import re
from collections.abc import Sequence

from launcher.workshop.timed_text.clock import seconds_of
from launcher.workshop.timed_text.cue import Piece

_TIME = r"-?(?:\d{1,3}:)?\d{1,2}:\d{2}(?:[.,]\d{1,3})?"
TIMES = re.compile(rf"(?<![\d:])({_TIME})\s*-->\s*({_TIME})(?![\d:])")
_STAMPED = re.compile(rf"\s*\[({_TIME})\s*-->\s*({_TIME})\]\s*(.*)")


def read_srt(text_lines: Sequence[str]) -> list[Piece]:
    """Cues in the file's order. A blank line inside a cue belongs to it: what ends a cue is the next one's times."""
    starts = [number for number, line in enumerate(text_lines) if TIMES.search(line)]
    pieces = []
    for at, following in zip(starts, [*starts[1:], len(text_lines)], strict=False):
        if stamped := _STAMPED.fullmatch(text_lines[at]):
            first, last, said = stamped.groups()
            pieces.append(_piece(first, last, [said, *text_lines[at + 1 : following]]))
            continue
        times = TIMES.search(text_lines[at])
        assert times is not None
        lines = [line.strip() for line in text_lines[at + 1 : following]]
        if following < len(text_lines):
            lines = _without_number(lines)
        first, last = times.groups()
        pieces.append(_piece(first, last, lines))
    return pieces


def _piece(start: str, end: str, lines: Sequence[str]) -> Piece:
    kept = tuple(line.strip() for line in lines if line.strip())
    return Piece(seconds_of(start) or 0.0, seconds_of(end) or 0.0, kept)


def _without_number(lines: list[str]) -> list[str]:
    """Without the number of the next cue, also where no blank line parts them."""
    while lines and not lines[-1]:
        lines.pop()
    if lines and lines[-1].isdigit():
        lines.pop()
    return lines
