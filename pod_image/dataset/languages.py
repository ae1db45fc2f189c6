"""What a language code such as en_US means to espeak-ng, and in which letters its texts are written."""

from __future__ import annotations

# Where espeak-ng's name is not simply the language's.
_ESPEAK_VOICES = {
    "en_US": "en-us",
    "en_GB": "en-gb-x-rp",
    "pt_BR": "pt-br",
    "es_MX": "es-419",
    "es_AR": "es-419",
    "fr_BE": "fr-be",
    "fr_CH": "fr-ch",
    "no_NO": "nb",
    "zh_CN": "cmn",
    "zh_HK": "yue",
    "vi_VN": "vi",
}

_SCRIPTS = {
    "am": ("ETHIOPIC",),
    "ar": ("ARABIC",),
    "be": ("CYRILLIC",),
    "bg": ("CYRILLIC",),
    "bn": ("BENGALI",),
    "el": ("GREEK",),
    "fa": ("ARABIC",),
    "gu": ("GUJARATI",),
    "he": ("HEBREW",),
    "hi": ("DEVANAGARI",),
    "hy": ("ARMENIAN",),
    "ja": ("CJK", "HIRAGANA", "KATAKANA"),
    "ka": ("GEORGIAN",),
    "kk": ("CYRILLIC", "LATIN"),
    "kn": ("KANNADA",),
    "ko": ("HANGUL",),
    "ml": ("MALAYALAM",),
    "mr": ("DEVANAGARI",),
    "ne": ("DEVANAGARI",),
    "pa": ("GURMUKHI", "ARABIC"),
    "ru": ("CYRILLIC",),
    "si": ("SINHALA",),
    "sr": ("CYRILLIC", "LATIN"),
    "ta": ("TAMIL",),
    "te": ("TELUGU",),
    "th": ("THAI",),
    "uk": ("CYRILLIC",),
    "ur": ("ARABIC",),
    "yue": ("CJK",),
    "zh": ("CJK", "LATIN"),
}


def espeak_voice_of(language: str) -> str:
    """The name espeak-ng has for a language such as `en_US`."""
    return _ESPEAK_VOICES.get(language, language.partition("_")[0].lower())


def scripts_of(language: str) -> tuple[str, ...]:
    """First words of the Unicode names of the letters a text in `language` is written in."""
    return _SCRIPTS.get(language.partition("_")[0].lower(), ("LATIN",))
