"""What sounds much like a wake word and is none: parts of it, other words in it, other sounds in it.

All by phonemes, so that it works in every language that a voice speaks.
"""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby
from zlib import crc32

Symbols = tuple[str, ...]
_VOWELS = frozenset("aeiouyæøœɐɑɒɔɘəɚɛɜɞɤɨɪɯɵɶʉʊʌʏᵻɝäöüáéíóúàèìòùâêîôûąęяаеёиоуыэю")
_ALIKE = (
    "pb", "td", "kgɡ", "fv", "szθð", "ʃʒ", "mnŋɲ", "iɪyʏᵻɨ", "uʊʉw", "eɛæœ", "oɔɒ", "aɑɐʌəɚɜɝ", "rɹɾʁ", "lɫ", "hɦxχ",
)  # fmt: skip
"""Sounds that voices, and people of different places, hardly tell apart: one for another makes no other word."""
_STRESS = "ˈˌ"
FEWEST_CHANGES = 2
SHARE_CHANGED = 0.4
MOST_TRIES = 200


class Kind(StrEnum):
    """How a near miss came to be; scores are told for each."""

    YOURS = "yours"
    PART = "part"
    OTHER_WORD = "other_word"
    OTHER_SOUNDS = "other_sounds"


@dataclass(frozen=True)
class NearMiss:
    symbols: Symbols
    kind: Kind


def words_of(symbols: Sequence[str]) -> list[Symbols]:
    """Between blanks; marks such as a full stop are left out."""
    groups = groupby(symbols, key=lambda symbol: symbol == " ")
    found = [tuple(filter(_is_said, group)) for is_blank, group in groups if not is_blank]
    return [word for word in found if word]


def joined(words: Sequence[Symbols]) -> Symbols:
    return tuple(symbol for word in words for symbol in (*word, " "))[:-1]


def sounds_of(word: Sequence[str]) -> list[Symbols]:
    """A word's sounds: each letter with the stress before it and what lengthens or colours it behind it."""
    found: list[list[str]] = []
    is_open = False
    for symbol in word:
        if is_open or (found and _is_mark(symbol) and symbol not in _STRESS):
            found[-1].append(symbol)
        else:
            found.append([symbol])
        is_open = symbol in _STRESS
    return [tuple(sound) for sound in found]


def parts(words: Sequence[Symbols]) -> list[Symbols]:
    """Each word alone, all but the first or the last, turned round, and each half of each longer word."""
    found: list[Symbols] = []
    if len(words) > 1:
        found += [*words, joined(words[:-1]), joined(words[1:]), joined(words[::-1])]
    for at, word in enumerate(words):
        sounds = sounds_of(word)
        if len(sounds) < 4:
            continue
        half = len(sounds) // 2
        for piece in (sounds[:half], sounds[half:]):
            short = tuple(symbol for sound in piece for symbol in sound)
            found.append(
                joined([*words[:at], short, *words[at + 1 :]]) if len(words) > 1 else short
            )
    whole = joined(words)
    return [one for one in dict.fromkeys(found) if one != whole]


def with_other_word(
    words: Sequence[Symbols], others: Sequence[Symbols], draw: random.Random
) -> Symbols:
    """One word, or all but one, is another of the language's; beside a single word stands another, and it is cut."""
    new = list(words)
    if len(new) == 1:
        return joined([draw.choice(others), draw.choice(others)])
    kept = draw.randrange(len(new))
    changed = [at for at in range(len(new)) if at != kept]
    for at in changed:
        new[at] = draw.choice(others)
    return joined(new)


def with_other_sounds(
    words: Sequence[Symbols], sounds: Sequence[Symbols], draw: random.Random
) -> Symbols:
    """At least two sounds, and two in five, are others of their kind: vowels for vowels."""
    split = [sounds_of(word) for word in words]
    places = [
        (w, s) for w, word in enumerate(split) for s, sound in enumerate(word) if _letter(sound)
    ]
    count = min(len(places), max(FEWEST_CHANGES, round(len(places) * SHARE_CHANGED)))
    for w, s in draw.sample(places, count):
        old = split[w][s]
        fitting = [new for new in sounds if _may_replace(old, new)]
        if fitting:
            stress = tuple(symbol for symbol in old if symbol in _STRESS)
            new = draw.choice(fitting)
            split[w][s] = stress + tuple(symbol for symbol in new if symbol not in _STRESS)
    return joined([tuple(symbol for sound in word for symbol in sound) for word in split])


def is_apart(symbols: Sequence[str], phrase: Sequence[str]) -> bool:
    """Whether it is heard as something else than the phrase: by its sounds, alike ones counted as one."""
    return _heard(phrase) not in _heard(symbols)


class NearMisses:
    """Those of some phrases, drawn one at a time without end; none is heard as one of the phrases."""

    def __init__(
        self, phrases: Sequence[Symbols], yours: Sequence[Symbols], others: Sequence[Symbols]
    ) -> None:
        """`yours` are the person's own; `others` are words of the language. All as symbols."""
        self._phrases = [joined(words_of(phrase)) for phrase in phrases]
        self._others = sorted(set(others))
        self._sounds = sorted(
            {sound for word in self._others for sound in sounds_of(word) if _letter(sound)}
        )
        self._given = {
            Kind.YOURS: [joined(words_of(one)) for one in yours],
            Kind.PART: [
                one
                for phrase in self._phrases
                for one in parts(words_of(phrase))
                if self._is_apart(one)
            ],
        }

    def draw(self, draw: random.Random, *, held_out: bool) -> NearMiss:
        """One of any kind. What is made of other words and sounds is held out, or learnt, and never both."""
        kinds = [kind for kind in Kind if self._given.get(kind, True)]
        kind = draw.choice(kinds)
        if kind in self._given:
            return NearMiss(draw.choice(self._given[kind]), kind)
        for _ in range(MOST_TRIES):
            words = words_of(draw.choice(self._phrases))
            made = (
                with_other_word(words, self._others, draw)
                if kind is Kind.OTHER_WORD
                else with_other_sounds(words, self._sounds, draw)
            )
            if made and self._is_apart(made) and _is_held_out(made) == held_out:
                return NearMiss(made, kind)
        return NearMiss(draw.choice(self._others), kind)

    def _is_apart(self, symbols: Symbols) -> bool:
        return bool(symbols) and all(is_apart(symbols, phrase) for phrase in self._phrases)


def _is_held_out(symbols: Symbols) -> bool:
    """One in four, by what it is: the same in every process and every run."""
    return crc32("".join(symbols).encode()) % 4 == 0


def _heard(symbols: Sequence[str]) -> str:
    letters = [symbol for symbol in symbols if symbol.isalpha() and not _is_mark(symbol)]
    return "".join(map(_class_of, letters))


def _class_of(letter: str) -> str:
    return next((alike[0] for alike in _ALIKE if letter in alike), letter)


def _letter(sound: Sequence[str]) -> str:
    return next((symbol for symbol in sound if symbol.isalpha() and not _is_mark(symbol)), "")


def _may_replace(old: Sequence[str], new: Sequence[str]) -> bool:
    one, other = _letter(old), _letter(new)
    is_same_kind = (one in _VOWELS) == (other in _VOWELS)
    return is_same_kind and _class_of(one) != _class_of(other)


def _is_mark(symbol: str) -> bool:
    """What belongs to the letter before it: length, colour, tone."""
    return unicodedata.category(symbol[0]) in ("Lm", "Mn", "Sk") or symbol.isdigit()


def _is_said(symbol: str) -> bool:
    return symbol.isalnum() or _is_mark(symbol)
