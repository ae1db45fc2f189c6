"""Clips that were left out of a dataset: which there are, bringing them back, and emptying what is kept of them."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from launcher.errors import InvalidRequest
from launcher.workshop.editing.clips import carry_out, opened
from launcher.workshop.editing.edits import Edit, EditKind, Swap
from launcher.workshop.editing.journal import Journal, read_journal
from launcher.workshop.table import Line, read_lines
from pod_image.contract.figures import counted, size
from pod_image.contract.next_steps import NextStep, Sentence
from pod_image.dataset import FolderSource


@dataclass(frozen=True)
class LeftOut:
    """A clip that can be brought back. `path` is where its sound lay; None if it had none."""

    line: Line
    path: str | None
    at: float
    line_number: int
    of: tuple[int, int]
    """Which edit left it out, and which swap of that."""


def left_out(folder: Path) -> list[LeftOut]:
    """Clips that were left out and not brought back, the last one first."""
    return _left_out(read_journal(folder))


def restore(folder: Path, files: Collection[str], at: float) -> list[str]:
    """Bring clips back, line and sound, all of them where no file is named; returns their files.

    Under a free name where another clip has taken theirs. InvalidRequest, with nothing changed, for one that is
    not there, or when there is none at all.
    """
    with opened(folder) as journal:
        found = _left_out(journal)
        wanted = _chosen(found, files, folder.name)
        lines = read_lines(folder)
        taken = {line.file.casefold() for line in lines}
        taken |= {
            entry.path.casefold() for entry in FolderSource(folder, follows_links=True).entries()
        }
        swaps: list[Swap] = []
        sounds: dict[str, Callable[[Path], None]] = {}
        # As undoing would bring them back: what was left out last comes first, to where it stood then.
        wanted.sort(key=lambda one: (-one.of[0], one.of[1]))
        for each in wanted:
            line, path = _under_free_name(each, taken)
            swaps.append(Swap(each.line_number, (), (line,)))
            if each.path is not None and path is not None:
                sounds[path] = _copied(journal.sound_before(each.of[0], each.path))
        one = wanted[0].line.file.rsplit("/", 1)[-1]
        what = f"bringing back {one if len(wanted) == 1 else counted(len(wanted), 'clip')}"
        of = tuple(each.of for each in wanted)
        edit = Edit(EditKind.RESTORE, what, at, tuple(swaps), (), tuple(sounds), of=of)
        carry_out(journal, edit, sounds)
        return [swap.after[0].file for swap in swaps]


def empty_trash(folder: Path, *, confirmed: bool) -> int:
    """Remove for good all sound that edits put aside; nothing before can be undone then. Returns its bytes.

    InvalidRequest, with what would be lost, unless `confirmed`.
    """
    with opened(folder) as journal:
        kept = journal.kept_bytes()
        if not confirmed:
            clips = counted(len(_left_out(journal)), "clip")
            raise InvalidRequest(
                f"{clips} left out of {folder.name}, and everything that can be undone, would be deleted permanently "
                f"({size(kept)}).",
                hint=Sentence("Confirm with ", NextStep.CONFIRM, "."),
            )
        journal.forget()
        return kept


def _left_out(journal: Journal) -> list[LeftOut]:
    found: dict[tuple[int, int], LeftOut] = {}
    for number, edit in journal.done_of(EditKind.DROP, EditKind.RESTORE):
        for one in edit.of:
            found.pop(one, None)
        if edit.kind is EditKind.DROP:
            for place, swap in enumerate(edit.swaps):
                (line,) = swap.before
                found[number, place] = LeftOut(
                    line, edit.paths[place] or None, edit.at, swap.at, (number, place)
                )
    return list(found.values())[::-1]


def _chosen(found: Sequence[LeftOut], files: Collection[str], dataset: str) -> list[LeftOut]:
    if not found:
        raise InvalidRequest(
            f"No clip was left out of {dataset}.", hint="There is nothing to restore."
        )
    if not files:
        return list(found)
    chosen = []
    for file in files:
        match = next((one for one in found if _is_named(one.line.file, file)), None)
        if match is None:
            raise InvalidRequest(
                f"No clip {file} was left out of {dataset}.",
                hint=Sentence(NextStep.RESTORE_CLIPS.of(dataset), " lists those that were."),
            )
        if match not in chosen:
            chosen.append(match)
    return chosen


def _is_named(file: str, name: str) -> bool:
    """Whether a person's name for a clip means it: with or without its folder and its ending."""
    short, wanted = file.rsplit("/", 1)[-1], name.rsplit("/", 1)[-1]
    return name in (file, short, short.rsplit(".", 1)[0]) or short in (
        wanted,
        wanted.rsplit(".", 1)[0],
    )


def _under_free_name(each: LeftOut, taken: set[str]) -> tuple[Line, str | None]:
    """Its line and path, renamed where either is taken by now."""
    line, path = each.line, each.path
    if line.file.casefold() in taken or (path or line.file).casefold() in taken:
        base = path or line.file
        stem, dot, ending = base.rpartition(".")
        number, free = 1, base
        while free.casefold() in taken:
            number += 1
            free = f"{stem}-v{number}.{ending}" if dot else f"{base}-v{number}"
        line, path = replace(line, file=free), free if path else None
    taken.update((line.file.casefold(), (path or line.file).casefold()))
    return line, path


def _copied(source: Path) -> Callable[[Path], None]:
    """A copy: the edit that put the sound aside can be undone all the same."""

    def write(target: Path) -> None:
        shutil.copyfile(source, target, follow_symlinks=False)

    return write
