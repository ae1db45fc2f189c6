"""Bytes of a table to text: the encodings people's programs leave behind, found and named."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from pod_image.dataset.code_pages import read_by_code_page

LINE_END = re.compile(r"\r\n|\n|\r")
"""Not str.splitlines: that also cuts at U+2028 and other characters that may stand in a text."""


@dataclass(frozen=True)
class Decoded:
    """`encoding` as people know it; `is_guess` when no rule but only likelihood says so."""

    text: str
    encoding: str
    is_guess: bool = False
    has_mark: bool = False

    @property
    def has_windows_lines(self) -> bool:
        return "\r" in self.text

    def lines(self) -> list[str]:
        return LINE_END.split(self.text)


def decode(raw: bytes) -> Decoded:
    """Never raises: whatever no Unicode encoding explains is read by a code page, and said to be a guess."""
    if raw.startswith(codecs.BOM_UTF8):
        return Decoded(raw[3:].decode("utf-8", "replace"), "UTF-8", has_mark=True)
    if raw.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return Decoded(raw.decode("utf-32", "replace"), "UTF-32", has_mark=True)
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return Decoded(raw.decode("utf-16", "replace"), "UTF-16", has_mark=True)
    without_mark = _utf_16_without_mark(raw)
    if without_mark:
        return Decoded(raw.decode(without_mark, "replace"), "UTF-16", is_guess=True)
    try:
        return Decoded(raw.decode("utf-8"), "UTF-8")
    except UnicodeDecodeError:
        return Decoded(*read_by_code_page(raw), is_guess=True)


def in_whole_letters(value: object) -> object:
    """A text of JSON without the halves of letters that its escapes can leave: nothing can be written of those."""
    if not isinstance(value, str):
        return value
    return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _utf_16_without_mark(raw: bytes) -> str | None:
    # Every second byte of Western text in UTF-16 is zero; no table in another encoding holds zeros.
    start = raw[:4096]
    if len(start) < 4:
        return None
    even, odd = start[0::2].count(0), start[1::2].count(0)
    most = 0.3 * len(start) / 2
    if odd > most and even < odd / 4:
        return "utf-16-le"
    if even > most and odd < even / 4:
        return "utf-16-be"
    return None
