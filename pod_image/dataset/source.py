"""Where the files of a dataset come from: a folder here, or anything else that lists files and reads pieces."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from pod_image.contract.findings import Finding
from pod_image.contract.leavings import is_left_behind
from pod_image.dataset.dataset_error import DatasetError
from pod_image.dataset.endings import is_audio
from pod_image.dataset.findings import Code

MOST_FILES = 1_000_000
"""A folder with more is not a dataset of clips; somebody named their home directory."""
MOST_LINKS_NAMED = 3
_DISK = "Check whether its disk or share is available, and try again."
_RIGHTS = "Change its permissions so that you can read it, or move it out of the dataset."


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
    """A folder on this machine, without what systems leave behind.

    Links that lead out of it are left aside, as in a folder that strangers filled; `follows_links` is for a person's
    own folder, whose recordings may lie elsewhere.
    """

    is_remote = False

    def __init__(self, folder: Path, *, follows_links: bool = False) -> None:
        if not folder.is_dir():
            raise DatasetError(
                f"There is no folder {folder}.", hint="Give the folder that holds metadata.csv."
            )
        self._folder, self._follows = folder, follows_links
        self._resolved = folder.resolve()
        self._followed: list[str] = []
        self.findings: list[Finding] = []
        self._entries = sorted(self._walk(), key=lambda entry: entry.path)
        if self._followed:
            self._say_followed()

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
        # Each folder with the folders above it, so that a link to one of those is no endless way.
        folders = [("", frozenset([_identity(self._folder)]))]
        while folders:
            here, above = folders.pop()
            for found in self._listed(here):
                path = f"{here}/{found.name}" if here else found.name
                if is_left_behind(found.name) or (found.is_symlink() and not self._is_taken(path)):
                    continue
                seen += 1
                if seen > MOST_FILES:
                    raise self._too_many()
                try:
                    if found.is_dir():
                        identity = _identity(self._folder / path)
                        if identity not in above:
                            folders.append((path, above | {identity}))
                    # A socket or pipe would block the reader.
                    elif found.is_file() and self._has_name(path) and self._may_read(path):
                        yield Entry(path, found.stat().st_size)
                except (FileNotFoundError, PermissionError):
                    continue  # gone meanwhile, or not for this person to look into
                except OSError as exc:
                    self._cannot_be_read(path, exc)

    def _listed(self, folder: str) -> list[os.DirEntry[str]]:
        """What lies in a folder; nothing of one that has gone meanwhile, or that may not be looked into."""
        try:
            with os.scandir(self._folder / folder) as found:
                return sorted(found, key=lambda each: each.name)
        except PermissionError:
            self._find(Code.FILE_UNREADABLE, folder, f"The folder {folder or self._folder} may not be read.",
                       _RIGHTS)  # fmt: skip
            return []
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as exc:
            self._cannot_be_read(folder or str(self._folder), exc)
            return []

    def _cannot_be_read(self, path: str, exc: OSError) -> None:
        self._find(Code.FILE_UNREADABLE, path, f"{path} cannot be read: {exc.strerror}.", _DISK)

    def _may_read(self, path: str) -> bool:
        """A clip that may not be read is said where its table names it; of anything else nobody else would say it."""
        if is_audio(path) or os.access(self._folder / path, os.R_OK):
            return True
        self._find(Code.FILE_UNREADABLE, path, f"{path} may not be read.", _RIGHTS)
        return False

    def _is_taken(self, path: str) -> bool:
        """Whether a link is gone after; says where it leads if that is not within the dataset."""
        try:
            target = (self._folder / path).resolve(strict=True)
        except (
            OSError,
            RuntimeError,
        ):  # a circle of links is the one or the other, as Python's version has it
            self._find(Code.LINK_BROKEN, path, "This link leads nowhere.",
                       "Put the file itself into the folder, or remove the link.")  # fmt: skip
            return False
        if target.is_relative_to(self._resolved):
            return True
        if self._follows:
            self._followed.append(path)
            return True
        self._find(Code.LINK_OUTSIDE, path, "This link leads out of the dataset and is ignored.",
                   "Put the file itself into the folder.")  # fmt: skip
        return False

    def _has_name(self, path: str) -> bool:
        """Bytes that are no text can stand in no table, and nothing can be said of them but this."""
        try:
            path.encode()
        except UnicodeEncodeError:
            plain = path.encode(errors="backslashreplace").decode()
            self._find(Code.PATH_OUTSIDE, plain, f"The name of {plain} is not valid UTF-8.",
                       "Rename the file.")  # fmt: skip
            return False
        return True

    def _find(self, code: Code, place: str, message: str, hint: str) -> None:
        self.findings.append(
            code.finding(place.encode(errors="backslashreplace").decode(), message, hint)
        )

    def _say_followed(self) -> None:
        named = ", ".join(sorted(self._followed)[:MOST_LINKS_NAMED])
        more = len(self._followed) - MOST_LINKS_NAMED
        lead = "1 link leads" if len(self._followed) == 1 else f"{len(self._followed):,} links lead"
        self._find(
            Code.LINK_FOLLOWED, "", f"{lead} out of the dataset: {named}{f' and {more:,} more' if more > 0 else ''}.",
            "Nothing to do: the files are used, and a push sends them.",
        )  # fmt: skip

    def _too_many(self) -> DatasetError:
        return DatasetError(
            f"{self._folder} holds more than {MOST_FILES:,} files.",
            hint="Give the folder of the dataset itself.",
        )


def _identity(folder: Path) -> tuple[int, int]:
    found = folder.stat()
    return found.st_dev, found.st_ino
