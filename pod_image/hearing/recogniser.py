"""What a recogniser is: it hears a text in a sound, and says how well a given text fits it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

RATE_HZ = 16_000
Sound = Any
"""A numpy array of float32 in [-1, 1], mono at `RATE_HZ`; numpy is loaded where it is used."""


@dataclass(frozen=True)
class HeardWord:
    """One word as written, with its times in seconds and how sure the recogniser is of it, 0 to 1."""

    text: str
    start: float
    end: float
    probability: float


@dataclass(frozen=True)
class HeardText:
    """What was heard; no words where nothing was said."""

    text: str
    words: tuple[HeardWord, ...] = ()

    @property
    def confidence(self) -> float:
        """Mean over the words; 0 without any."""
        return sum(each.probability for each in self.words) / len(self.words) if self.words else 0.0


@dataclass(frozen=True)
class Score:
    """How likely a given text is, word by word; words that are only marks are left out.

    `mean_log_probability` is over the text's tokens: about 0 for what was said, below -2.5 for another text.
    """

    words: tuple[HeardWord, ...]
    mean_log_probability: float

    @property
    def least(self) -> HeardWord | None:
        """The word that fits least; None for a text without words."""
        return min(self.words, key=lambda each: each.probability, default=None)


@dataclass(frozen=True)
class GuessedLanguage:
    """A language's code, such as "en", and how sure the guess is, 0 to 1."""

    code: str
    probability: float


class Recogniser(Protocol):
    """May be used from several threads at once. Sounds are arrays, never paths."""

    @property
    def name(self) -> str:
        """Which one it is, as it stands beside what it heard: "base"."""

    def guess_language(self, sound: Sound) -> GuessedLanguage:
        """What is spoken, by the first half minute."""

    def hear(self, sound: Sound, language: str) -> HeardText:
        """What is said in a clip of up to half a minute; always the same for the same sound."""

    def hear_long(self, sound: Sound, language: str) -> HeardText:
        """What is said in a piece of some minutes, with the times of the words."""

    def score(self, sound: Sound, texts: Sequence[str], language: str) -> list[Score]:
        """How well each text fits a clip of up to half a minute. The sound is listened to once."""
