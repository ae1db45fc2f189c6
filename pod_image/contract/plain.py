"""Text of programs as plain lines: without what a terminal would obey."""

from __future__ import annotations

import re

_SEQUENCE = re.compile(
    r"\x1b(?:"
    r"\[[0-?]*[ -/]*[@-~]"  # colours, movements of the cursor
    r"|[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\|$)"  # titles, links, and what else carries a text of its own
    r"|[ -/]*[0-~]"
    r")|\x9b[0-?]*[ -/]*[@-~]"
)
_CONTROL = re.compile(
    "[\x00-\x08\x0a-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]"
)
"""All but the tab; what turns the direction of writing and letters that nobody sees; halves of a letter."""


def plain_lines(text: str) -> str:
    """The text with each of its lines so."""
    return "\n".join(map(plain_line, text.splitlines()))


def plain_line(text: str) -> str:
    """One line without control codes: sequences go with all they carry, other codes become nothing."""
    if text.isascii() and text.isprintable():
        return text
    return _CONTROL.sub("", _SEQUENCE.sub("", text))
