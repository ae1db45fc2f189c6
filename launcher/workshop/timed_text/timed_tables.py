"""Tables with columns for start, end and text: Whisper's TSV and CSV, exports of editors and annotation programs."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence

from launcher.workshop.timed_text.clock import in_seconds, seconds_of
from launcher.workshop.timed_text.cue import Piece, TimedTextFault

_STARTS = (
    "start",
    "start time",
    "begin",
    "begin time",
    "start ms",
    "start s",
    "start sec",
    "start seconds",
    "in",
    "beginn",
    "timecode in",
    "in point",
)
_ENDS = (
    "end",
    "end time",
    "stop",
    "stop time",
    "end ms",
    "end s",
    "end sec",
    "end seconds",
    "out",
    "ende",
    "timecode out",
    "out point",
)
_LENGTHS = ("duration", "length", "dur")
_TEXTS = (
    "text",
    "transcript",
    "transcription",
    "sentence",
    "description",
    "caption",
    "name",
    "annotation",
    "word",
)
_FRAMES = re.compile(r"\d+:\d\d:\d\d[:;]\d\d")
_SPEAKERS = ("speaker", "speaker name", "speaker label", "participant")


def read_timed_table(text_lines: Sequence[str]) -> list[Piece]:
    """One cue a line. Numbers may be seconds or, as Whisper writes them, milliseconds."""
    lines = [line for line in text_lines if line.strip()]
    separator = max("\t,;", key=lines[0].count)
    rows = list(csv.reader(lines, delimiter=separator))
    names = [_plain(name) for name in rows[0]]
    start, end, length = (_column(names, each) for each in (_STARTS, _ENDS, _LENGTHS))
    text, speaker = _column(names, _TEXTS), _column(names, _SPEAKERS)
    if start is None or text is None or (end is None and length is None):
        raise TimedTextFault("has no columns for start, end and text")
    if separator == ",":
        rows = [_with_commas(row, len(names), text) for row in rows]
    pieces, are_numbers = [], True
    for row in rows[1:]:
        if len(row) <= max(start, text, end or 0, length or 0):
            continue
        first = seconds_of(row[start])
        last = seconds_of(row[end]) if end is not None else None
        if last is None and length is not None and first is not None:
            lasts = seconds_of(row[length])
            last = None if lasts is None else first + lasts
        if first is None or last is None:
            continue
        are_numbers = are_numbers and ":" not in row[start]
        who = row[speaker].strip() if speaker is not None and speaker < len(row) else ""
        pieces.append(Piece(first, last, tuple(row[text].split("\n")), who or None))
    if not pieces and any(
        _FRAMES.fullmatch(row[start].strip()) for row in rows[1:] if len(row) > start
    ):
        raise TimedTextFault(
            "counts its times in frames, and does not say how many make a second; export it as SRT or WebVTT"
        )
    return in_seconds(pieces) if are_numbers else pieces


def _plain(name: str) -> str:
    words = name.strip().strip('"').lower().replace("_", " ").replace("-", " ").split("[")[0]
    return " ".join(words.split("(")[0].split())


def _column(names: Sequence[str], wanted: Sequence[str]) -> int | None:
    return next((names.index(each) for each in wanted if each in names), None)


def _with_commas(row: list[str], count: int, text: int) -> list[str]:
    """A text with commas that nobody quoted, where the text is the last column."""
    if len(row) > count and text == count - 1:
        return [*row[: count - 1], ",".join(row[count - 1 :])]
    return row
