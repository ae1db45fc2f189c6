"""Text of others (log lines, names, dataset texts) made safe for a terminal. Standard library only."""

from __future__ import annotations

import re

_OWN_LOOK = r"\x1b\[(?:0|[1-2]|3[1236])(?:;(?:[1-2]|3[1236]))?m"
"""What `output.style` writes: bold, dim and four colours. They can hide nothing."""
_UNSAFE = re.compile(
    rf"({_OWN_LOOK})|"
    # Control characters but tab and line feed, C1 included; what turns the direction of writing,
    # so that a line reads as another; invisible letters and line ends; halves of a letter.
    r"([\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff])"
)


def harmless(text: str) -> str:
    """The text with everything that a terminal would obey or hide written out, such as `\\x1b`.

    Line ends, tabs and our own colours stay.
    """
    return _UNSAFE.sub(lambda match: match[1] or _written_out(match[2]), text)


def harmless_line(text: str) -> str:
    """The same for what has to stay one line: a line end would let a text pretend to be two."""
    return harmless(text).replace("\n", "\\n")


def harmless_json(text: str) -> str:
    """JSON whose value is the same, without anything that a terminal would obey."""
    return _UNSAFE.sub(lambda match: f"\\u{ord(match[2]):04x}" if match[2] else match[0], text)


def _written_out(letter: str) -> str:
    code = ord(letter)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
