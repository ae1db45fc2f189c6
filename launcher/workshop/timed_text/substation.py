"""ASS and SSA: the lines of dialogue; comments and drawings are not spoken."""

from __future__ import annotations

import re
from collections.abc import Sequence

from launcher.workshop.timed_text.clock import seconds_of
from launcher.workshop.timed_text.cue import Piece

_USUAL = "Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text"
_DRAWING = re.compile(r"\{[^}]*\\p[1-9]")
_BREAK = re.compile(r"\\[Nn]")


def read_substation(text_lines: Sequence[str]) -> list[Piece]:
    """Cues in the order of their times, for the file's own order is that of its styles."""
    columns, pieces, is_of_events = _names(_USUAL), [], False
    for line in text_lines:
        key, _, rest = line.partition(":")
        if line.startswith("["):
            is_of_events = line.strip().lower() == "[events]"
        elif is_of_events and key.strip().lower() == "format":
            columns = _names(rest)
        elif is_of_events and key.strip().lower() == "dialogue":
            values = dict(zip(columns, rest.strip().split(",", len(columns) - 1), strict=False))
            start, end = seconds_of(values.get("start")), seconds_of(values.get("end"))
            text = values.get("text", "")
            if start is None or end is None or _DRAWING.search(text):
                continue
            said = _BREAK.split(text.replace("\\h", " "))
            who = (values.get("name") or values.get("actor") or "").strip()
            pieces.append(Piece(start, end, tuple(each.strip() for each in said), who or None))
    return sorted(pieces, key=lambda each: (each.start, each.end))


def _names(line: str) -> list[str]:
    return [name.strip().lower() for name in line.split(",")]
