"""What espeak-ng does not read but spells, and what it reads in another language: it is asked, no list is kept.

A letter that it does not know it calls "letter" and by its number, in the words of the language.
"""

from __future__ import annotations

import importlib
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from pod_image.phonemes.folding import folded
from pod_image.phonemes.turns import ESPEAK

_SWITCH = re.compile(r"\(([\w-]+)\)")
"""espeak-ng's mark of another language's voice, and of the way back to its own."""
_STRESS = str.maketrans("", "", "ˈˌːˑʲ #-.")
_READ_BY_NOBODY = ("\ua4d0", "\ufb03", "\u16a0", "\u2c30")
"""Letters that no language of espeak-ng has; their numbers begin differently, so what their names share is "letter"."""
_PIECE_BY_PIECE = (
    "CJK",
    "HIRAGANA",
    "KATAKANA",
    "HANGUL",
    "THAI",
    "LAO",
    "KHMER",
    "MYANMAR",
    "BOPOMOFO",
)
"""Scripts whose single letters, or runs without spaces, are read in as many pieces as they have letters."""
_AS_ITS_LETTERS = 0.75
"""A word is spelt when this much of what is said of it are the names of its letters."""


@dataclass(frozen=True)
class Reading:
    """What of a text is not read as words of its language: each word once, with its letters or the other language.

    `spelt` words are said as names of letters, or not at all.
    """

    spelt: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    """The letters of the spelt words that have no sound in this language; a word may be spelt without."""
    foreign: tuple[tuple[str, str], ...] = ()
    foreign_signs: tuple[tuple[str, str], ...] = ()
    """Digits and symbols, each with the language whose words are said for it."""


@dataclass(frozen=True)
class _Word:
    is_spelt: bool = False
    unread: tuple[str, ...] = ()
    language: str = ""


class Speller:
    """Asks one voice of espeak-ng. `scripts` are those of its language, as the first words of Unicode's names."""

    def __init__(self, espeak_voice: str, scripts: tuple[str, ...]) -> None:
        """RuntimeError for a voice that espeak-ng does not have; ImportError without piper-tts."""
        self._say = what_is_said_by(espeak_voice)
        self._scripts = scripts
        self._knows_ascii = espeak_voice.partition("-")[0] == "en"
        self._words: dict[str, _Word] = {}
        self._alone: dict[str, str] = {}
        names = [_sounds(self._said(letter)) for letter in _READ_BY_NOBODY]
        self._letter = _shared_start(names)

    def __call__(self, text: str) -> Reading:
        """What of `text`, folded first, is spelt or read in another language."""
        words = [] if text.isascii() and self._knows_ascii else folded(text).split()
        told = {word: self._of(word) for word in map(_without_edges, words) if word}
        foreign = [(word, of.language) for word, of in told.items() if of.language]
        return Reading(
            tuple(word for word, of in told.items() if of.is_spelt),
            tuple(dict.fromkeys(char for of in told.values() for char in of.unread)),
            tuple(each for each in foreign if any(char.isalpha() for char in each[0])),
            tuple(each for each in foreign if not any(char.isalpha() for char in each[0])),
        )

    def _of(self, word: str) -> _Word:
        if word not in self._words:
            is_known = word.isascii() and self._knows_ascii
            self._words[word] = _Word() if is_known else self._asked(word)
        return self._words[word]

    def _asked(self, word: str) -> _Word:
        said = self._said(word)
        letters = [char for char in word if char.isalpha()]
        unread = tuple(char for char in dict.fromkeys(word) if self._is_unread(char))
        # A mark, or a sign of length, may have no name and yet its part in a word.
        if any(map(_stands_alone, unread)) or (unread and self._letter in _sounds(said)):
            return _Word(is_spelt=True, unread=unread)
        is_left_out = not _sounds(said) and any(map(str.isalnum, word))
        if is_left_out or (len(letters) > 1 and self._is_spelt(said, letters)):
            return _Word(is_spelt=True)
        marks = _SWITCH.findall(said)
        # The last mark leads back to its own language.
        others = [mark for mark in marks if mark != marks[-1]]
        return _Word(language=others[0] if others else "")

    def _is_spelt(self, said: str, letters: list[str]) -> bool:
        """Whether the names of the letters are what is said."""
        if all(char.isascii() for char in letters) or any(map(_is_piece, letters)):
            return False
        is_in_pieces = len(said.split()) >= len(letters)
        if not is_in_pieces and all(self._is_own(char) for char in letters):
            return False
        names = "".join(_sounds(self._name(char)) for char in letters)
        return SequenceMatcher(None, _sounds(said), names).ratio() >= _AS_ITS_LETTERS

    def _is_own(self, char: str) -> bool:
        return unicodedata.name(char, "").startswith(self._scripts)

    def _is_unread(self, char: str) -> bool:
        if char.isascii() or unicodedata.category(char)[0] not in "LNM":
            return False
        name = _sounds(self._name(char))
        is_nothing = not name and _stands_alone(char) and not self._is_own(char)
        return self._letter in name or is_nothing

    def _name(self, char: str) -> str:
        if char not in self._alone:
            self._alone[char] = self._said(char)
        return self._alone[char]

    def _said(self, text: str) -> str:
        return self._say(text)


def what_is_said_by(espeak_voice: str) -> Callable[[str], str]:
    """A text's phonemes as espeak-ng gives them, with its marks of other languages' voices; nothing is folded.

    ImportError without piper-tts; RuntimeError, when it is asked, for a voice that espeak-ng does not have.
    """
    phonemize_espeak = importlib.import_module("piper.phonemize_espeak")
    bridge: Any = importlib.import_module("piper.espeakbridge")
    with ESPEAK:
        bridge.initialize(str(phonemize_espeak.ESPEAK_DATA_DIR))

    def say(text: str) -> str:
        with ESPEAK:
            bridge.set_voice(espeak_voice)
            return " ".join(phonemes for phonemes, *_ in bridge.get_phonemes(text))

    return say


def _without_edges(word: str) -> str:
    """Without the marks around it: quotes, brackets, what ends a sentence."""
    kept = [
        i
        for i, char in enumerate(word)
        if unicodedata.category(char)[0] in "LNMS" or char in "%&@#"
    ]
    return word[kept[0] : kept[-1] + 1] if kept else ""


def _stands_alone(char: str) -> bool:
    return unicodedata.category(char) in ("Lo", "Ll", "Lu", "Nd")


def _is_piece(char: str) -> bool:
    return unicodedata.name(char, "").startswith(_PIECE_BY_PIECE)


def _sounds(said: str) -> str:
    return _SWITCH.sub("", said).translate(_STRESS)


def _shared_start(texts: list[str]) -> str:
    """As far as all of them are the same."""
    columns = zip(*texts, strict=False)
    alike = next(
        (i for i, column in enumerate(columns) if len(set(column)) > 1), min(map(len, texts))
    )
    return texts[0][:alike]
