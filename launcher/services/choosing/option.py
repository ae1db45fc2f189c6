"""What is offered to a person who chooses: each thing with the words it is known by, and what is missing, and why."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pod_image.contract.next_steps import Said
from pod_image.contract.plain import plain_line

LONGEST_WORDS = 200
MOST_OPTIONS = 500
"""More are not sent to a page: whoever looks for an older one knows its name."""


@dataclass(frozen=True)
class Option:
    """`value` is what the setting gets; every other text is for people and may come from strangers."""

    value: str
    title: str
    detail: str = ""
    marks: tuple[str, ...] = ()
    """Short words of their own, such as private."""
    reason: str = ""
    """Why it stands where it does: what it fits, or what speaks against it."""
    found_by: str = ""
    """Further words it is found by."""
    is_best: bool = False
    also: Mapping[str, Any] = field(default_factory=dict)
    """Values of other settings without which this one means nothing."""
    sound: str = ""
    """What can be heard of it, for whoever plays it."""


@dataclass(frozen=True)
class Listing:
    """`notes` say what is not among the options; with a `problem` none could be had, and typing is the way."""

    options: tuple[Option, ...] = ()
    notes: tuple[Said, ...] = ()
    problem: Said = ""
    what_to_do: Said = ""
    makes: tuple[str, ...] = ()
    """Accounts in which something new may be named, as owner/name."""
    continues: bool = False
    """What is chosen is gone on with, and not begun anew."""


def folded(text: str) -> str:
    """As it is compared: without case and accents."""
    apart = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in apart if not unicodedata.combining(letter))


def shown_words(text: object) -> str:
    """A stranger's words on one line, without what turns or hides letters, and not endless."""
    line = plain_line(str(text)).strip()
    return line if len(line) <= LONGEST_WORDS else f"{line[: LONGEST_WORDS - 1]}…"
