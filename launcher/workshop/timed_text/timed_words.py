"""Words with times, to cues: until a sentence ends, somebody else speaks, there is a pause, or it gets long."""

from __future__ import annotations

import re
from collections.abc import Sequence

from launcher.workshop.timed_text.cue import Piece, Word

LONGEST_CUE_SECONDS = 12.0
LEAST_CUE_SECONDS = 1.0
PAUSE_SECONDS = 0.5
"""Between words; shorter ones are breaths inside a phrase."""
LONG_PAUSE_SECONDS = 1.2
"""Ends a cue however short it is."""
_SENTENCE_END = re.compile(r"[.!?…。！？][\"'”’»)\]]*$")


def is_end_of_sentence(text: str) -> bool:
    return bool(_SENTENCE_END.search(text.strip()))


def cues_of_words(words: Sequence[Word]) -> list[Piece]:
    """Cues in the words' order; nothing is left out."""
    cues: list[list[Word]] = []
    for word in words:
        if cues and not _begins_anew(cues[-1], word):
            cues[-1].append(word)
        else:
            cues.append([word])
    return [
        Piece(cue[0].start, max(word.end for word in cue), (_joined(cue),), cue[0].speaker)
        for part in cues
        for cue in _shorter(part)
    ]


def _begins_anew(cue: Sequence[Word], word: Word) -> bool:
    gap, lasts = word.start - cue[-1].end, cue[-1].end - cue[0].start
    return (
        word.speaker != cue[-1].speaker
        or is_end_of_sentence(cue[-1].text)
        or gap >= LONG_PAUSE_SECONDS
        or (gap >= PAUSE_SECONDS and lasts >= LEAST_CUE_SECONDS)
    )


def _shorter(cue: Sequence[Word]) -> list[Sequence[Word]]:
    """A cue that is too long is parted at its longest pause between words, away from its ends."""
    if len(cue) < 4 or cue[-1].end - cue[0].start <= LONGEST_CUE_SECONDS:
        return [cue]
    margin = max(1, len(cue) // 4)
    at = max(range(margin, len(cue) - margin), key=lambda n: cue[n].start - cue[n - 1].end)
    return [*_shorter(cue[:at]), *_shorter(cue[at:])]


def _joined(cue: Sequence[Word]) -> str:
    """Whisper's words bring their own blanks, and its parts of words have none."""
    if any(word.text[:1].isspace() for word in cue[1:]):
        return "".join(word.text for word in cue).strip()
    return " ".join(word.text.strip() for word in cue)
