"""The ways of piper-tts to make phonemes of a text: what each is called in a setting and in a voice's JSON."""

from __future__ import annotations

from enum import StrEnum


class PhonemeType(StrEnum):
    """Kinds of phonemes that a Piper voice can be fed."""

    ESPEAK = "espeak"
    TEXT = "text"
    HEBREW = "hebrew"
    JAPANESE = "japanese"
    THAI = "thai"
    PINYIN = "pinyin"

    @property
    def is_of_espeak(self) -> bool:
        return self is PhonemeType.ESPEAK
