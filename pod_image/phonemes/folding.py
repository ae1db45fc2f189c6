"""A text as it is handed to every phonemizer: composed, in plain letters, without what cannot be seen. Pure.

Only what keeps the meaning is changed. piper-tts itself changes nothing: it spells `ﬁ` and reads `e` with a loose
accent as `e`. What other programs have a voice say is therefore best written in the letters that come out of here.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

_PHONEME_BLOCK = re.compile(r"(\[\[.*?\]\])")
"""piper-tts takes what stands in such brackets as phonemes, for espeak-ng's voices."""
_FOLDED_KINDS = frozenset(
    {"<wide>", "<narrow>", "<font>", "<noBreak>", "<square>", "<small>"}
    | {"<initial>", "<medial>", "<final>", "<isolated>"}
)
"""Kinds of compatibility forms that are another drawing of the same; `<compat>` mixes those with others."""
_KEPT = frozenset("！，．：；？µ")
"""Wide marks end a clause wherever they stand, their narrow forms only before a space; µ is micro, μ a letter."""
_FOLDED_ALL_THE_SAME = {"℃": "°C", "℉": "°F", "\u2010": "-", "\u2011": "-"}
_APOSTROPHE = re.compile(r"(?<=[^\W\d_])[ʼ`´′‵](?=[^\W\d_])")
"""Between letters. espeak-ng reads some of them as an adjective, or spells the word."""
_JOINERS = "\u200c\u200d"
_JOINING = (
    *("ARABIC", "BENGALI", "DEVANAGARI", "GUJARATI", "GURMUKHI", "KANNADA", "KHMER", "MALAYALAM"),
    *("MONGOLIAN", "MYANMAR", "ORIYA", "SINHALA", "SYRIAC", "TAMIL", "TELUGU", "TIBETAN"),
)
_WITHOUT_SPACES = ("KHMER", "LAO", "MYANMAR", "THAI", "TIBETAN")
"""Scripts that mark where a word ends with U+200B, and see nothing of it."""
_UNSEEN_MARKS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u3164\uffa0")


def folded(text: str, *, has_blocks: bool = True) -> str:
    """What of `text` is spoken. Composed (NFC); ligatures, wide and presentation forms as plain letters; every kind
    of blank as a space; soft hyphens, zero-width, direction and control characters gone where they mean nothing.

    `has_blocks`: `[[…]]` holds phonemes, as espeak-ng's voices take them, and stays as it is. Folding twice is folding
    once.
    """
    if text.isascii() and text.isprintable() and "`" not in text:
        return text
    if not has_blocks or "[[" not in text:
        return _folded(text)
    pieces = _PHONEME_BLOCK.split(text)
    return "".join(piece if i % 2 else _folded(piece) for i, piece in enumerate(pieces))


def unseen(text: str) -> list[int]:
    """Where in `text` a character stands that folding takes out since nobody sees it."""
    return [i for i, char in enumerate(text) if is_unseen(char) and not _has_meaning(text, i)]


def is_unseen(char: str) -> bool:
    """Control, format and filler characters, but for tabs and ends of lines."""
    if (
        char in _UNSEEN_MARKS
        or "\ufe00" <= char <= "\ufe0f"
        or "\U000e0100" <= char <= "\U000e01ef"
    ):
        return True
    return unicodedata.category(char) in ("Cc", "Cf") and not char.isspace()


def _folded(text: str) -> str:
    gone = set(unseen(text))
    seen = "".join(char for i, char in enumerate(text) if i not in gone)
    plain = "".join(_plain(char) for char in unicodedata.normalize("NFC", seen))
    return _APOSTROPHE.sub("'", unicodedata.normalize("NFC", plain))


def _has_meaning(text: str, at: int) -> bool:
    """Whether an unseen character does something to the letters on both of its sides."""
    scripts: tuple[str, ...] = ()
    if text[at] in _JOINERS:
        scripts = _JOINING
    elif text[at] == "\u200b":
        scripts = _WITHOUT_SPACES
    return (
        bool(scripts)
        and 0 < at < len(text) - 1
        and all(unicodedata.name(text[i], "").startswith(scripts) for i in (at - 1, at + 1))
    )


@cache
def _plain(char: str) -> str:
    """The letters that this character is another form of, or itself."""
    if char in _FOLDED_ALL_THE_SAME:
        return _FOLDED_ALL_THE_SAME[char]
    if char.isspace():
        return " "
    kind, _, codes = unicodedata.decomposition(char).partition(" ")
    if char in _KEPT or not kind.startswith("<"):
        return char
    if kind not in _FOLDED_KINDS and not (kind == "<compat>" and _is_plainly_letters(char)):
        return char
    return "".join(_plain(chr(int(code, 16))) for code in codes.split())


def _is_plainly_letters(char: str) -> bool:
    """Such as `ﬁ`, `ĳ` and `Ⅳ`. Not Thai's and Lao's `am`, whose halves no dictionary knows; not single jamo."""
    if unicodedata.category(char)[0] not in "LN" or unicodedata.category(char) == "No":
        return False
    parts = unicodedata.normalize("NFKD", char)
    is_jamo = unicodedata.name(char, "").startswith("HANGUL")
    return not is_jamo and not (
        unicodedata.combining(parts[0]) or unicodedata.category(parts[0]) == "Mn"
    )
