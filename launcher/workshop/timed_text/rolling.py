"""Captions that repeat what they showed before: of each cue only what it adds, once."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from launcher.workshop.timed_text.clock import seconds_of
from launcher.workshop.timed_text.cue import Piece, Word
from launcher.workshop.timed_text.spoken import plain_line
from launcher.workshop.timed_text.timed_words import cues_of_words

LEAST_SHARE_OF_ROLLING = 0.2
"""Of all pairs of neighbours; a speaker who says the same line again and more is far rarer."""
_LEAST_WORDS_OF_EVIDENCE = 2
_STAMP = re.compile(r"<((?:\d+:)?\d+:\d+\.\d+)>")
_SECONDS_A_CHARACTER, _SECONDS_A_WORD = 0.09, 0.12
"""How long a word lasts whose end nobody wrote down; only to tell pauses by."""


@dataclass(frozen=True)
class Unrolled:
    """`repeats` counts lines that were shown again."""

    pieces: list[Piece]
    repeats: int


def each_once(pieces: Sequence[Piece]) -> Unrolled:
    """All as it is, unless many cues begin with what the one before ended with."""
    spoken = [each for each in pieces if any(plain_line(line) for line in each.lines)]
    shown = [
        [words for line in each.lines if (words := plain_line(line).split())] for each in spoken
    ]
    strong = sum(_grows(one, other) for one, other in pairwise(shown))
    if not strong or strong < LEAST_SHARE_OF_ROLLING * (len(shown) - 1):
        return Unrolled(_by_stamps(list(pieces)), 0)
    added: list[Piece] = []
    repeats = 0
    before: list[list[str]] = []
    for piece, lines in zip(spoken, shown, strict=True):
        repeated = _repeated_words(before, lines)
        repeats += bool(repeated)
        if rest := _after(piece, lines, repeated):
            added.append(replace(piece, lines=rest))
        before = lines
    return Unrolled(_by_words(_by_stamps(added)), repeats)


def _grows(before: list[list[str]], now: list[list[str]]) -> bool:
    repeated = _repeated_words(before, now)
    return _LEAST_WORDS_OF_EVIDENCE <= repeated < sum(map(len, now))


def _repeated_words(before: list[list[str]], now: list[list[str]]) -> int:
    """How many words at the beginning are those from the start of a line to the end of the cue before."""
    words = [word for line in now for word in line]
    tail: list[str] = []
    most = 0
    for line in reversed(before):
        tail = line + tail
        if words[: len(tail)] == tail:
            most = len(tail)
    return most


def _after(piece: Piece, lines: list[list[str]], repeated: int) -> tuple[str, ...]:
    """The lines after so many words; with their markup where a whole line is left."""
    raw = [line for line in piece.lines if plain_line(line)]
    rest: list[str] = []
    for line, words in zip(raw, lines, strict=True):
        if repeated >= len(words):
            repeated -= len(words)
            continue
        rest.append(" ".join(words[repeated:]) if repeated else line)
        repeated = 0
    return tuple(rest)


def _by_stamps(pieces: list[Piece]) -> list[Piece]:
    """Where most cues say when each word begins, cues are made of the words, which know of pauses."""
    stamped = sum(any(_STAMP.search(line) for line in each.lines) for each in pieces)
    if stamped * 2 <= len(pieces):
        return pieces
    return cues_of_words([word for each in pieces for word in _stamped_words(each)])


def _stamped_words(piece: Piece) -> list[Word]:
    parts = _STAMP.split(" ".join(piece.lines))
    starts = [piece.start, *(seconds_of(each) or piece.start for each in parts[1::2])]
    said = [plain_line(each) for each in parts[0::2]]
    ends = [*starts[1:], piece.end]
    return [
        Word(start, min(end, start + _lasting(text)), text, piece.speaker)
        for start, end, text in zip(starts, ends, said, strict=True)
        if text
    ]


def _lasting(text: str) -> float:
    return _SECONDS_A_WORD + _SECONDS_A_CHARACTER * len(text)


def _by_words(pieces: list[Piece]) -> list[Piece]:
    """Captions that grow word by word are words."""
    counts = [sum(len(plain_line(line).split()) for line in each.lines) for each in pieces]
    if not counts or sum(counts) > 2 * len(counts):
        return pieces
    return cues_of_words(
        [
            Word(each.start, each.end, " ".join(map(plain_line, each.lines)), each.speaker)
            for each in pieces
        ]
    )
