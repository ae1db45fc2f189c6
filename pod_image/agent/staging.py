"""Files on their way out: frozen while they are uploaded, and never anything but the run's own."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from pod_image.agent.hiding import NOTHING_TO_HIDE, Hiding

NOT_HIDDEN = "it contains a secret of the command, and the disk has no room for a copy without it"
_COPIED_BYTES = 32 << 20
"""Smaller files are copied: logs still grow while they are read. Larger ones are never written in place."""


_NOT_TAKEN = frozenset({".git", ".cache"})
"""One such part in one name, and huggingface_hub refuses the whole commit."""


@dataclass(frozen=True)
class Mark:
    """What tells a changed file from an unchanged one without reading it."""

    size_bytes: int
    modified_ns: int
    inode: int


@dataclass(frozen=True)
class Staged:
    """A file that stays as it is until the upload is over. `below` is its path below the run's folder."""

    below: str
    path: Path
    mark: Mark


def stage(
    paths: Iterable[Path],
    out: Path,
    scratch: Path | None,
    left_behind: Mapping[Path, str] | None = None,
    homes: Sequence[Path] = (),
    hiding: Hiding = NOTHING_TO_HIDE,
) -> tuple[list[Staged], list[str]]:
    """Freeze files of `out` into `scratch`. Also returns what was left out, one sentence each.

    On a full disk, or without `scratch`, a file is uploaded from where it lies: what changes meanwhile
    is noticed by the proof that follows an upload, while what is never sent is lost.

    `left_behind` are results that a stage which was killed left below one of `homes`, with the paths they would have
    below `out`.

    In what is uploaded the letters of a secret that `hiding` knows are stars.

    Links and whatever lies outside `out` are left out: a command under another user must not get
    the agent to deliver what only the agent may read.
    """
    staged, left_out = [], []
    others = left_behind or {}
    for number, path in enumerate(dict.fromkeys(paths)):
        roots = [each.resolve() for each in (homes if path in others else (out,))]
        root = next((each for each in roots if _below(path, each) is not None), None)
        below = others.get(path) or (_below(path, root) if root is not None else None)
        if root is None or below is None:
            left_out.append(
                f"{said(path.name)} is a link or outside the folder; it is not delivered."
            )
            continue
        if hiding.is_in(below):
            left_out.append("A file whose name contains a secret of the command is not delivered.")
            continue
        if why := not_to_be_had(below):
            left_out.append(f"{said(below)} is not delivered: {why}.")
            continue
        try:
            target = scratch / f"{number:05d}" if scratch is not None else None
            staged.append(_freeze(path, below, target, root, hiding))
        except FileNotFoundError:
            continue  # pruned by the recipe since it was listed
        except OSError as exc:
            left_out.append(f"{said(below)} cannot be read: {exc.strerror}.")
    return staged, left_out


def not_to_be_had(below: str) -> str:
    """Why the Hub takes no file of that name, or ""."""
    taken = _NOT_TAKEN.intersection(below.split("/"))
    if taken:
        return f"the Hub accepts no file or folder called {min(taken)}"
    return "" if said(below) == below else "its name is not UTF-8"


def said(name: str) -> str:
    """A file's name in letters that can be sent."""
    return name.encode("utf-8", "backslashreplace").decode()


def mark_of(path: Path) -> Mark:
    """Raises OSError."""
    found = path.lstat()
    return Mark(found.st_size, found.st_mtime_ns, found.st_ino)


def below_out(path: Path, out: Path) -> str | None:
    """The path below the run's folder of a regular file that truly lies there, else None."""
    return _below(path, out.resolve())


def _below(path: Path, root: Path) -> str | None:
    try:
        if path.is_symlink() or not path.resolve().is_relative_to(root):
            return None
        return path.resolve().relative_to(root).as_posix()
    except OSError:
        return None


def _freeze(
    path: Path, below: str, target: Path | None, root: Path, hiding: Hiding = NOTHING_TO_HIDE
) -> Staged:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as file:
        found = os.fstat(file.fileno())
        if not stat.S_ISREG(found.st_mode):
            raise OSError(0, "not a regular file")
        if not _truly_lies_in(file.fileno(), root):
            raise OSError(0, "it was moved out of the run's folder")
        mark = Mark(found.st_size, found.st_mtime_ns, found.st_ino)
        if hiding.holds(file):
            file.seek(0)
            if target is None or not _copied(file, target, hiding):
                raise OSError(0, NOT_HIDDEN)
            return Staged(below, target, mark)
        file.seek(0)
        if target is None:
            return Staged(below, path, mark)
        if found.st_size > _COPIED_BYTES and _linked(path, target, mark):
            return Staged(below, target, mark)
        if _copied(file, target, hiding) or _linked(path, target, mark):
            return Staged(below, target, mark)
    return Staged(below, path, mark)


def _truly_lies_in(descriptor: int, root: Path) -> bool:
    """Whether an open file is below `root`: a folder on its way may have become a link since its name was checked."""
    where = Path(f"/proc/self/fd/{descriptor}")
    try:
        return where.readlink().is_relative_to(root)
    except OSError:
        return True  # no /proc: not the system that runs stages as another user


def _copied(file: IO[bytes], target: Path, hiding: Hiding) -> bool:
    """False when the disk has no room for a copy."""
    try:
        with target.open("wb") as copy:
            hiding.copy(file, copy)
    except OSError as exc:
        if exc.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        target.unlink(missing_ok=True)
        return False
    return True


def _linked(path: Path, target: Path, mark: Mark) -> bool:
    """A second name for the same bytes: it outlives the first when the recipe prunes."""
    try:
        os.link(path, target, follow_symlinks=False)
    except OSError:
        return False
    if mark_of(target).inode != mark.inode:
        target.unlink()
        return False
    return True
