"""Which way a command's progress is read, as a person names it: a word, or a kind and what belongs to it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePosixPath

WRITTEN = (
    "Choose auto, none, json, bar, trainer, file:PATTERN (such as file:out/*.jsonl) or regex:EXPRESSION with "
    "named groups, such as regex:step (?P<step>[0-9]+)."
)


class ProgressWay(StrEnum):
    AUTO = "auto"
    NONE = "none"
    JSON = "json"
    BAR = "bar"
    TRAINER = "trainer"
    FILE = "file"
    REGEX = "regex"


@dataclass(frozen=True)
class ProgressChoice:
    way: ProgressWay
    argument: str = ""
    """The file's pattern below the command's folder, or the regular expression."""


def progress_choice(text: str) -> ProgressChoice:
    """Read what a person wrote. Raises ValueError with what is wrong with it."""
    word, colon, argument = text.partition(":")
    try:
        way = ProgressWay(word)
    except ValueError:
        raise ValueError(f"{word!r} is not a way to read progress") from None
    takes_one = way in (ProgressWay.FILE, ProgressWay.REGEX)
    if takes_one != bool(argument) or bool(colon) != takes_one:
        raise ValueError(f"{way} needs {'something' if takes_one else 'nothing'} after a colon")
    if way is ProgressWay.FILE:
        path = PurePosixPath(argument)
        if path.is_absolute() or ".." in path.parts:
            raise ValueError("the file pattern must stay inside the command's folder")
    if way is ProgressWay.REGEX:
        try:
            names = re.compile(argument).groupindex
        except re.error as exc:
            raise ValueError(f"the regular expression is not valid: {exc}") from None
        if not {"step", "epoch"} & set(names):
            raise ValueError("the regular expression needs a group named step or epoch")
    return ProgressChoice(way, argument)


def checked_progress(text: str) -> str:
    """For a setting: the text itself, once it can be read."""
    progress_choice(text)
    return text
