"""Files that come along with a run, as a launcher lays them into the results repo."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from launcher.domain.brought import Brought, LocalFile


def brought(files: Mapping[str, bytes], *, executable: tuple[str, ...] = ()) -> Brought:
    """By their places below the command's folder."""
    return Brought(
        tuple(LocalFile(path, content, path in executable) for path, content in files.items())
    )


def in_repo(files: Brought) -> dict[str, Path | bytes]:
    return dict(files.in_repo())
