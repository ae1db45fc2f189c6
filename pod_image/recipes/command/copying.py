"""A copy of a file that somebody else may be writing: equal to it before and after, or none."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import IO

from pod_image.contract.whole_file import replacing

_CLONE = 0x40049409
"""FICLONE of ioctl_ficlonerange(2): two names for the same blocks until one of them is written to."""
_PART_BYTES = 1 << 20
ROOM_LEFT_BYTES = 1 << 30
"""What a copy leaves free: a training that meets a full disk ends."""


class NoRoom(Exception):
    """The disk has no room for a second one of this file."""


def copy_equal(path: Path, goal: Path, changed: Callable[[bytes], bytes] | None = None) -> bool:
    """Copy a file, with its time of change. False when it changed meanwhile: `goal` is as it was then.

    `changed` makes of a small file what stands in the copy. Raises OSError, and NoRoom. A hard link would take no room,
    and change with what a program writes in place.
    """
    before = path.stat()
    goal.parent.mkdir(parents=True, exist_ok=True)
    try:
        with replacing(goal) as part:
            is_equal = _clone(path, part) or _copy(path, part, before.st_size)
            if not is_equal or not _is_same(before, path.stat()):
                raise _Changed
            if changed is not None:
                part.write_bytes(changed(part.read_bytes()))
            os.utime(part, ns=(before.st_atime_ns, before.st_mtime_ns))
    except _Changed:
        return False
    return True


class _Changed(Exception):
    pass


def _is_same(one: os.stat_result, other: os.stat_result) -> bool:
    return (one.st_size, one.st_mtime_ns, one.st_ino) == (
        other.st_size,
        other.st_mtime_ns,
        other.st_ino,
    )


def _clone(path: Path, part: Path) -> bool:
    """All of it at one moment, and no room taken. False where the file system cannot."""
    try:
        with path.open("rb") as source, part.open("wb") as target:
            fcntl.ioctl(target.fileno(), _CLONE, source.fileno())
    except OSError:
        return False
    return True


def _copy(path: Path, part: Path, size_bytes: int) -> bool:
    """Read twice: a program that writes without changing size and time is noticed by what it wrote."""
    if shutil.disk_usage(part.parent).free - size_bytes < ROOM_LEFT_BYTES:
        raise NoRoom
    with path.open("rb") as source, part.open("wb") as target:
        taken = _digest(source, target)
        source.seek(0)
        return taken == _digest(source)


def _digest(source: IO[bytes], target: IO[bytes] | None = None) -> bytes:
    digest = hashlib.sha256()
    while part := source.read(_PART_BYTES):
        digest.update(part)
        if target is not None:
            target.write(part)
    return digest.digest()
