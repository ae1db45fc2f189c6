"""The edits of a dataset on disk: what was done, what was undone, and the sound that each put aside.

An edit that a crash left in the middle is carried to its end by whoever opens the journal next.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from launcher.config import is_private
from launcher.errors import InvalidRequest
from launcher.workshop.editing.edits import (
    Edit,
    TableMoved,
    applied,
    from_document,
    to_document,
    turned_round,
)
from launcher.workshop.editing.own_folder import OWN_FOLDER, own_folder
from launcher.workshop.table import Line, read_lines, render_lines, write_lines
from pod_image.contract.whole_file import write_whole

JOURNAL, EDITS, TRASH = "journal.json", "edits", "trash"
FORMAT = 1


@dataclass(frozen=True)
class Entry:
    """An edit's number, and its kind, so that not every edit is read to find some."""

    number: int
    kind: str


@dataclass(frozen=True)
class State:
    """`doing` is the edit under way, whether it is being undone, and the checksum of the table it will leave."""

    done: tuple[Entry, ...] = ()
    undone: tuple[Entry, ...] = ()
    next_number: int = 1
    doing: tuple[int, bool, str] | None = None


@dataclass
class Journal:
    """Of one dataset; whoever changes anything holds its lock."""

    folder: Path
    state: State = field(default_factory=State)

    @property
    def last_done(self) -> Edit | None:
        return self.edit(self.state.done[-1].number) if self.state.done else None

    @property
    def last_undone(self) -> Edit | None:
        return self.edit(self.state.undone[-1].number) if self.state.undone else None

    def edit(self, number: int) -> Edit:
        """Raises InvalidRequest when its file is damaged."""
        path = self._edit_path(number)
        try:
            return from_document(json.loads(path.read_text("utf-8")))
        except (OSError, ValueError, KeyError, TypeError) as exc:
            raise InvalidRequest(
                f"Earlier changes can no longer be undone: {path} is damaged.",
                hint="The clips and the table stay as they are.",
            ) from exc

    def done_of(self, *kinds: str) -> Iterator[tuple[int, Edit]]:
        """Edits of these kinds that are in force, the oldest first."""
        for entry in self.state.done:
            if entry.kind in kinds:
                yield entry.number, self.edit(entry.number)

    def sound_before(self, number: int, path: str) -> Path:
        """Where the sound lies that an edit took away."""
        return self._trash(number) / "before" / path

    def sound_after(self, number: int, path: str) -> Path:
        """Where the sound lies that an edit puts into the dataset, until it does."""
        return self._trash(number) / "after" / path

    def begin(self) -> int:
        """The number of a new edit, with nothing yet in its part of the trash."""
        own_folder(self.folder)
        number = self.state.next_number
        shutil.rmtree(self._trash(number), ignore_errors=True)  # of an edit that never came about
        return number

    def do(self, number: int, edit: Edit) -> None:
        """Carry a new edit out; what was undone before it cannot be done again. Raises TableMoved, OSError."""
        self._write_edit(number, edit)
        entry = Entry(number, edit.kind.value)
        goal = State((*self.state.done, entry), (), number + 1)
        self._carry_out(number, edit, is_undone=False, goal=goal)

    def replace_last(self, edit: Edit) -> None:
        """Let an edit of texts alone stand for the last one and for itself."""
        last = self.state.done[-1]
        write_lines(
            self.folder, applied(read_lines(self.folder), self._difference(last.number, edit))
        )
        self._write_edit(last.number, edit)
        if self.state.undone:
            self._save(replace(self.state, undone=()))

    def undo(self) -> Edit:
        """Undo the last edit. Raises TableMoved when its lines were changed by others since, OSError."""
        entry = self.state.done[-1]
        edit = self.edit(entry.number)
        goal = replace(
            self.state, done=self.state.done[:-1], undone=(*self.state.undone, entry), doing=None
        )
        self._carry_out(entry.number, edit, is_undone=True, goal=goal)
        return edit

    def redo(self) -> Edit:
        """Do again what was undone last. Raises TableMoved, OSError."""
        entry = self.state.undone[-1]
        edit = self.edit(entry.number)
        goal = replace(
            self.state, done=(*self.state.done, entry), undone=self.state.undone[:-1], doing=None
        )
        self._carry_out(entry.number, edit, is_undone=False, goal=goal)
        return edit

    def forget(self) -> None:
        """Remove every edit and all sound that was put aside: for good."""
        self._save(State(next_number=self.state.next_number))
        for name in (EDITS, TRASH):
            shutil.rmtree(self._own / name, ignore_errors=True)

    def kept_bytes(self) -> int:
        """What the sound that was put aside takes on the disk."""
        return sum(path.stat().st_size for path in (self._own / TRASH).rglob("*") if path.is_file())

    # One edit, in steps that may each be repeated

    def _carry_out(self, number: int, edit: Edit, *, is_undone: bool, goal: State) -> None:
        self._refuse_overwriting(edit, is_undone=is_undone)
        lines = self._lines_after(edit, is_undone=is_undone)
        self._save(replace(self.state, doing=(number, is_undone, _sum(lines))))
        try:
            self._move_sounds(number, edit, is_undone=is_undone)
            self._write_table(lines)
        except OSError:
            # As it was before: the disk is full, or somebody holds a file open.
            self._move_sounds(number, edit, is_undone=not is_undone)
            self._save(replace(self.state, doing=None))
            raise
        self._save(goal)

    def _refuse_overwriting(self, edit: Edit, *, is_undone: bool) -> None:
        leaving, coming = (edit.takes, edit.puts)[:: -1 if is_undone else 1]
        for path in coming:
            if path not in leaving and os.path.lexists(self.folder / path):
                raise TableMoved(path)

    def _move_sounds(self, number: int, edit: Edit, *, is_undone: bool) -> None:
        aside, back = (self.sound_before, self.sound_after)[:: -1 if is_undone else 1]
        leaving, coming = (edit.takes, edit.puts)[:: -1 if is_undone else 1]
        for path in leaving:
            put_aside = aside(number, path)
            if not os.path.lexists(put_aside):  # else what lies here now came after it
                _move(self.folder / path, put_aside)
        for path in coming:
            _move(back(number, path), self.folder / path)

    def _lines_after(self, edit: Edit, *, is_undone: bool) -> list[Line]:
        swaps = turned_round(edit.swaps) if is_undone else edit.swaps
        return applied(read_lines(self.folder), swaps)

    def _write_table(self, lines: Sequence[Line]) -> None:
        write_lines(self.folder, lines)

    def finish(self) -> None:
        """Carry an edit that was broken off to its end. Raises OSError."""
        if self.state.doing is None:
            return
        number, is_undone, wanted = self.state.doing
        edit = self.edit(number)
        self._move_sounds(number, edit, is_undone=is_undone)
        if _sum(read_lines(self.folder)) != wanted:
            with suppress(TableMoved):  # others changed these lines since: theirs stay
                self._write_table(self._lines_after(edit, is_undone=is_undone))
        self._save(self._settled(number, edit, is_undone=is_undone))

    def _settled(self, number: int, edit: Edit, *, is_undone: bool) -> State:
        entry = Entry(number, edit.kind.value)
        done = tuple(each for each in self.state.done if each.number != number)
        undone = tuple(each for each in self.state.undone if each.number != number)
        is_new = number >= self.state.next_number
        if is_undone:
            undone = (*undone, entry)
        else:
            done, undone = (*done, entry), () if is_new else undone
        return State(done, undone, max(self.state.next_number, number + 1))

    def _difference(self, number: int, edit: Edit) -> Any:
        """From what the last edit left to what `edit` leaves."""
        (old,), (new,) = self.edit(number).swaps, edit.swaps
        return (replace(new, before=old.after),)

    # On disk

    @property
    def _own(self) -> Path:
        return self.folder / OWN_FOLDER

    def _trash(self, number: int) -> Path:
        return self._own / TRASH / f"{number:06d}"

    def _edit_path(self, number: int) -> Path:
        return self._own / EDITS / f"{number:06d}.json"

    def _write_edit(self, number: int, edit: Edit) -> None:
        path = self._edit_path(number)
        path.parent.mkdir(exist_ok=True)
        self._write(path, to_document(edit))

    def _save(self, state: State) -> None:
        self.state = state
        rows = {
            name: [[each.number, each.kind] for each in entries]
            for name, entries in (("done", state.done), ("undone", state.undone))
        }
        numbers = {"next": state.next_number, "doing": state.doing}
        self._write(self._own / JOURNAL, {"format": FORMAT, **numbers, **rows})

    def _write(self, path: Path, document: dict[str, Any]) -> None:
        text = json.dumps(document, ensure_ascii=False) + "\n"
        write_whole(path, text, is_private=is_private(self.folder), is_durable=True)


