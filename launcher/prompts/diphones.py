"""Which sounds follow each other in a sentence, by the same espeak-ng that training uses (extra `audio`)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise

from pod_image.phonemes.folding import folded
from pod_image.phonemes.phonemizer import Phonemizer
from pod_image.phonemes.spelling import what_is_said_by

Unit = tuple[str, ...]
"""A diphone, which is two sounds in a row; or one mark of punctuation that changes the melody."""
EDGE = "#"
"""Stands for the silence before and after a sentence."""
MARKS = frozenset("?!,")
_LENGTH = frozenset("ːˑ")
_SWITCH = re.compile(r"\(([a-z]{2,3}(?:-[a-z]+)*)\)", re.IGNORECASE)


def units(phonemes: Iterable[str], text: str) -> list[Unit]:
    """The diphones across words and its marks, each as often as it comes. Stress and spaces are no sounds."""
    sounds: list[str] = []
    for symbol in phonemes:
        if sounds and (symbol in _LENGTH or unicodedata.combining(symbol)):
            sounds[-1] += symbol
        elif symbol.isalpha() and unicodedata.category(symbol) != "Lm":
            sounds.append(symbol)
    row = [EDGE, *sounds, EDGE]
    diphones: list[Unit] = list(pairwise(row))
    return diphones + [(mark,) for mark in text if mark in MARKS]


def is_diphone(unit: Unit) -> bool:
    return len(unit) == 2


def unit_reader(espeak_voice: str) -> Callable[[str], list[Unit]]:
    """What reads the units of a text with that voice. ImportError without the extra."""
    phonemize = Phonemizer(espeak_voice)

    def read(text: str) -> list[Unit]:
        sentences = phonemize(text).symbols
        return units((symbol for one in sentences for symbol in one), text)

    return read


def foreign_voices(espeak_voice: str, texts: Sequence[str]) -> dict[str, str]:
    """Texts in which espeak-ng goes over to the voice of another language for a word, and to which."""
    say = what_is_said_by(espeak_voice)
    switched = {text: _SWITCH.search(say(folded(text))) for text in texts}
    return {text: found[1] for text, found in switched.items() if found}
