"""Forms of one line a cue: Audacity's labels, SBV, LRC and CTM."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

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
    pieces = _with_who(pieces)
    if pieces and all(each.end == each.start for each in pieces):
        return ended_by_the_next(pieces)
    return pieces


def _with_who(pieces: list[Piece]) -> list[Piece]:
    """A fourth column in every line: the third is who speaks, where a few names come again and again."""
    parted = [each.lines[0].split("\t") for each in pieces if each.lines]
    names = {cells[0].strip() for cells in parted}
    if len(parted) < 2 or any(len(cells) != 2 for cells in parted) or len(names) * 2 > len(parted):
        return pieces
    return [
        replace(each, lines=(said.strip(),), speaker=who.strip())
        for each in pieces
        for who, _, said in [each.lines[0].partition("\t") if each.lines else ("", "", "")]
    ]


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
    has_hours = _has_hours(text_lines)
    for line in text_lines:
        if offset := _LRC_OFFSET.match(line.strip()):
            offset_seconds = int(offset.group(1)) / 1000
        elif stamped := _LRC_STAMPS.match(line.strip()):
            said = " ".join(_LRC_WORD.sub(" ", stamped.group(2)).split())
            for stamp in _LRC_STAMP.finditer(stamped.group(1)):
                at = _seconds_of_stamp(stamp, has_hours=has_hours) - offset_seconds
                pieces.append(Piece(max(0.0, at), max(0.0, at), (said,) if said else ()))
    return ended_by_the_next(pieces)


def _has_hours(text_lines: Sequence[str]) -> bool:
    """Whether [00:01:02] is a minute and two seconds: of hundredths some are above 59."""
    stamps = [found for line in text_lines for found in _LRC_STAMP.finditer(line)]
    thirds = [found[3] for found in stamps if found[3] and ":" in found[0][-4:]]
    return bool(thirds) and all(len(each) == 2 and int(each) < 60 for each in thirds)


def _seconds_of_stamp(stamp: re.Match[str], *, has_hours: bool) -> float:
    first, second, third = int(stamp[1]), int(stamp[2]), stamp[3] or "0"
    if has_hours and stamp[3] and ":" in stamp[0][-4:]:
        return first * 3600 + second * 60 + int(third)
    return first * 60 + float(f"{second}.{third}")


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
