"""Which clips say their sentences, and why the others are dropped; pure.

The limits were measured with Whisper base on two synthetic voices: docs/trainers/distil.md has the figures.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from statistics import quantiles

from pod_image.contract.recipes.distil import DistilSettings
from pod_image.dataset.fitness import SILENT_PEAK
from pod_image.hearing.judging import WITHOUT_SPACES
from pod_image.recipes.distil.measured import Measured
from pod_image.recipes.distil.rows import Row

LEAST_SPEECH_SECONDS = 0.2
MOST_CLIPPED_SHARE = 0.002
LOUD_EDGE = 0.5
"""Of the clip's own level: sound that begins or ends so loud was cut."""
SURE_OF_MORE = 0.8
"""How sure the recogniser has to be of a word beside the sentence's own, before a clip is dropped for it."""
GOES_ON_SECONDS = 0.6
"""Speech that goes on so long after the sentence's last word is more than the sentence, whatever it is."""
FEWEST_FOR_LENGTHS = 20
LETTERS_BESIDE = 8
"""What each clip lasts beside its letters, in letters: a short sentence takes longer for each."""
HALF_WIDTH_DEVIATIONS = 1.349
"""The middle half of what is spread normally, in its deviations."""
LEAST_DEVIATION = 0.04
"""A teacher that never varies must not make every clip unusual: 4 %."""


class Drop(StrEnum):
    """Why a clip is not trained on, with words for it."""

    NOT_SPOKEN = "not-spoken"
    UNREADABLE = "unreadable"
    SILENT = "silent"
    CLIPPED = "clipped"
    CUT = "cut"
    PAUSE = "pause"
    OTHER_WORDS = "other-words"
    MORE_WORDS = "more-words"
    LENGTH = "length"

    @property
    def text(self) -> str:
        return _WORDS[self]


_WORDS = {
    Drop.NOT_SPOKEN: "the teacher did not say it",
    Drop.UNREADABLE: "cannot be read",
    Drop.SILENT: "nobody speaks in it",
    Drop.CLIPPED: "clipped: too loud",
    Drop.CUT: "begins or ends in the middle of a sound",
    Drop.PAUSE: "too long a pause",
    Drop.OTHER_WORDS: "a word of the sentence was not heard",
    Drop.MORE_WORDS: "more was said than the sentence",
    Drop.LENGTH: "far too long or too short for its sentence",
}


@dataclass(frozen=True)
class Limits:
    """What a clip may have and still be kept."""

    least_word_probability: float
    longest_pause_seconds: float
    length_deviations: float
    language: str = ""

    @classmethod
    def of(cls, settings: DistilSettings) -> Limits:
        return cls(
            settings.least_word_probability,
            settings.longest_pause_seconds,
            settings.length_deviations,
            settings.language,
        )


def why_dropped(row: Row, limits: Limits) -> Drop | None:
    """By this clip alone; None for one that agrees so far."""
    if row.measured is None:
        return Drop.UNREADABLE if row.was_spoken else Drop.NOT_SPOKEN
    return _by_sound(row.measured, limits) or _by_words(row.measured, limits)


def _by_sound(clip: Measured, limits: Limits) -> Drop | None:
    if clip.peak < SILENT_PEAK or clip.speech_seconds < LEAST_SPEECH_SECONDS:
        return Drop.SILENT
    if clip.clipped_share > MOST_CLIPPED_SHARE:
        return Drop.CLIPPED
    if max(clip.head, clip.tail) > LOUD_EDGE:
        return Drop.CUT
    return Drop.PAUSE if clip.longest_pause_seconds > limits.longest_pause_seconds else None


def _by_words(clip: Measured, limits: Limits) -> Drop | None:
    if not clip.is_heard:
        return None
    if clip.least_probability < limits.least_word_probability:
        return Drop.OTHER_WORDS
    has_words = limits.language.partition("_")[0] not in WITHOUT_SPACES
    more = clip.goes_on_seconds > GOES_ON_SECONDS or (
        has_words and clip.too_many_probability >= SURE_OF_MORE
    )
    return Drop.MORE_WORDS if more else None


def unusual_lengths(rows: Mapping[str, Row], limits: Limits) -> set[str]:
    """Keys of those whose speech is far longer or shorter for their text than that of the others."""
    by_key = {
        key: math.log(row.measured.speech_seconds / (len(row.text) + LETTERS_BESIDE))
        for key, row in rows.items()
        if row.measured is not None and row.measured.speech_seconds > 0
    }
    if len(by_key) < FEWEST_FOR_LENGTHS:
        return set()
    low, middle, high = quantiles(by_key.values(), n=4)
    deviation = max((high - low) / HALF_WIDTH_DEVIATIONS, LEAST_DEVIATION)
    most = limits.length_deviations * deviation
    return {key for key, each in by_key.items() if abs(each - middle) > most}


def chosen(rows: Mapping[str, Row], limits: Limits) -> dict[str, Drop]:
    """Why each dropped clip is dropped, by key; what is not in it is kept.

    How long a sentence takes is learnt from those that agree by themselves.
    """
    dropped = {
        key: why for key, row in rows.items() if (why := why_dropped(row, limits)) is not None
    }
    agreeing = {key: row for key, row in rows.items() if key not in dropped}
    return dropped | dict.fromkeys(unusual_lengths(agreeing, limits), Drop.LENGTH)
