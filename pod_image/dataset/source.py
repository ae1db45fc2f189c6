"""Where the files of a dataset come from: a folder here, or anything else that lists files and reads pieces."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from pod_image.contract.findings import Finding
from pod_image.dataset.dataset_error import DatasetError
from pod_image.dataset.findings import Code

MOST_FILES = 1_000_000
"""A folder with more is not a dataset of clips; somebody named their home directory."""


@dataclass(frozen=True)
class Entry:
    """One file: path relative to the dataset with `/`, and its size in bytes."""

    path: str
    size: int


class FileSource(Protocol):
    """The files of one dataset at one moment."""

    @property
    def name(self) -> str:
        """What people call it: a folder or a repo."""

    @property
    def is_remote(self) -> bool:
        """Each read costs a request."""

    def entries(self) -> Sequence[Entry]:
        """All files, sorted by path. The same list each time."""

    def read(self, path: str, start: int = 0, length: int | None = None) -> bytes:
        """Bytes of a file from `start`; fewer than `length` at the end. OSError when it cannot be read."""


class FolderSource:
    """A folder on this machine. Hidden files and links that lead out of it are left aside."""

    is_remote = False

    def __init__(self, folder: Path) -> None:
        if not folder.is_dir():
            raise DatasetError(
                f"There is no folder {folder}.", hint="Give the folder that holds metadata.csv."
            )
        self._folder = folder
        self._resolved = folder.resolve()
        self.findings: list[Finding] = []
        self._entries = sorted(self._walk(), key=lambda entry: entry.path)

    @property
    def name(self) -> str:
        return str(self._folder)

    @property
    def folder(self) -> Path:
        return self._folder

    def entries(self) -> Sequence[Entry]:
        return self._entries

    def read(self, path: str, start: int = 0, length: int | None = None) -> bytes:
        with (self._folder / path).open("rb") as file:
            file.seek(start)
            return file.read() if length is None else file.read(length)

    def _walk(self) -> Iterator[Entry]:
        seen = 0
        for here, folders, files in os.walk(self._folder):
            folders[:] = sorted(each for each in folders if not each.startswith("."))
            for name in files:
                if name.startswith("."):
                    continue
                seen += 1
                if seen > MOST_FILES:
                    raise DatasetError(
                        f"{self._folder} holds more than {MOST_FILES:,} files.",
                        hint="Give the folder of the dataset itself.",
                    )
                entry = self._entry(Path(here, name))
                if entry is not None:
                    yield entry

    def _entry(self, file: Path) -> Entry | None:
        path = file.relative_to(self._folder).as_posix()
        if file.is_symlink() and not file.resolve().is_relative_to(self._resolved):
            self.findings.append(
                Code.LINK_OUTSIDE.finding(
                    path,
                    "This link leads out of the dataset and is left aside.",
                    "Put the file itself into the folder.",
                )
            )
            return None
        # Names that are not text cannot stand in a table; a socket or pipe would block the reader.
        if not file.is_file() or not path.isprintable():
            return None
        return Entry(path, file.stat().st_size)
