"""What an edit does to the lines of a table, as a value that can be turned round. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from launcher.workshop.table import Line

JOINED_SECONDS = 60.0
"""Typing rests now and then: what is typed into one clip within a minute is one edit."""


class EditKind(StrEnum):
    TEXT = "text"
    DROP = "drop"
    RESTORE = "restore"
    TRIM = "trim"
    SPLIT = "split"
    JOIN = "join"


@dataclass(frozen=True)
class Swap:
    """Lines that follow each other, and what stands there afterwards.

    `at` is where `after` goes when there is no line to take the place of; it counts the lines that stand there once
    the swaps before it are done.
    """

    at: int
    before: tuple[Line, ...]
    after: tuple[Line, ...]


@dataclass(frozen=True)
class Edit:
    """One edit. `what` says it to people; `takes` are files of the dataset that it puts aside, `puts` those it writes.

    Of clips left out, `paths` are their sounds, one for each swap, empty where there was none. Of clips brought back,
    `of` says for each swap which edit had left it out, and which swap of that.
    """

    kind: EditKind
    what: str
    at: float
    swaps: tuple[Swap, ...]
    takes: tuple[str, ...] = ()
    puts: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    of: tuple[tuple[int, int], ...] = ()


class TableMoved(Exception):
    """The table is not as the edit left it, or found it; the text names the line."""


def applied(lines: Sequence[Line], swaps: Iterable[Swap]) -> list[Line]:
    """The lines after these swaps. TableMoved unless every line that is replaced is there, as it was."""
    swaps = tuple(swaps)
    there = _Places(lines)
    slots: list[Sequence[Line]] = [(line,) for line in lines]
    for swap in swaps:
        if swap.before:
            first = there.find(swap.before)
            slots[first] = swap.after
            for number in range(first + 1, first + len(swap.before)):
                slots[number] = ()
    result = [line for slot in slots for line in slot]
    for swap in swaps:
        if not swap.before:
            at = min(swap.at, len(result))
            result[at:at] = swap.after
    return result


def turned_round(swaps: Iterable[Swap]) -> tuple[Swap, ...]:
    """What undoes them."""
    return tuple(replace(swap, before=swap.after, after=swap.before) for swap in swaps)


def text_swaps(lines: Sequence[Line], texts: dict[str, str]) -> tuple[Swap, ...]:
    """New texts by file; lines that have the text already are left out."""
    return tuple(
        Swap(number, (line,), (replace(line, text=texts[line.file]),))
        for number, line in enumerate(lines)
        if line.file in texts and texts[line.file] != line.text
    )


def dropped(lines: Sequence[Line], doomed: Iterable[int]) -> tuple[Swap, ...]:
    """These lines gone. Turned round, each goes back to its own number."""
    return tuple(Swap(number, (lines[number],), ()) for number in sorted(doomed))


def merged(last: Edit, new: Edit) -> Edit | None:
    """Both as one, if the second goes on with the first; None if they are two."""
    goes_on = (
        last.kind is new.kind is EditKind.TEXT
        and len(last.swaps) == len(new.swaps) == 1
        and last.swaps[0].after == new.swaps[0].before
        and 0 <= new.at - last.at <= JOINED_SECONDS
    )
    if not goes_on:
        return None
    return replace(new, swaps=(replace(new.swaps[0], before=last.swaps[0].before),))


class _Places:
    """Where lines stand, by their file."""

    def __init__(self, lines: Sequence[Line]) -> None:
        self._lines = lines
        self._numbers: dict[str, list[int]] = defaultdict(list)
        for number, line in enumerate(lines):
            self._numbers[line.file].append(number)

    def find(self, wanted: tuple[Line, ...]) -> int:
        for number in self._numbers.get(wanted[0].file, []):
            if tuple(self._lines[number : number + len(wanted)]) == wanted:
                return number
        raise TableMoved(wanted[0].file)


# As the journal keeps them


def to_document(edit: Edit) -> dict[str, Any]:
    return {
        "kind": edit.kind.value,
        "what": edit.what,
        "at": edit.at,
        "swaps": [
            {"at": one.at, "before": _cells(one.before), "after": _cells(one.after)}
            for one in edit.swaps
        ],
        "takes": list(edit.takes),
        "puts": list(edit.puts),
        "paths": list(edit.paths),
        "of": [list(one) for one in edit.of],
    }


def from_document(document: dict[str, Any]) -> Edit:
    """Raises KeyError, TypeError or ValueError for what is no edit."""
    return Edit(
        kind=EditKind(document["kind"]),
        what=str(document["what"]),
        at=float(document["at"]),
        swaps=tuple(
            Swap(int(one["at"]), _lines(one["before"]), _lines(one["after"]))
            for one in document["swaps"]
        ),
        takes=tuple(map(str, document["takes"])),
        puts=tuple(map(str, document["puts"])),
        paths=tuple(map(str, document["paths"])),
        of=tuple((int(number), int(swap)) for number, swap in document["of"]),
    )


def _cells(lines: Sequence[Line]) -> list[list[Any]]:
    """The further cells only where a line has some."""
    return [
        [line.file, line.text, line.speaker, *([list(line.cells)] if line.cells else [])]
        for line in lines
    ]


def _lines(cells: Sequence[Sequence[Any]]) -> tuple[Line, ...]:
    return tuple(
        Line(str(file), str(text), speaker, cells=tuple(map(str, more[0])) if more else ())
        for file, text, speaker, *more in cells
    )
