"""Bytes that are no Unicode: of the code pages that spreadsheets save in, the one whose words look like words."""

from __future__ import annotations

import unicodedata
from itertools import islice

CODE_PAGES = (
    ("cp1252", "Latin-1 (Windows-1252)"),
    ("cp1250", "Windows-1250 (Central Europe)"),
    ("cp1251", "Windows-1251 (Cyrillic)"),
    ("cp1253", "Windows-1253 (Greek)"),
    ("mac_roman", "Mac Roman"),
    ("cp850", "the DOS code page 850"),
    ("koi8-r", "KOI8-R (Cyrillic)"),
    ("cp932", "Shift-JIS (Japanese)"),
    ("gb18030", "GB 18030 (Chinese)"),
    ("cp949", "the Korean code page 949"),
)
"""The more usual first: of two that read alike the first is taken."""
MOST_WORDS = 2_000
LEAST_SHARE_OF_ODD_WORDS = 20
"""One in so many; a slip of the keyboard is no other code page."""
WITHIN_WORDS = "\u2019\u2018'-\u2010\u2011\u2013\u2014\u2026\u00b7\u00ad\u201c\u201d\u00ab\u00bb"
"""Signs that stand between two letters without a blank in ordinary texts."""
APART = ({"LATIN", "CYRILLIC"}, {"LATIN", "GREEK"}, {"CYRILLIC", "GREEK"})


def read_by_code_page(raw: bytes) -> tuple[str, str]:
    """(the text, what people call its code page): Western unless its words are odd and another's are less so."""
    best, name = _western(raw), CODE_PAGES[0][1]
    fewest, words = _odd_words(best)
    if fewest * LEAST_SHARE_OF_ODD_WORDS < words:
        return best, name
    for page, called in CODE_PAGES[1:]:
        if not fewest:
            break
        try:
            text = raw.decode(page)
        except UnicodeDecodeError:
            continue
        odd, _ = _odd_words(text)
        if odd < fewest:
            best, name, fewest = text, called, odd
    return best, name


def _western(raw: bytes) -> str:
    try:
        return raw.decode("cp1252")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _odd_words(text: str) -> tuple[int, int]:
    """(odd ones, all) of the words that are not ASCII alone."""
    words = list(islice((word for word in text.split() if not word.isascii()), MOST_WORDS))
    return sum(map(_is_odd, words)), len(words)


def _is_odd(word: str) -> bool:
    """Whether nobody writes so: signs or capitals inside a word, two alphabets in it, letters with accents alone."""
    for at, letter in enumerate(word):
        if letter.isascii() or letter in WITHIN_WORDS:
            continue
        kind = unicodedata.category(letter)
        if kind in ("Cc", "Co", "Cn"):
            return True
        before, behind = word[at - 1 : at], word[at + 1 : at + 2]
        if kind[0] not in "LM" and before.isalpha() and behind.isalpha():
            return True
        if kind == "Lu" and (before.islower() or (before.isalpha() and behind.islower())):
            return True
    scripts = {_script(letter) for letter in word if letter.isalpha()}
    if any(pair <= scripts for pair in APART):
        return True
    letters = [letter for letter in word if letter.isalpha()]
    return len(letters) > 2 and scripts == {"LATIN"} and not any(map(str.isascii, letters))


def _script(letter: str) -> str:
    return unicodedata.name(letter, "").partition(" ")[0]
