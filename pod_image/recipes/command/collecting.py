"""The command's results: which of its files they are, copied whole to where they are delivered from."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path, PurePosixPath

from pod_image.contract.whole_file import replacing


def matching(work: Path, patterns: Sequence[str]) -> list[Path]:
    """Files below `work` that a pattern names; a pattern that names a folder means all in it.

    Links are left out: they may lead anywhere.
    """
    found: set[Path] = set()
    for pattern in patterns:
        for path in work.glob(pattern):
            inside = path.rglob("*") if path.is_dir() and not path.is_symlink() else (path,)
            found.update(one for one in inside if one.is_file() and not one.is_symlink())
    root = work.resolve()
    return sorted(path for path in found if path.resolve().is_relative_to(root))


def is_inside(pattern: str) -> bool:
    """Whether a pattern stays below the command's folder."""
    path = PurePosixPath(pattern)
    return not path.is_absolute() and ".." not in path.parts


def collect(work: Path, patterns: Sequence[str], target: Path) -> int:
    """Copy the results to `target`, each whole or not at all. Returns how many there are."""
    paths = matching(work, patterns)
    for path in paths:
        goal = target / path.relative_to(work)
        if _is_same(path, goal):
            continue
        goal.parent.mkdir(parents=True, exist_ok=True)
        with replacing(goal) as part:
            shutil.copy2(path, part)
    return len(paths)


def uncollected(work: Path, patterns: Sequence[str], target: Path) -> dict[Path, int]:
    """What a collection would copy now, with sizes in bytes."""
    found = {}
    for path in matching(work, patterns):
        with suppress(OSError):  # gone meanwhile
            if not _is_same(path, target / path.relative_to(work)):
                found[path] = path.stat().st_size
    return found


def _is_same(path: Path, goal: Path) -> bool:
    """`copy2` keeps the time of change, so equal size and time mean an equal file."""
    if not goal.exists():
        return False
    one, other = path.stat(), goal.stat()
    return (one.st_size, one.st_mtime_ns) == (other.st_size, other.st_mtime_ns)
