"""What a reader of one form hands on, and what comes out in the end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class TimedTextFault(ValueError):
    """The file cannot be read as what it is; the message ends a sentence that begins with its name."""


@dataclass(frozen=True)
class Cue:
    """What is said from `start` to `end`, in seconds of the recording.

    An empty `text` means that somebody speaks there and nobody wrote down all of it.
    """

    start: float
    end: float
    text: str
    speaker: str | None = None


@dataclass(frozen=True)
class Piece:
    """A cue as the file has it: lines with their markup."""

    start: float
    end: float
    lines: tuple[str, ...]
    speaker: str | None = None


@dataclass(frozen=True)
class Word:
    """A word of a recogniser; `text` may begin with a blank or end with a full stop."""

    start: float
    end: float
    text: str
    speaker: str | None = None


@dataclass(frozen=True)
class Tier:
    """Cues of one row of an annotation program; `parent` is the row whose times it uses."""

    name: str
    pieces: Sequence[Piece]
    parent: str | None = None
    speaker: str | None = None