def read_journal(folder: Path) -> Journal:
    """As it stands on disk; whoever means to change something calls `finish` first. InvalidRequest when damaged."""
    path = folder / OWN_FOLDER / JOURNAL
    if not path.is_file():
        return Journal(folder)
    try:
        document = json.loads(path.read_text("utf-8"))
        doing = document["doing"]
        state = State(
            tuple(Entry(int(number), str(kind)) for number, kind in document["done"]),
            tuple(Entry(int(number), str(kind)) for number, kind in document["undone"]),
            int(document["next"]),
            None if doing is None else (int(doing[0]), bool(doing[1]), str(doing[2])),
        )
    except (ValueError, KeyError, TypeError) as exc:
        raise InvalidRequest(
            f"{path} is damaged.",
            hint="Move it away; the clips and the table stay as they are, and the edit history starts empty.",
        ) from exc
    return Journal(folder, state)


def _sum(lines: Sequence[Line]) -> str:
    return hashlib.sha256(render_lines(lines).encode()).hexdigest()


def _move(there: Path, here: Path) -> None:
    """Move a file if it is there still; a step that is repeated finds it moved."""
    if os.path.lexists(there):  # a link is moved as a link: what it leads to is not ours
        here.parent.mkdir(parents=True, exist_ok=True)
        there.replace(here)
