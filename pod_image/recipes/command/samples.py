"""What among a command's results can be heard or seen, by the step at which it was made."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePosixPath

from pod_image.contract.bodies import Sample
from pod_image.contract.media import media_of
from pod_image.recipes.command.collecting import fits

MOST_A_TURN = 32
LARGEST_STEP = 10**9
_STEP = (
    re.compile(r"(?:step|update|iter|global_step)s?[_=-]?(\d+)", re.IGNORECASE),
    re.compile(r"sample[_-](\d+)", re.IGNORECASE),
    re.compile(r"(?<!\d)(\d{9})(?!\d)"),
)
"""How trainers write the step into a name: by a word before it, or with nine digits."""
_NUMBERS = re.compile(r"[\W_]*\d+(?:x\d+)?[\W_]*")
_WORDS = re.compile(r"\b(?:steps?|samples?|training|update|iter)\b", re.IGNORECASE)
_SIZE = re.compile(r"_\d+x\d+$")
_INDEX = re.compile(r"_(\d{1,3})$")
_PLAIN = frozenset({"out", "samples", "sample", "images", "validation", "outputs"})
"""Folders whose names tell nothing."""


def samples_among(
    paths: Sequence[str], patterns: Sequence[str], step: int | None, below: str
) -> list[Sample]:
    """A sample for each path that can be shown, newest steps last.

    `patterns` name which; without any all pictures, sounds and videos. `step` is how far the training is, for names
    that do not say. `below` is put before each path.
    """
    found = []
    for path in paths:
        media = media_of(path)
        if media is None or not (fits(path, patterns) if patterns else media != "text"):
            continue
        at = step_in(path)
        at = at if at is not None else step or 0
        found.append(Sample(step=at, path=below + path, text=label_of(path), media=media))
    return sorted(found, key=lambda sample: sample.step)[-MOST_A_TURN:]


def step_in(path: str) -> int | None:
    """The step that a file's name tells, or that of a folder on its way."""
    for part in reversed(PurePosixPath(path).parts):
        for expression in _STEP:
            match = expression.search(part)
            if match and int(match[1]) <= LARGEST_STEP:
                return int(match[1])
    return None


def label_of(path: str) -> str:
    """What is the same for the samples of all steps: the name without its numbers, or the folder that holds it; and
    which of several it is.
    """
    parts = PurePosixPath(path)
    index = _INDEX.search(_SIZE.sub("", parts.stem))
    for text in (parts.stem, *reversed(parts.parent.parts)):
        words = " ".join(_NUMBERS.sub(" ", text).replace("_", " ").split())
        words = _WORDS.sub("", words).strip(" -")
        if words and words.lower() not in _PLAIN:
            return f"{words} {index[1]}" if index else words
    return parts.name
