"""Forms of one line a cue: Audacity's labels, SBV, LRC and CTM."""

from __future__ import annotations

import re
from collections.abc import Sequence

from launcher.workshop.timed_text.clock import ended_by_the_next, seconds_of
from launcher.workshop.timed_text.cue import Piece, Word

_SBV_TIMES = re.compile(r"\s*(\d+:\d\d:\d\d\.\d+),(\d+:\d\d:\d\d\.\d+)\s*")
_LRC_STAMPS = re.compile(r"((?:\[\d{1,3}:\d\d(?:[.:]\d{1,3})?\]\s*)+)(.*)")
_LRC_STAMP = re.compile(r"\[(\d{1,3}):(\d\d)(?:[.:](\d{1,3}))?\]")
_LRC_WORD = re.compile(r"<\d{1,3}:\d\d(?:[.:]\d{1,3})?>")
_LRC_OFFSET = re.compile(r"\[offset:\s*([-+]?\d+)\s*\]", re.IGNORECASE)
CTM_SILENCES = ("<eps>", "sil", "<sil>", "<silence>", "sp")


def read_labels(text_lines: Sequence[str]) -> list[Piece]:
    """Audacity: start, end, text with tabs between; lines of frequencies belong to the label before and say nothing.

    A label at a point lasts until the next one.
    """
    pieces = []
    for line in text_lines:
        parts = line.strip("\r\n").lstrip(" ").split("\t", 2)
        if len(parts) < 2 or parts[0] == "\\":
            continue
        start, end = (seconds_of(each.replace(",", ".")) for each in parts[:2])
        if start is not None and end is not None:
            said = parts[2] if len(parts) > 2 else ""
            pieces.append(Piece(start, end, (said.strip(),) if said.strip() else ()))
    if pieces and all(each.end == each.start for each in pieces):
        return ended_by_the_next(pieces)
    return pieces


def read_sbv(text_lines: Sequence[str]) -> list[Piece]:
    """YouTube's SBV: start,end on a line, then what is said."""
    pieces: list[tuple[float, float, list[str]]] = []
    for line in text_lines:
        if times := _SBV_TIMES.fullmatch(line):
            start, end = (seconds_of(each) or 0.0 for each in times.groups())
            pieces.append((start, end, []))
        elif pieces and line.strip():
            pieces[-1][2].extend(part.strip() for part in line.split("[br]"))
    return [Piece(start, end, tuple(said)) for start, end, said in pieces]


def read_lrc(text_lines: Sequence[str]) -> list[Piece]:
    """Lyrics with [minutes:seconds] before a line; an empty line ends the one before. `offset` moves all, in ms."""
    offset_seconds = 0.0
    pieces = []
    for line in text_lines:
        if offset := _LRC_OFFSET.match(line.strip()):
            offset_seconds = int(offset.group(1)) / 1000
        elif stamped := _LRC_STAMPS.match(line.strip()):
            said = " ".join(_LRC_WORD.sub(" ", stamped.group(2)).split())
            for minutes, seconds, fraction in _LRC_STAMP.findall(stamped.group(1)):
                at = int(minutes) * 60 + float(f"{seconds}.{fraction or 0}") - offset_seconds
                pieces.append(Piece(max(0.0, at), max(0.0, at), (said,) if said else ()))
    return ended_by_the_next(pieces)


def read_ctm(text_lines: Sequence[str]) -> list[Word]:
    """Kaldi and NeMo: recording, channel, start, length, word, confidence."""
    words = []
    for line in text_lines:
        parts = line.split()
        if len(parts) < 5 or line.startswith(";;") or parts[4].lower() in CTM_SILENCES:
            continue
        start, length = seconds_of(parts[2]), seconds_of(parts[3])
        if start is not None and length is not None:
            words.append(Word(start, start + length, parts[4]))
    return words
