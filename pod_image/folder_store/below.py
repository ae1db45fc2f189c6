"""What lies below a folder, each reached from the open folder step by step, so that no link leads out of it.

A run in a container can write to its results folder while a program outside looks into it: a path that was checked
first and opened then could lead anywhere by then. Here a step that is a link is refused when it is taken. Nothing that
blocks whoever opens it, such as a pipe, is opened either.
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

_NOT_THERE = (errno.ENOENT, errno.ENOTDIR)
_NO_FILES = (errno.ELOOP, errno.EISDIR, errno.ENXIO)
"""What the system says of a link, a folder, and a pipe that nobody reads."""


class NotPlain(FileNotFoundError):
    """No file: a link, a folder, a pipe or a device has its name."""


@dataclass(frozen=True)
class Below:
    """`root` may be a link: a person chose it. Paths are relative, with `/`. Every call raises OSError."""

    root: Path

    @contextmanager
    def folder(self, path: str = "", *, makes: bool = False) -> Iterator[int]:
        """An open folder, to work in by name. `makes`: it and those above it are made where they are absent."""
        here = os.open(self.root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            for name in _steps(path):
                if makes:
                    with suppress(FileExistsError), self._named(path):
                        os.mkdir(name, dir_fd=here)
                with self._named(path):
                    inside = _opened_folder(name, here)
                os.close(here)
                here = inside
            yield here
        finally:
            os.close(here)

    def open(self, path: str, flags: int = os.O_RDONLY, mode: int = 0o666) -> int:
        """A plain file. Raises NotPlain for anything else."""
        wanted = flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        try:
            with self._parent(path) as (here, name), self._named(path):
                opened = os.open(name, wanted, mode, dir_fd=here)
        except OSError as exc:
            if exc.errno in _NO_FILES:
                raise NotPlain(exc.errno, "It is no plain file", str(self.root / path)) from exc
            raise
        if not stat.S_ISREG(os.fstat(opened).st_mode):
            os.close(opened)
            raise NotPlain(errno.EINVAL, "It is no plain file", str(self.root / path))
        return opened

    @contextmanager
    def reading(self, path: str) -> Iterator[tuple[BinaryIO, int]]:
        """A plain file to read, and its size."""
        with os.fdopen(self.open(path), "rb") as stream:
            yield stream, os.fstat(stream.fileno()).st_size

    def read(self, path: str) -> bytes:
        with self.reading(path) as (stream, _):
            return stream.read()

    def write(self, path: str, text: str) -> None:
        """Whole or not at all, and there after a power cut too."""
        with self._parent(path) as (here, name), self._named(path):
            scratch = f".{name}.unfinished"
            with suppress(FileNotFoundError):
                os.unlink(scratch, dir_fd=here)
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            with os.fdopen(os.open(scratch, flags, 0o666, dir_fd=here), "wb") as file:
                file.write(text.encode())
                file.flush()
                os.fsync(file.fileno())
            os.replace(scratch, name, src_dir_fd=here, dst_dir_fd=here)
            os.fsync(here)

    def status(self, path: str) -> os.stat_result | None:
        """Of a link itself. None where there is nothing, or a step to it is no folder."""
        try:
            with self._parent(path) as (here, name):
                return os.stat(name, dir_fd=here, follow_symlinks=False)
        except OSError as exc:
            if exc.errno in _NOT_THERE:
                return None
            raise

    def is_there(self, path: str) -> bool:
        return self.status(path) is not None

    def is_folder(self, path: str) -> bool:
        found = self.status(path)
        return found is not None and stat.S_ISDIR(found.st_mode)

    def names(self, path: str) -> list[str]:
        """What a folder holds."""
        with self.folder(path) as here:
            return sorted(os.listdir(here))  # noqa: PTH208 (an open folder has no path)

    def make_folder(self, path: str) -> None:
        """Its parent has to be there, and nothing of that name."""
        with self._parent(path) as (here, name), self._named(path):
            os.mkdir(name, dir_fd=here)

    def move(self, source: str, target: str) -> None:
        """In place of what is there."""
        with (
            self._parent(source) as (one, old),
            self._parent(target) as (other, new),
            self._named(target),
        ):
            os.replace(old, new, src_dir_fd=one, dst_dir_fd=other)

    def remove(self, path: str) -> None:
        with self._parent(path) as (here, name), self._named(path):
            os.unlink(name, dir_fd=here)

    def remove_empty_folder(self, path: str) -> None:
        with self._parent(path) as (here, name), self._named(path):
            os.rmdir(name, dir_fd=here)

    def remove_all(self, path: str) -> None:
        """As far as it can be removed."""
        with suppress(OSError), self._parent(path) as (here, name):
            shutil.rmtree(name, ignore_errors=True, dir_fd=here)

    @contextmanager
    def _parent(self, path: str) -> Iterator[tuple[int, str]]:
        above, _, name = path.rpartition("/")
        _steps(name)
        with self.folder(above) as here:
            yield here, name

    @contextmanager
    def _named(self, path: str) -> Iterator[None]:
        """An error says the whole path, not the last step."""
        try:
            yield
        except OSError as exc:
            exc.filename, exc.filename2 = str(self.root / path), None
            raise


def _opened_folder(name: str, above: int) -> int:
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        return os.open(name, flags, dir_fd=above)
    except OSError as exc:
        if exc.errno == errno.ELOOP:  # as some systems say it of a link
            raise NotADirectoryError(errno.ENOTDIR, "Not a directory") from exc
        raise


def _steps(path: str) -> list[str]:
    steps = path.split("/") if path else []
    if any(step in ("", ".", "..") or "\0" in step for step in steps):
        raise PermissionError(errno.EPERM, "It leads out of its folder", path)
    return steps
