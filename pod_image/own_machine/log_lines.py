"""A run's log, line by line, each with the place in the file behind it: there another reader goes on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_BLOCK_BYTES = 1 << 16
_LONGEST_BYTES = 1 << 20
"""A line that is longer is handed on in parts."""


@dataclass(frozen=True)
class PlacedLine:
    end: int
    text: str


def new_lines(log: Path, start: int, *, is_over: bool = False) -> Iterator[PlacedLine]:
    """Lines that are whole, from that place on; of a log that is over also the last one without its end."""
    try:
        file = log.open("rb")
    except OSError:
        return
    with file:
        file.seek(start)
        at = start
        while raw := file.readline(_LONGEST_BYTES):
            is_whole = raw.endswith(b"\n") or len(raw) == _LONGEST_BYTES
            if not is_whole and not is_over:
                return
            at += len(raw)
            yield PlacedLine(at, raw.decode("utf-8", "replace").rstrip("\r\n"))


def start_of_last(log: Path, lines: int) -> int:
    """Where the newest lines begin; 0 where there are no more than that."""
    try:
        with log.open("rb") as file:
            at = file.seek(0, 2)
            left = lines + 1
            while at > 0:
                size = min(_BLOCK_BYTES, at)
                at = file.seek(at - size)
                block = file.read(size)
                ends = block.count(b"\n")
                if ends < left:
                    left -= ends
                    continue
                place = len(block)
                for _ in range(left):
                    place = block.rfind(b"\n", 0, place)
                return at + place + 1
    except OSError:
        return 0
    return 0
