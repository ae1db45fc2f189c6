"""Letters that a terminal obeys or hides, and that are in no honest name. Standard library only."""

from __future__ import annotations

import re

_OBEYED_OR_HIDDEN = (
    # Control characters but tab and line feed, C1 and delete included.
    r"\x00-\x08\x0b-\x1f\x7f-\x9f"
    # What turns the direction of writing, so that a line reads as another; invisible letters; other line ends.
    r"\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f"
    # Halves of a letter.
    r"\ud800-\udfff"
)
UNSAFE_LETTER = re.compile(f"[{_OBEYED_OR_HIDDEN}]")
_UNSAFE_IN_A_NAME = re.compile(rf"[{_OBEYED_OR_HIDDEN}\t\n]")


def is_plain_name(text: str) -> bool:
    """Whether the text is one line and is shown as what it is."""
    return _UNSAFE_IN_A_NAME.search(text) is None
