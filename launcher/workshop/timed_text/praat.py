"""Praat's TextGrid, long and short: both are the same values in the same order, with or without their names."""

from __future__ import annotations

import re
from collections.abc import Iterator

from launcher.workshop.timed_text.clock import ended_by_the_next
from launcher.workshop.timed_text.cue import Piece, Tier, TimedTextFault

_VALUE = re.compile(
    r'"((?:[^"]|"")*)"|<(exists|absent)>|(?<![\w\[.])(-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)(?![\w\]:.])'
)


def read_textgrid(text: str) -> list[Tier]:
    """Tiers in the file's order. A point tier's texts last until the next point."""
    values = _values(text)
    try:
        for _ in range(2):  # "ooTextFile", "TextGrid"
            next(values)
        next(values), next(values), next(values)  # from, to, whether there are tiers
        return [_tier(values) for _ in range(int(_number(next(values))))]
    except (StopIteration, RuntimeError, ValueError) as exc:
        raise TimedTextFault("is a TextGrid that breaks off or is damaged") from exc


def _values(text: str) -> Iterator[str]:
    """Strings with their quotes, numbers and flags; names, brackets and comments of the long form fall away."""
    for found in _VALUE.finditer(re.sub(r"\[\d*\]\s*:?", " ", _without_comments(text))):
        said, flag, number = found.groups()
        yield f'"{said.replace(chr(34) * 2, chr(34))}' if said is not None else flag or number


def _without_comments(text: str) -> str:
    return "\n".join(line for line in text.split("\n") if not line.lstrip().startswith("!"))


def _number(value: str) -> float:
    return float(value)


def _string(value: str) -> str:
    if not value.startswith('"'):
        raise ValueError(value)
    return value[1:]


def _tier(values: Iterator[str]) -> Tier:
    kind, name = _string(next(values)), _string(next(values))
    next(values), next(values)  # from, to
    count = int(_number(next(values)))
    pieces = []
    for _ in range(count):
        start = _number(next(values))
        end = _number(next(values)) if kind == "IntervalTier" else start
        pieces.append(Piece(start, end, tuple(_string(next(values)).split("\n"))))
    return Tier(name, pieces if kind == "IntervalTier" else ended_by_the_next(pieces))
