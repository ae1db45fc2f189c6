"""A folder of the command's own that holds what the agent fetched: files as links, which take no room."""

from __future__ import annotations

from pathlib import Path


def link_all(fetched: Path, place: Path) -> None:
    """The same folders, and a link for each file, so that a program may write beside what it reads. Raises OSError.

    A file that lies there already stays.
    """
    place.mkdir(parents=True, exist_ok=True)
    for path in sorted(fetched.rglob("*")):
        goal = place / path.relative_to(fetched)
        if path.is_dir() and not path.is_symlink():
            goal.mkdir(exist_ok=True)
            continue
        if goal.is_symlink():
            goal.unlink()  # of an earlier life of this container
        if not goal.exists():
            goal.symlink_to(path)
