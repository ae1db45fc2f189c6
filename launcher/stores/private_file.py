"""The file of a database, readable by its owner alone before anything is in it."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path


def make_private(path: Path) -> None:
    """SQLite gives its side files the mode of the main one."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # A file that is there is not opened: closing it would drop the locks that other histories of this process
    # hold on it (POSIX), and the next process to end would take away the log they still write to.
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    path.chmod(0o600)
