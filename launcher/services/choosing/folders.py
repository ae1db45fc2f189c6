"""Folders of this computer as the process that serves the form sees them. Reads names alone, and opens no file."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from launcher.services.choosing.option import shown_words
from pod_image.contract.figures import counted
from pod_image.contract.letters import is_plain_name
from pod_image.dataset.endings import MEDIA_ENDINGS

MOST_LOOKED_AT = 20_000
"""Names of one folder: beyond them a look takes seconds, and what it counts is said to be at least so many."""
MOST_SHOWN = 500
_CANNOT_BE_READ = "This folder cannot be read"


@dataclass(frozen=True)
class Entry:
    """`shown` is the name as it may stand on a page; `path` is where it leads."""

    path: Path
    shown: str
    is_folder: bool
    size_bytes: int | None = None


@dataclass(frozen=True)
class Crumb:
    path: Path
    shown: str


@dataclass(frozen=True)
class FolderView:
    """What lies in one folder, bounded: folders first, then files if they were asked for."""

    path: Path
    crumbs: tuple[Crumb, ...]
    entries: tuple[Entry, ...] = ()
    holds: str = ""
    """How much sound is in view, such as "312 WAV files"."""
    hidden: int = 0
    """Entries that are left out since their names begin with a dot."""
    notes: tuple[str, ...] = ()
    """What else is not shown, and why."""
    problem: str = ""
    """Why nothing of it can be shown."""

    @property
    def parent(self) -> Path | None:
        return self.path.parent if self.path.parent != self.path else None


def beginning(typed: str, *others: str) -> Path:
    """The folder that was typed, or the nearest one above it that is there; else the first of the others, else home."""
    for text in (typed, *others):
        if not text.strip():
            continue
        try:
            path = Path(text.strip()).expanduser()
            for each in (path, *path.parents):
                if path.is_absolute() and each != Path(each.anchor) and each.is_dir():
                    return each
        except (OSError, RuntimeError, ValueError):
            continue
    return _home()


def look_into(folder: Path, *, hidden: bool = False, files: bool = False) -> FolderView:
    """What is in a folder. Never raises for what it meets on the disk; blocks for as long as the disk does."""
    folder = folder.resolve() if ".." in folder.parts else folder.absolute()
    view = FolderView(folder, _crumbs(folder))
    try:
        found = _Found(hidden=hidden, files=files)
        with os.scandir(folder) as rows:
            found.take(rows)
    except PermissionError:
        return _refused(view, "you may not look into it")
    except FileNotFoundError:
        return _refused(view, "it no longer exists")
    except NotADirectoryError:
        return _refused(view, "it is a file")
    except (OSError, ValueError) as exc:
        return _refused(view, shown_words(getattr(exc, "strerror", None) or exc))
    return FolderView(
        folder,
        view.crumbs,
        tuple(found.entries[:MOST_SHOWN]),
        found.holds,
        found.hidden_count,
        tuple(found.notes),
    )


class _Found:
    """Gathers the rows of one folder, and stops where there are too many."""

    def __init__(self, *, hidden: bool, files: bool) -> None:
        self._hidden, self._files = hidden, files
        self._folders: list[Entry] = []
        self._plain: list[Entry] = []
        self._sound: Counter[str] = Counter()
        self._odd = 0
        self._is_cut = False
        self.hidden_count = 0

    def take(self, rows: Iterator[os.DirEntry[str]]) -> None:
        for number, row in enumerate(rows):
            if number >= MOST_LOOKED_AT:
                self._is_cut = True
                return
            self._take(row)

    def _take(self, row: os.DirEntry[str]) -> None:
        is_hidden = row.name.startswith(".")
        self.hidden_count += is_hidden
        if is_hidden and not self._hidden:
            return
        suffix = Path(row.name).suffix.lower()
        is_folder = _is_folder(row)
        if not is_folder and suffix in MEDIA_ENDINGS:
            self._sound[suffix] += 1
        if not is_folder and not self._files:
            return
        if not is_plain_name(row.name):
            self._odd += 1
            return
        entry = Entry(
            Path(row.path), shown_words(row.name), is_folder, None if is_folder else _size(row)
        )
        (self._folders if is_folder else self._plain).append(entry)

    @property
    def entries(self) -> list[Entry]:
        def by_name(entry: Entry) -> tuple[str, str]:
            return entry.shown.casefold(), entry.shown

        return [*sorted(self._folders, key=by_name), *sorted(self._plain, key=by_name)]

    @property
    def holds(self) -> str:
        """The most frequent kinds first, the rest together."""
        least = "at least " if self._is_cut else ""
        kinds = self._sound.most_common()
        parts = [counted(n, f"{suffix[1:].upper()} file") for suffix, n in kinds[:2]]
        if rest := sum(n for _, n in kinds[2:]):
            parts.append(counted(rest, "other sound or video file"))
        if not parts:
            return ""
        *first, last = parts
        return least + (f"{', '.join(first)} and {last}" if first else last)

    @property
    def notes(self) -> Iterator[str]:
        more = len(self._folders) + len(self._plain) - MOST_SHOWN
        if self._is_cut:
            yield f"Only the first {MOST_LOOKED_AT:,} names of this folder were read."
        if more > 0:
            yield f"{counted(more, 'more entry', 'more entries')} not shown: type the path instead."
        if self._odd:
            yield (
                f"{counted(self._odd, 'name')} with letters that cannot be shown "
                f"{'is' if self._odd == 1 else 'are'} left out."
            )


def _is_folder(row: os.DirEntry[str]) -> bool:
    try:
        return row.is_dir()
    except OSError:
        return False


def _size(row: os.DirEntry[str]) -> int | None:
    try:
        return row.stat().st_size
    except OSError:
        return None


def _crumbs(folder: Path) -> tuple[Crumb, ...]:
    return tuple(
        Crumb(each, shown_words(each.name or str(each)))
        for each in (*reversed(folder.parents), folder)
    )


def _refused(view: FolderView, why: str) -> FolderView:
    return FolderView(view.path, view.crumbs, problem=f"{_CANNOT_BE_READ}: {why}.")


def _home() -> Path:
    try:
        return Path.home()
    except RuntimeError:
        return Path(os.sep)
