"""The licence a dataset's card states, and whether it restricts what is made from it."""

from __future__ import annotations

import re

from pod_image.contract.findings import Finding
from pod_image.contract.next_steps import NextStep, Sentence
from pod_image.dataset import Code, FileSource, JoinedSource
from pod_image.dataset.joined import placed

CARD = "README.md"
MOST_CARD_BYTES = 2**20
_FRONT_MATTER = re.compile(r"\A\ufeff?---\s*\r?\n(.*?)\r?\n---\s*(?:\r?\n|\Z)", re.DOTALL)
_LICENCE = re.compile(r"^licen[sc]e:[ \t]*(?:\r?\n[ \t]*-[ \t]*)?['\"]?([\w.+-]+)", re.MULTILINE)
_RESTRICTS = re.compile(r"(?:^|-)(?:nc|nd)(?:-|$)|research|non-?commercial")


def read_licence(source: FileSource) -> tuple[str | None, list[Finding]]:
    """The `license` of the card's front matter, in small letters; None when there is none.

    Of several datasets those of all their cards, or None when one names none.
    """
    if isinstance(source, JoinedSource):
        read = [(part.dataset.name, *read_licence(part.source)) for part in source.parts]
        named = list(dict.fromkeys(licence for _, licence, _ in read if licence))
        is_whole = all(licence for _, licence, _ in read)
        found = [placed(name, each) for name, _, findings in read for each in findings]
        return (", ".join(named) if is_whole else None), found
    entry = next((each for each in source.entries() if each.path == CARD), None)
    if entry is None or entry.size > MOST_CARD_BYTES:
        return None, [_absent("The dataset has no card (README.md)")] if source.is_remote else []
    text = source.read(CARD).decode("utf-8", "replace")
    front = _FRONT_MATTER.match(text)
    stated = _LICENCE.search(front[1]) if front else None
    if stated is None:
        return None, [_absent("The card names no licence")]
    licence = stated[1].lower()
    return licence, _restricting(licence)


def _absent(sentence: str) -> Finding:
    return Code.LICENCE_ABSENT.finding(
        CARD,
        f"{sentence}: people who get the voice cannot know what they may do with it.",
        Sentence("Put `license: …` into the card; ", NextStep.SET_LICENCE, " writes it."),
    )


def _restricting(licence: str) -> list[Finding]:
    if not _RESTRICTS.search(licence):
        return []
    return [
        Code.LICENCE_RESTRICTS.finding(
            CARD,
            f"The licence {licence} restricts what may be done with the recordings.",
            "Make sure that a voice trained from them may be used as you intend.",
        )
    ]
