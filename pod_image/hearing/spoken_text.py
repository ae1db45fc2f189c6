"""Texts as a recogniser writes them, and words as they are compared; pure."""

from __future__ import annotations

import re
import unicodedata

from pod_image.hearing.english_numbers import spelled_out

_NOTES = re.compile(r"\[[^\]]*\]|\([^)]*\)|<[^>]*>|\*[^*]*\*|[♪♫♬♩]")
_QUOTES = re.compile(r"[\"“”„‟«»‹›‘‚‛`]|(?<!\w)'|'(?!\w)")
_DASHES = re.compile(r"\s*[–—―]+\s*|\s+-+\s+|--+")
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")


def has_letters(text: str) -> bool:
    """Whether anything in it is said: a letter or a figure."""
    return any(each.isalnum() for each in text)


def variants(text: str, language: str) -> list[str]:
    """The text in the ways a recogniser may write what is said: as it stands, in sentence case, figures as words.

    Empty where the text contains no words. Capitals throughout would score as nonsense, and so would a dash.
    """
    plain = _plain(text)
    if not has_letters(plain):
        return []
    written = [sentence_case(plain)] if _shouts(plain) else [plain, sentence_case(plain)]
    if language.lower().startswith("en") and any(each.isdigit() for each in plain):
        written += [spelled_out(each) for each in written]
    return list(dict.fromkeys(written))


def sentence_case(text: str) -> str:
    """Small letters but for the first of each sentence, and the English "I"."""
    lowered = text.lower()
    lowered = re.sub(r"\bi\b(?=$|[\s'’,.;:!?])", "I", lowered) if text.isascii() else lowered
    return re.sub(
        r"(^\W*|[.!?]\s+)(\w)", lambda found: found.group(1) + found.group(2).upper(), lowered
    )


def words_of(text: str, language: str = "") -> list[str]:
    """The words as they are compared: small letters and figures alone, in English figures as words."""
    plain = unicodedata.normalize("NFKC", _NOTES.sub(" ", text)).lower()
    if language.lower().startswith("en"):
        plain = spelled_out(plain)
    return [re.sub(r"['’]", "", each) for each in _WORD.findall(plain)]


def _plain(text: str) -> str:
    composed = unicodedata.normalize("NFC", text)
    without = _NOTES.sub(" ", composed)
    without = _DASHES.sub(" ", _QUOTES.sub("", without)).replace("’", "'")
    return " ".join(without.split())


def _shouts(text: str) -> bool:
    letters = [each for each in text if each.isalpha()]
    return len(letters) > 3 and sum(each.isupper() for each in letters) > 0.6 * len(letters)
