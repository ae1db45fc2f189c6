"""WebVTT: cues with voices; notes, styles, regions, settings and names of cues are not spoken."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from launcher.workshop.timed_text.clock import seconds_of
from launcher.workshop.timed_text.cue import Piece
from launcher.workshop.timed_text.srt import TIMES

_VOICE = re.compile(r"<v(?:\.[^\s>]*)?\s+([^>]*)>", re.IGNORECASE)
_NOT_CUES = re.compile(r"(?:NOTE|STYLE|REGION|WEBVTT)(?:\s|$)")


def read_vtt(text_lines: Sequence[str]) -> list[Piece]:
    """Cues in the file's order; a cue with several voices becomes one for each, of a length that fits its words."""
    pieces: list[Piece] = []
    for block in _blocks(text_lines):
        starts = [number for number, line in enumerate(block) if TIMES.search(line)]
        if not starts:
            # The rest of a cue that an editor broke by a blank line, unless it says that it is something else.
            if pieces and not _NOT_CUES.match(block[0]):
                pieces[-1] = _with_lines(pieces[-1], block)
            continue
        if _NOT_CUES.match(block[0]) and block[0].split()[0] != "WEBVTT":
            continue
        for at, following in zip(starts, [*starts[1:], len(block)], strict=False):
            times = TIMES.search(block[at])
            assert times is not None
            start, end = (seconds_of(each) or 0.0 for each in times.groups())
            lines = block[at + 1 : following]
            pieces.append(Piece(start, end, tuple(each for each in lines if each.strip())))
    return [part for piece in pieces for part in _voices(piece)]


def _blocks(text_lines: Sequence[str]) -> Iterator[list[str]]:
    """Only a line with nothing at all ends a block: YouTube's cues begin with a line of one blank."""
    block: list[str] = []
    for line in [*text_lines, ""]:
        if line.strip("\r\n"):
            block.append(line)
        elif block:
            yield block
            block = []


def _with_lines(piece: Piece, more: Sequence[str]) -> Piece:
    return Piece(piece.start, piece.end, (*piece.lines, *(each for each in more if each.strip())))


def _voices(piece: Piece) -> list[Piece]:
    whole = "\n".join(piece.lines)
    found = list(_VOICE.finditer(whole))
    names = [each.group(1).strip() for each in found]
    if len(set(names)) <= 1:
        return [
            Piece(piece.start, piece.end, piece.lines, names[0] if names and names[0] else None)
        ]
    ends = [*(each.start() for each in found[1:]), len(whole)]
    said = [whole[each.start() : end] for each, end in zip(found, ends, strict=True)]
    said[0] = whole[: found[0].start()] + said[0]
    total, at, parts = sum(map(len, said)), piece.start, []
    for name, part in zip(names, said, strict=True):
        end = at + (piece.end - piece.start) * len(part) / total
        parts.append(Piece(at, end, tuple(part.split("\n")), name or None))
        at = end
    return parts
