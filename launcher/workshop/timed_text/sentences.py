"""Cues joined into sentences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from launcher.workshop.timed_text.cue import Cue
from launcher.workshop.timed_text.timed_words import is_end_of_sentence

LONGEST_SENTENCE_SECONDS = 12.0
"""Cues of a sentence are joined up to this length; longer sentences stay in the pieces they came in."""
LONGEST_JOIN_GAP_SECONDS = 1.0
LONGEST_JOIN_GAP_WITHOUT_MARKS_SECONDS = 0.3
"""Where nothing says that a sentence ends, a pause is all there is to go by."""
LEAST_SHARE_OF_ENDS = 0.1


def sentences(cues: Sequence[Cue]) -> list[Cue]:
    """Cues joined until a sentence ends, somebody else speaks, the next is far off, or the whole would get long."""
    ends = sum(is_end_of_sentence(each.text) for each in cues)
    has_marks = ends >= LEAST_SHARE_OF_ENDS * len(cues)
    longest_gap = LONGEST_JOIN_GAP_SECONDS if has_marks else LONGEST_JOIN_GAP_WITHOUT_MARKS_SECONDS
    joined: list[Cue] = []
    for cue in cues:
        last = joined[-1] if joined else None
        if (
            last is not None
            and last.text
            and cue.text
            and last.speaker == cue.speaker
            and not is_end_of_sentence(last.text)
            and cue.start - last.end <= longest_gap
            and cue.end - last.start <= LONGEST_SENTENCE_SECONDS
        ):
            joined[-1] = replace(last, end=cue.end, text=f"{last.text} {cue.text}")
        else:
            joined.append(cue)
    return joined
