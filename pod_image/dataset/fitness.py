"""Which clips a voice can be trained on: the limits of preparation, which are the check's as well. Pure."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from enum import Enum

HOP_SAMPLES = 256
"""One frame of a spectrogram."""
SEGMENT_SAMPLES = 32 * HOP_SAMPLES
"""What one step of training hears of a clip; there must be so much of each."""
LONGEST_SECONDS = 20.0
"""Memory of a step grows with its longest clip, faster than linearly; the tail is rarely worth it."""
WHOLE_RECORDING_SECONDS = 60.0
"""No single utterance is longer, however much silence is around it: this is a recording that was never cut."""
SILENT_DBFS = -50.0
"""A clip whose loudest sample is below this holds no speech."""
SILENT_PEAK = 10 ** (SILENT_DBFS / 20)


class Fault(Enum):
    """Why a clip is left out."""

    TOO_SHORT = "too short"
    TOO_LONG = "too long"
    TOO_MUCH_TEXT = "too much text"
    SILENT = "silent"
    NOTHING_TO_SAY = "nothing to say"


@dataclass(frozen=True)
class Unfit:
    """A clip that is left out: why, and the same as a sentence without its subject."""

    fault: Fault
    words: str


NOTHING_TO_SAY = Unfit(Fault.NOTHING_TO_SAY, "the text contains no words.")
SILENT = Unfit(Fault.SILENT, "silent: there is nothing to learn from.")


_STRETCHES = "\u0640\u07fa"
"""Letters by their class that only draw a word out in print: nobody says them."""


def has_words(text: str) -> bool:
    """Whether anything can be said: a letter or a number, and not signs alone."""
    return any(unicodedata.category(char)[0] in "LN" and char not in _STRETCHES for char in text)


def shortest_seconds(rate_hz: int) -> float:
    """The least that a clip must last for a voice of this sample rate."""
    return SEGMENT_SAMPLES / rate_hz


def samples_at(seconds: float, rate_hz: int) -> int:
    """As many as the resampler makes of a recording of this length."""
    return int(seconds * rate_hz + 0.5 + 1e-6)


def unfit(samples: int, rate_hz: int, ids: int | None) -> Unfit | None:
    """What keeps sound of so many samples at the voice's rate with so many phoneme ids from being trained on.

    None if nothing does. `ids` None leaves the text out of it, for one whose phonemes are not known.
    """
    seconds = samples / rate_hz
    if samples < SEGMENT_SAMPLES:
        return Unfit(
            Fault.TOO_SHORT,
            f"too short: {seconds:.2f} s, at least {shortest_seconds(rate_hz):.2f} s are needed.",
        )
    if seconds > LONGEST_SECONDS:
        return Unfit(
            Fault.TOO_LONG,
            f"too long: {seconds:.1f} s, at most {LONGEST_SECONDS:.0f} s are taken.",
        )
    if ids is not None and samples // HOP_SAMPLES < ids:
        return Unfit(
            Fault.TOO_MUCH_TEXT,
            f"too much text for {seconds:.1f} s of sound: {ids} phoneme ids.",
        )
    return None
