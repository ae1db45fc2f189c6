"""Which findings of one gravity are said first: what decides what the voice learns, before what only rounds it off."""

from __future__ import annotations

from collections.abc import Sequence

from pod_image.dataset.findings import Code

NOTHING_LEFT = (Code.NOTHING_LEFT, Code.NO_CLIPS, Code.NO_TABLE, Code.TIMED_TEXT_UNCUT)
WRONG_WORDS = (
    Code.TEXT_PACE, Code.TEXT_SCRIPT, Code.COLUMNS_UNSURE, Code.ENCODING, Code.TIMES_BEYOND, Code.TIMES_BACKWARDS,
    Code.TIMES_OVERLAP, Code.TEXT_INCOMPLETE, Code.TIMED_TEXT_UNUSED, Code.PHONEMES_UNMAPPED, Code.TEXT_NUMBERS,
    Code.TEXT_CHARACTERS,
)  # fmt: skip
"""Somebody says something else there than the text says: a voice learns to mispronounce."""
LITTLE = (
    Code.MINUTES_FEW, Code.TEXT_TWICE, Code.LOUDNESS_UNEVEN, Code.QUIET, Code.RATE_MIXED, Code.CHANNELS_MIXED,
    Code.CHANNELS_MANY, Code.SPEAKERS_UNEVEN, Code.LICENCE_RESTRICTS, Code.PHONEMES_FEW,
)  # fmt: skip
"""Training makes up for it, or a base voice does."""
_BETWEEN = len(NOTHING_LEFT) + len(WRONG_WORDS)


def weight(code: str) -> int:
    """To sort by among findings of one severity: the smallest number first."""
    first: Sequence[str] = (*NOTHING_LEFT, *WRONG_WORDS)
    if code in first:
        return first.index(code)
    last: Sequence[str] = LITTLE
    return _BETWEEN + (1 + last.index(code) if code in last else 0)
