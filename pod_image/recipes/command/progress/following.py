"""Finds the files in which a command writes how far it is, and reads them on."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pod_image.recipes.command.progress.reading import Reading
from pod_image.recipes.command.progress.tables import (
    CsvFile,
    EventFile,
    Followed,
    JsonLines,
    SqliteFile,
    followed,
    trainer_state,
)

SEARCH_SECONDS = 5.0
READ_SECONDS = 1.0
MOST_ENTRIES = 5_000
"""Of the folder, looked through at a time: a dataset may lie in it."""
DEEPEST = 8
MOST_FILES = 16
_BEST_FIRST = (JsonLines, SqliteFile, EventFile, CsvFile)
"""Where a trainer writes several kinds, they hold the same numbers: the fullest one is taken."""
_STATE = "trainer_state.json"
_NOT_OURS = frozenset({"node_modules", "site-packages", "__pycache__"})


@dataclass(frozen=True)
class FileReading:
    path: Path
    reading: Reading


@dataclass(frozen=True)
class Looked:
    rows: Sequence[FileReading] = ()
    states: Sequence[Reading] = ()
    """What checkpoints tell of the training's whole length."""


NOTHING_NEW = Looked()


class ProgressFiles:
    """What was there before the command began is passed over, up to where it ended then."""

    def __init__(self, folder: Path, pattern: str | None, now: Callable[[], float]) -> None:
        self._folder, self._pattern, self._now = folder, pattern, now
        self._files: dict[Path, Followed] = {}
        self._states: dict[Path, float] = {}
        self._kind = len(_BEST_FIRST)
        self._searched_at = self._read_at = now()
        self._search(from_its_end=True)

    def look(self) -> Looked:
        """What is new since the last look; nothing while it is too soon for another."""
        now = self._now()
        if now - self._searched_at >= SEARCH_SECONDS:
            self._searched_at = now
            self._search()
        if now - self._read_at < READ_SECONDS:
            return NOTHING_NEW
        self._read_at = now
        return Looked(self._read(), self._new_states())

    def look_a_last_time(self) -> Looked:
        """The command has ended: what it wrote at the very end is read whatever the time."""
        self._search()
        return Looked(self._read(), self._new_states())

    def _new_states(self) -> list[Reading]:
        """What new files of a trainer's state say of its whole length."""
        found = []
        for path, seen_at in list(self._states.items()):
            with suppress(OSError):
                changed_at = path.stat().st_mtime
                state = trainer_state(path) if changed_at != seen_at else None
                if state is not None:
                    self._states[path] = changed_at
                    found.append(state)
        return found

    def _read(self) -> list[FileReading]:
        found: list[FileReading] = []
        for file in list(self._files.values()):
            try:
                readings = file.read()
            except OSError:
                del self._files[file.path]  # gone: it is found again if it comes back
                continue
            kind = _BEST_FIRST.index(type(file))
            if not readings or kind > self._kind:
                continue
            if kind < self._kind:
                self._kind, found = kind, []
            found += [FileReading(file.path, reading) for reading in readings]
        return found

    def _search(self, *, from_its_end: bool = False) -> None:
        for path in self._candidates():
            if path.name == _STATE:
                self._states.setdefault(path, 0.0)
            elif path not in self._files and len(self._files) < MOST_FILES:
                with suppress(OSError):
                    file = followed(path, from_its_end=from_its_end)
                    if file is not None:
                        self._files[path] = file

    def _candidates(self) -> Iterator[Path]:
        if self._pattern is not None:
            with suppress(OSError, ValueError):
                yield from (path for path in self._folder.glob(self._pattern) if path.is_file())
            return
        seen = 0
        for folder, folders, names in os.walk(self._folder):
            here = Path(folder)
            depth = len(here.relative_to(self._folder).parts)
            if "pyvenv.cfg" in names or depth > DEEPEST:
                folders.clear()
                continue
            folders[:] = [name for name in folders if name[0] != "." and name not in _NOT_OURS]
            for name in names:
                if (seen := seen + 1) > MOST_ENTRIES:
                    return
                is_followed = name.endswith(_ENDINGS) or "tfevents" in name
                if name == _STATE or (is_followed and name[0] != "."):
                    yield here / name


_ENDINGS = (".jsonl", ".ndjson", ".csv", ".tsv", ".db", ".sqlite", ".sqlite3")
