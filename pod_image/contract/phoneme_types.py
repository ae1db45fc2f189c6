"""The ways of piper-tts to make phonemes of a text: what each is called in a setting and in a voice's JSON."""

from __future__ import annotations

from enum import StrEnum


class PhonemeType(StrEnum):
    """Kinds of phonemes that a Piper voice can be fed; the values are piper-tts's."""

    ESPEAK = "espeak"
    TEXT = "text"
    HEBREW = "hebrew"
    JAPANESE = "japanese"
    THAI = "thai"
    PINYIN = "pinyin"

    @property
    def packages(self) -> tuple[str, ...]:
        """What it imports beside piper-tts itself."""
        return _PACKAGES.get(self, ())

    @property
    def extra(self) -> str:
        """The extra of this program that brings what it imports; empty where piper-tts is enough."""
        return self.value if self.packages else ""

    @property
    def piper_extra(self) -> str:
        """The extra of piper-tts that brings the same."""
        return _PIPER_EXTRAS.get(self, "")

    @property
    def has_own_symbols(self) -> bool:
        """Whether its ids mean other sounds than those of every other kind."""
        return self is PhonemeType.PINYIN


_PIPER_EXTRAS = {PhonemeType.JAPANESE: "ja", PhonemeType.THAI: "th", PhonemeType.PINYIN: "zh"}
_PACKAGES = {
    PhonemeType.JAPANESE: ("pyopenjtalk",),
    PhonemeType.THAI: ("tltk", "pandas", "unicode_rbnf"),
    PhonemeType.PINYIN: ("g2pw", "transformers", "sentence_stream", "unicode_rbnf"),
}

_OF_LANGUAGES = {
    "he": PhonemeType.HEBREW,
    "ja": PhonemeType.JAPANESE,
    "th": PhonemeType.THAI,
    "zh": PhonemeType.PINYIN,
}


def own_type_of(language: str) -> PhonemeType | None:
    """The kind that piper-tts has for a language such as `ja_JP` alone, since espeak-ng reads it poorly."""
    return _OF_LANGUAGES.get(language.partition("_")[0].lower())
