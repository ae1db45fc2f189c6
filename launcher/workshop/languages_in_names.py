"""Languages as file names have them: en, en-US, eng, English."""

from __future__ import annotations

import re

_CODES_LISTED = """
af am ar as az be bg bn bs ca cs cy da de el en eo es et eu fa fi fr ga gl gu ha he hi hr ht hu hy id ig is it
iw ja jv ka kk km kn ko ku ky la lb lo lt lv mg mi mk ml mn mr ms mt my nb ne nl nn no om or pa pl ps pt qu ro
ru rw sa sd si sk sl sn so sq sr st su sv sw ta te tg th ti tk tl tr tt ug uk ur uz vi xh yi yo zh zu
"""
_CODES = frozenset(_CODES_LISTED.split())
_LONGER = {
    "eng": "en", "deu": "de", "ger": "de", "fra": "fr", "fre": "fr", "spa": "es", "ita": "it", "nld": "nl",
    "dut": "nl", "por": "pt", "rus": "ru", "pol": "pl", "ukr": "uk", "jpn": "ja", "zho": "zh", "chi": "zh",
    "kor": "ko", "swe": "sv", "nor": "no", "dan": "da", "fin": "fi", "ces": "cs", "cze": "cs", "ell": "el",
    "gre": "el", "tur": "tr", "ara": "ar", "heb": "he", "hin": "hi", "hun": "hu", "ron": "ro", "rum": "ro",
    "english": "en", "german": "de", "deutsch": "de", "french": "fr", "français": "fr", "francais": "fr",
    "spanish": "es", "español": "es", "espanol": "es", "italian": "it", "italiano": "it", "dutch": "nl",
    "nederlands": "nl", "portuguese": "pt", "português": "pt", "portugues": "pt", "russian": "ru", "polish": "pl",
    "ukrainian": "uk", "japanese": "ja", "chinese": "zh", "korean": "ko", "swedish": "sv", "norwegian": "no",
    "danish": "da", "finnish": "fi", "czech": "cs", "greek": "el", "turkish": "tr", "arabic": "ar",
    "hebrew": "he", "hindi": "hi", "hungarian": "hu", "romanian": "ro",
}  # fmt: skip
_SAME = {"nb": "no", "nn": "no", "iw": "he"}
_WITH_REGION = re.compile(r"([a-z]{2,3})(?:[-_](?:[a-z]{2}|[a-z]{4}|\d{3}|orig))*")


def language_in_name(word: str) -> str | None:
    """The language's code of two letters, such as en of "en", "en-US", "eng" or "English"; None for other words."""
    plain = word.casefold()
    if plain in _LONGER:
        return _LONGER[plain]
    found = _WITH_REGION.fullmatch(plain)
    code = found.group(1) if found else ""
    code = _LONGER.get(code, code)
    return _SAME.get(code, code) if code in _CODES or code in _SAME else None
