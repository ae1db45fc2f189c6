"""What a person calls a run: its name, notes and tags. Pure.

Several computers may word the same run: of each label the one typed last stands, and what it took the place of is
kept behind it. The file of it lies in the results repo, where anybody may have written it: it is read within bounds.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import reduce
from typing import Any

from launcher.errors import InvalidRequest
from pod_image.contract.figures import counted
from pod_image.contract.plain import plain_line

MOST_NAME_LETTERS = 80
MOST_NOTES_LETTERS = 2_000
MOST_TAGS = 10
MOST_TAG_LETTERS = 30
MOST_EARLIER = 20
MOST_BYTES = 512 << 10
"""Of the file: everything above in letters of four bytes, escaped."""
_NEVER = datetime(2020, 1, 1, tzinfo=UTC)
_LATEST = datetime(2200, 1, 1, tzinfo=UTC)
_INSTANT = timedelta(milliseconds=1)


class LabelName(StrEnum):
    NAME = "name"
    NOTES = "notes"
    TAGS = "tags"


@dataclass(frozen=True)
class Label:
    """What was typed, and when; empty where it was taken away. Tags stand as they are typed, with commas."""

    text: str = ""
    at: datetime = _NEVER


@dataclass(frozen=True)
class Earlier:
    """What a label was before it was typed anew, here or on another computer."""

    name: LabelName
    text: str
    at: datetime


_NO_LABEL = Label()


@dataclass(frozen=True)
class Labels:
    """Of one run, whichever of its attempts. `earlier`: newest first."""

    of: Mapping[LabelName, Label]
    earlier: tuple[Earlier, ...] = ()

    @property
    def name(self) -> str:
        return self.text(LabelName.NAME)

    @property
    def notes(self) -> str:
        return self.text(LabelName.NOTES)

    @property
    def tags(self) -> tuple[str, ...]:
        return tags_in(self.text(LabelName.TAGS))

    def text(self, name: LabelName) -> str:
        return self.of.get(name, _NO_LABEL).text

    def changed(self, typed: Mapping[LabelName, str], at: datetime) -> Labels:
        """With what was typed at that time. Raises InvalidRequest for what is too long, or holds a key."""
        return reduce(
            lambda labels, each: labels._with(each[0], checked(*each), at), typed.items(), self
        )

    def merged(self, other: Labels) -> Labels:
        """Both computers' words as one, whichever of the two is asked: of each label what was typed last."""
        of, lost = dict(self.of), [*self.earlier, *other.earlier]
        for name, theirs in other.of.items():
            ours = of.get(name, _NO_LABEL)
            last, first = sorted((ours, theirs), key=_by_time, reverse=True)
            of[name] = last
            lost.append(Earlier(name, first.text, first.at))
        return Labels(of, _kept(lost, of))

    def _with(self, name: LabelName, text: str, at: datetime) -> Labels:
        known = self.of.get(name, _NO_LABEL)
        if text == known.text:
            return self
        # Whoever has seen a label and types another means it, whatever the two clocks say.
        at = max(at.astimezone(UTC), known.at + _INSTANT)
        # As exact as the file has it, so that what was read back is what was written.
        at = at.replace(microsecond=at.microsecond // 1000 * 1000)
        of = {**self.of, name: Label(text, at)}
        before = Earlier(name, known.text, known.at)
        return Labels(of, _kept([before, *self.earlier], of))

    def to_json(self) -> str:
        document = {
            **{name.value: _document(label) for name, label in sorted(self.of.items())},
            "earlier": [{"label": each.name.value, **_document(each)} for each in self.earlier],
        }
        return json.dumps(document, ensure_ascii=False, indent=1) + "\n"

    @classmethod
    def from_json(cls, raw: str | bytes | None) -> Labels | None:
        """What a file says, as far as it can be a file of ours; None where it is none. Never raises."""
        document = _parsed(raw)
        if document is None:
            return None
        of = {name: _label(name, document[name]) for name in LabelName if name in document}
        found = document.get("earlier")
        rows = found[:MOST_EARLIER] if isinstance(found, list) else []
        earlier = [read for each in rows if (read := _earlier(each)) is not None]
        return cls(of, _kept(earlier, of))


NO_LABELS = Labels({})


def tags_in(text: str) -> tuple[str, ...]:
    """The tags of a text with commas, each once; no two that differ in capitals alone."""
    found: dict[str, str] = {}
    for each in text.replace("\n", ",").split(","):
        tag = " ".join(each.split())
        if tag:
            found.setdefault(tag.casefold(), tag)
    return tuple(found.values())


def with_tags(labels: Labels, more: Iterable[str] = (), fewer: Iterable[str] = ()) -> str:
    """The tags with some more and some fewer, as one would type them."""
    gone = {tag.casefold() for tag in tags_in(",".join(fewer))}
    return ", ".join(
        tag for tag in tags_in(",".join([*labels.tags, *more])) if tag.casefold() not in gone
    )


def checked(name: LabelName, typed: str) -> str:
    """The label as it is kept. Raises InvalidRequest for one that is too long, or that a key stands in."""
    from pod_image.contract.keys import shaped_key  # its patterns take time, and reading needs none

    text = _shape(name, typed)
    found = shaped_key(text)
    if found is not None:
        raise InvalidRequest(
            f"The {_WORDS[name]} of a run must not contain a key; this has {found.kind}.",
            hint="It is stored in the results repo. Remove the key.",
        )
    if name is LabelName.TAGS:
        _check_tags(tags_in(text))
        return text
    most = _MOST_LETTERS[name]
    if len(text) > most:
        over = counted(len(text) - most, "letter")
        raise InvalidRequest(
            f"The {_WORDS[name]} of a run may have {most:,} letters: {over} too many.",
            hint="Shorten it.",
        )
    return text


def overruled(ours: Labels, theirs: Labels) -> tuple[Earlier, ...]:
    """Words that do not stand any more once the two are put together: ours, and theirs that we had not seen."""
    now, seen = ours.merged(theirs), {(each.name, each.text) for each in ours.earlier}
    found = []
    for name in LabelName:
        for of, is_known in ((ours, False), (theirs, True)):
            label = of.of.get(name, _NO_LABEL)
            is_old = is_known and (name, label.text) in seen
            if label.text and label.text != now.text(name) and not is_old:
                found.append(Earlier(name, label.text, label.at))
    return tuple(found)


_WORDS = {LabelName.NAME: "name", LabelName.NOTES: "notes", LabelName.TAGS: "tags"}
_MOST_LETTERS = {LabelName.NAME: MOST_NAME_LETTERS, LabelName.NOTES: MOST_NOTES_LETTERS}


def _check_tags(tags: tuple[str, ...]) -> None:
    if len(tags) > MOST_TAGS:
        raise InvalidRequest(
            f"A run may have {MOST_TAGS} tags: these are {len(tags)}.", hint="Leave some out."
        )
    long = next((tag for tag in tags if len(tag) > MOST_TAG_LETTERS), None)
    if long is not None:
        raise InvalidRequest(
            f"A tag may have {MOST_TAG_LETTERS} letters: “{long[:MOST_TAG_LETTERS]}…” has {len(long)}.",
            hint="Separate tags with commas; put longer text into the notes.",
        )


def _shape(name: LabelName, typed: str) -> str:
    """Without what a terminal would obey and blanks at the ends; notes alone have several lines."""
    lines = [plain_line(line.expandtabs(4)).rstrip() for line in typed.splitlines()]
    if name is LabelName.NOTES:
        return "\n".join(lines).strip("\n")
    if name is LabelName.TAGS:
        return ", ".join(tags_in(",".join(lines)))
    return " ".join(" ".join(lines).split())


def _bounded(name: LabelName, text: str) -> str:
    """What another computer wrote, cut to what could have been typed here."""
    text = _shape(name, text[: 4 * MOST_NOTES_LETTERS])
    if name is LabelName.TAGS:
        return ", ".join(tag[:MOST_TAG_LETTERS] for tag in tags_in(text)[:MOST_TAGS])
    return text[: _MOST_LETTERS[name]]


def _by_time(label: Label) -> tuple[datetime, str]:
    """By the text where two were typed at one time: every computer has to choose the same."""
    return label.at, label.text


def _kept(lost: Iterable[Earlier], of: Mapping[LabelName, Label]) -> tuple[Earlier, ...]:
    """Each text once, by the last time it was typed, newest first; none that is empty or stands now."""
    last: dict[tuple[LabelName, str], Earlier] = {}
    for each in lost:
        is_now = of.get(each.name, _NO_LABEL).text == each.text
        known = last.get((each.name, each.text))
        if each.text and not is_now and (known is None or known.at < each.at):
            last[each.name, each.text] = each
    ordered = sorted(last.values(), key=lambda each: (each.at, each.name, each.text), reverse=True)
    return tuple(ordered[:MOST_EARLIER])


def _document(label: Label | Earlier) -> dict[str, str]:
    return {"text": label.text, "at": label.at.astimezone(UTC).isoformat(timespec="milliseconds")}


def _parsed(raw: str | bytes | None) -> dict[str, Any] | None:
    if not raw or len(raw) > MOST_BYTES:
        return None
    try:
        document = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def _label(name: LabelName, found: object) -> Label:
    text = found.get("text") if isinstance(found, dict) else None
    at = found.get("at") if isinstance(found, dict) else None
    if not isinstance(text, str):
        return _NO_LABEL
    return Label(_bounded(name, text), _moment(at))


def _earlier(found: object) -> Earlier | None:
    if not isinstance(found, dict) or found.get("label") not in list(LabelName):
        return None
    name = LabelName(found["label"])
    label = _label(name, found)
    return Earlier(name, label.text, label.at)


def _moment(at: object) -> datetime:
    try:
        moment = datetime.fromisoformat(str(at))
    except ValueError:
        return _NEVER
    if moment.tzinfo is None:
        return _NEVER
    return min(max(moment, _NEVER), _LATEST) if 1900 < moment.year < 9000 else _NEVER
