"""The command's results: which of its files they are, copied whole to where they are delivered from."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

from pod_image.recipes.command.copying import NoRoom
from pod_image.recipes.command.rewording import AS_WRITTEN, Rewording


@dataclass(frozen=True)
class Outputs:
    """Which files below the command's folder are results: those that fit `patterns` and none of the others.

    `left_out` is held against each part of a path: names under which programs write what is not whole yet.
    `elsewhere` are patterns of what is delivered in another way, such as checkpoints. `rewording` changes some of them
    on their way.
    """

    patterns: tuple[str, ...]
    left_out: tuple[str, ...] = ()
    elsewhere: tuple[str, ...] = ()
    rewording: Rewording = AS_WRITTEN

    def files(self, work: Path) -> list[Path]:
        """Regular files, sorted. Links are passed over: they may lead anywhere."""
        found = matching(work, self.patterns)
        others = set(matching(work, self.elsewhere)) if self.elsewhere else set()
        return [path for path in found if path not in others and not self._is_left_out(path, work)]

    def _is_left_out(self, path: Path, work: Path) -> bool:
        parts = path.relative_to(work).parts
        return any(fnmatchcase(part, pattern) for part in parts for pattern in self.left_out)


def matching(work: Path, patterns: Sequence[str]) -> list[Path]:
    """Files below `work` that a pattern names; a pattern that names a folder means all in it.

    Links are left out: they may lead anywhere.
    """
    found: set[Path] = set()
    for path in named(work, patterns):
        inside = path.rglob("*") if path.is_dir() else (path,)
        found.update(one for one in inside if one.is_file() and not one.is_symlink())
    root = work.resolve()
    return sorted(path for path in found if path.resolve().is_relative_to(root))


def named(work: Path, patterns: Sequence[str]) -> list[Path]:
    """Files and folders that a pattern names."""
    found = {path for pattern in patterns for path in work.glob(pattern)}
    return sorted(path for path in found if not path.is_symlink())


def fits(below: str, patterns: Sequence[str]) -> bool:
    """Whether a path that is not on this disk would be matched."""
    parts = PurePosixPath(below).parts
    return any(_is_named(parts, PurePosixPath(pattern).parts) for pattern in patterns)


def _is_named(parts: Sequence[str], pattern: Sequence[str]) -> bool:
    """`**` stands for any folders; what names a folder means all in it."""
    if not pattern:
        return True
    if pattern[0] == "**":
        return any(_is_named(parts[at:], pattern[1:]) for at in range(len(parts) + 1))
    return bool(parts) and fnmatchcase(parts[0], pattern[0]) and _is_named(parts[1:], pattern[1:])


def is_inside(pattern: str) -> bool:
    """Whether a pattern stays below the command's folder."""
    path = PurePosixPath(pattern)
    return not path.is_absolute() and ".." not in path.parts


@dataclass(frozen=True)
class Collected:
    """What one turn brought to where results are delivered from."""

    files: int
    """That fit the patterns, new or not."""
    new: tuple[str, ...] = ()
    """Below the command's folder."""
    unreadable: tuple[str, ...] = ()
    without_room: tuple[str, ...] = ()
    """Below the command's folder: too large for a second one on this disk."""


def collect(work: Path, outputs: Outputs, target: Path) -> Collected:
    """Copy the results to `target`, each whole or not at all; what changes meanwhile waits for the next turn."""
    paths = outputs.files(work)
    new, unreadable, without_room = [], [], []
    for path in paths:
        below = path.relative_to(work).as_posix()
        goal = target / below
        if outputs.rewording.is_there(path, goal):
            continue
        try:
            if outputs.rewording.copy(path, goal):
                new.append(below)
        except NoRoom:
            without_room.append(below)
        except FileNotFoundError:
            continue  # gone meanwhile
        except OSError:
            unreadable.append(below)
    return Collected(len(paths), tuple(new), tuple(unreadable), tuple(without_room))


def uncollected(work: Path, outputs: Outputs, target: Path) -> dict[Path, int]:
    """What a collection would copy now, with sizes in bytes."""
    found = {}
    for path in outputs.files(work):
        with suppress(OSError):  # gone meanwhile
            if not outputs.rewording.is_there(path, target / path.relative_to(work)):
                found[path] = path.stat().st_size
    return found


Seen = dict[Path, tuple[int, int, int]]
"""Size, time of change and inode of files."""


def seen(work: Path, patterns: Sequence[str]) -> Seen:
    """What fits the patterns now."""
    found = {path: path.stat() for path in matching(work, patterns)}
    return {path: (one.st_size, one.st_mtime_ns, one.st_ino) for path, one in found.items()}


def missing(
    work: Path, patterns: Sequence[str], before: Seen, but: Sequence[str] = ()
) -> list[str]:
    """The patterns that no file fits which is not as it was before; what fits `but` does not count.

    Not by the clock: the time of a file's change may lie some milliseconds before the time at which it was made.
    """
    others = set(matching(work, but))
    return [
        pattern
        for pattern in patterns
        if all(path in others for path, _ in seen(work, [pattern]).items() - before.items())
    ]
