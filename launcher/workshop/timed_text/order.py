"""Cues in order of time, none over its neighbour, none beyond the sound; whatever was not so is told."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from launcher.workshop.timed_text.cue import Cue, Piece
from pod_image.contract.findings import Finding
from pod_image.dataset import Code

LEAST_OVERLAP_SECONDS = 0.05
"""Less is rounding."""
LEAST_LEFT_SECONDS = 0.3
BEYOND_SECONDS = 0.5
"""Programs round the end of the last cue up."""
MOST_SHARE_BEYOND = 0.5
"""With more than that beyond the sound the text is of another recording."""


def backwards(pieces: Sequence[Piece], name: str) -> Iterator[Finding]:
    """Cues that begin before the one above them, or end before they begin."""
    early = [other for one, other in pairwise(pieces) if other.start < one.start]
    inside_out = [each for each in pieces if each.end < each.start]
    if early:
        yield Code.TIMES_BACKWARDS.finding(
            name, (
                f"Times that go backwards: {len(early):,}, the first at {clock(early[0].start)}. They are "
                "put in order."
            ),
            "Check whether two files were joined there or a time is mistyped: its text is then at the wrong place.",
        )  # fmt: skip
    if inside_out:
        yield Code.TIMES_BACKWARDS.finding(
            name, f"Texts that end before they begin: {len(inside_out):,}, the first at "
            f"{clock(inside_out[0].start)}. They are left out.",
            "Correct the times there.",
        )  # fmt: skip


@dataclass(frozen=True)
class Ordered:
    cues: list[Cue]
    findings: list[Finding]


def in_time(cues: Sequence[Cue], name: str) -> Ordered:
    """Cues by their start. Where two overlap, the earlier ends as the later begins; two at once lose their text."""
    kept: list[Cue] = []
    overlaps: list[Cue] = []
    at_once: list[Cue] = []
    for cue in sorted(dict.fromkeys(cues), key=lambda each: (each.start, each.end)):
        last = kept[-1] if kept else None
        over = last.end - cue.start if last else 0.0
        if last is None or over <= LEAST_OVERLAP_SECONDS:
            kept.append(cue)
        elif cue.start - last.start < LEAST_LEFT_SECONDS and cue.speaker == last.speaker:
            # Two lines of one moment, which some programs write as cues of their own.
            kept[-1] = replace(last, end=max(last.end, cue.end), text=_both(last.text, cue.text))
        elif _is_within(last, cue, over):
            at_once += [last, cue]
            kept[-1] = replace(last, end=max(last.end, cue.end), text="")
        else:
            overlaps.append(cue)
            kept[-1] = replace(last, end=cue.start)
            kept.append(cue)
    return Ordered(kept, list(_of_overlaps(overlaps, at_once, name)))


def _both(one: str, other: str) -> str:
    return f"{one} {other}" if one and other else ""


def _is_within(last: Cue, cue: Cue, over: float) -> bool:
    """Whether the later cue is inside the earlier, or two speakers talk over one another for most of one's time."""
    if cue.end <= last.end:
        return True
    shorter = min(last.end - last.start, cue.end - cue.start)
    return last.speaker != cue.speaker and over > shorter / 2


def _of_overlaps(overlaps: list[Cue], at_once: list[Cue], name: str) -> Iterator[Finding]:
    if overlaps:
        yield Code.TIMES_OVERLAP.finding(
            name, f"Texts that begin before the previous one has ended: {len(overlaps):,}, the first at "
            f"{clock(overlaps[0].start)}. The earlier is ended where the later begins.",
            "Listen to a few of these clips: a word may be cut off at their ends.",
        )  # fmt: skip
    if at_once:
        yield Code.TIMES_OVERLAP.finding(
            name, (
                f"Texts that overlap: {len(at_once):,}, the first at {clock(at_once[0].start)}. It is not "
                "clear what is said when; their clips need transcripts."
            ),
            "If two people speak at once, remove the clip; otherwise correct the times.",
        )  # fmt: skip


def within(cues: Sequence[Cue], seconds: float, name: str) -> Ordered:
    """Cues inside a recording of that length; those that begin beyond it are left out."""
    beyond = [each for each in cues if each.start >= seconds]
    over = [each for each in cues if each.start < seconds < each.end - BEYOND_SECONDS]
    kept = [replace(e, end=min(e.end, seconds)) for e in cues if e.start < seconds]
    findings = []
    if beyond or over:
        last = max(each.end for each in cues)
        findings.append(Code.TIMES_BEYOND.finding(
            name, f"Texts that begin after the end of the audio ({clock(seconds)}): {len(beyond):,}, the last until "
            f"{clock(last)}. They are left out." if beyond else
            f"The last text ends at {clock(last)}, the sound at {clock(seconds)}.",
            "Check that the recording is complete, and that the text belongs to it.",
        ))  # fmt: skip
    return Ordered(kept, findings)


def is_of_another_recording(cues: Sequence[Cue], seconds: float) -> bool:
    beyond = sum(each.start >= seconds for each in cues)
    return beyond > MOST_SHARE_BEYOND * len(cues)


def clock(seconds: float) -> str:
    minutes, rest = divmod(max(0.0, seconds), 60)
    hours, minutes = divmod(int(minutes), 60)
    return f"{hours}:{minutes:02d}:{rest:04.1f}" if hours else f"{minutes}:{rest:04.1f}"
