"""SubRip and WebVTT to timed texts, as cues or joined into sentences; pure."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass

from pod_image.dataset.encoding import decode

LONGEST_SENTENCE_SECONDS = 12.0
"""Cues of a sentence are joined up to this length; longer sentences stay in the pieces they came in."""
LONGEST_JOIN_GAP_SECONDS = 1.0

_TIMES = re.compile(
    r"(?:(\d{1,3}):)?(\d{1,2}):(\d{2})[.,](\d{1,3})\s*-->\s*(?:(\d{1,3}):)?(\d{1,2}):(\d{2})[.,](\d{1,3})"
)
_MARKUP = re.compile(r"<[^>\n]*>|\{\\[^}\n]*\}")
_NOT_SPOKEN = re.compile(r"\[[^\]\n]*\]|\([^)\n]*\)|[♪♫#]+")
_SPEAKER_DASH = re.compile(r"^\s*[-–—]\s*", re.MULTILINE)
_SENTENCE_END = re.compile(r"[.!?…。！？][\"'”’»)]*$")


@dataclass(frozen=True)
class Cue:
    """What is said from `start` to `end`, in seconds of the recording."""

    start: float
    end: float
    text: str


def read_subtitles(raw: bytes) -> list[Cue]:
    """Cues in order of time. Markup and what is not spoken ([music], notes) is taken out; empty cues vanish."""
    lines = [line.strip() for line in decode(raw).lines()]
    cues: list[Cue] = []
    index = 0
    while index < len(lines):
        times = _TIMES.search(lines[index])
        index += 1
        if times is None:
            continue
        said: list[str] = []
        while index < len(lines) and lines[index] and not _TIMES.search(lines[index]):
            said.append(lines[index])
            index += 1
        if index < len(lines) and _TIMES.search(lines[index]) and said and said[-1].isdigit():
            said.pop()  # the number of the next cue, where no blank line parts them
        cue = Cue(_seconds(times.groups()[:4]), _seconds(times.groups()[4:]), _spoken(said))
        if cue.text and cue.end > cue.start:
            cues.append(cue)
    return sorted(cues, key=lambda cue: cue.start)


def sentences(cues: Sequence[Cue]) -> list[Cue]:
    """Cues joined until a sentence ends, the next is far off, or the whole would get long."""
    joined: list[Cue] = []
    for cue in cues:
        last = joined[-1] if joined else None
        if (
            last is not None
            and not _SENTENCE_END.search(last.text)
            and cue.start - last.end <= LONGEST_JOIN_GAP_SECONDS
            and cue.end - last.start <= LONGEST_SENTENCE_SECONDS
        ):
            joined[-1] = Cue(last.start, cue.end, f"{last.text} {cue.text}")
        else:
            joined.append(cue)
    return joined


def _seconds(parts: Sequence[str | None]) -> float:
    hours, minutes, seconds, fraction = parts
    return (
        int(hours or 0) * 3600 + int(minutes or 0) * 60 + int(seconds or 0)
        + int((fraction or "0").ljust(3, "0")) / 1000
    )  # fmt: skip


def _spoken(lines: Sequence[str]) -> str:
    text = html.unescape(_MARKUP.sub("", "\n".join(lines)))
    text = _SPEAKER_DASH.sub("", _NOT_SPOKEN.sub(" ", text))
    return " ".join(text.replace("|", " ").split())
