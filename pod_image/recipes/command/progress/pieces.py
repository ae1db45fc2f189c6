"""A command's output as it comes, in bytes, taken apart into lines and into what was drawn over itself."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

LONGEST = 1 << 16
"""A line without an end must not fill the memory: it is passed on in pieces of this many letters."""
_END = re.compile(r"\r\n|\n|\r|\x1b\[A")
_ESCAPE = re.compile(r"\x1b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
"""Colours and moves of the cursor (ECMA-48), and a terminal's title."""


@dataclass(frozen=True)
class Piece:
    """A stretch of output without escape codes and trailing blanks."""

    text: str
    is_line: bool
    """Ended by a line feed; otherwise it was drawn over by what came next."""


class Pieces:
    """Feed it what was read; a letter or code that a read cut in two is put together again."""

    def __init__(self) -> None:
        self._decode = codecs.getincrementaldecoder("utf-8")(errors="replace").decode
        self._open = ""

    def feed(self, data: bytes, *, is_last: bool = False) -> list[Piece]:
        """What is complete by now, in order."""
        text = self._open + self._decode(data, is_last)
        found, start = [], 0
        for end in _END.finditer(text):
            if end.group() == "\r" and end.end() == len(text) and not is_last:
                break  # the line feed that belongs to it may come with the next read
            found += _pieces(text[start : end.start()], is_line=end.group().endswith("\n"))
            start = end.end()
        self._open = text[start:]
        if is_last or len(self._open) > LONGEST:
            found += _pieces(self._open, is_line=True)
            self._open = ""
        return [piece for piece in found if piece.text or piece.is_line]

    @property
    def drawn(self) -> str:
        """What was written since the last end: a bar stands there until it is drawn again."""
        return _ESCAPE.sub("", self._open).strip("\r").rstrip()


def _pieces(text: str, *, is_line: bool) -> list[Piece]:
    plain = _ESCAPE.sub("", text).rstrip()
    parts = [plain[at : at + LONGEST] for at in range(0, len(plain), LONGEST)] or [""]
    return [Piece(part, is_line) for part in parts]
