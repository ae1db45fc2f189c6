"""One run, one agent: the lock in the run's folder, held for as long as its agent lives. Standard library alone."""

from __future__ import annotations

import fcntl
from pathlib import Path
from typing import IO

LOCK_NAME = "agent.lock"


def take_lock(folder: Path) -> IO[bytes]:
    """Have the folder for as long as this process lives. Raises BlockingIOError when another agent has it."""
    folder.mkdir(parents=True, exist_ok=True)
    file = (folder / LOCK_NAME).open("wb")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise
    return file


def is_taken(folder: Path) -> bool:
    """Whether an agent works in that folder now."""
    try:
        with (folder / LOCK_NAME).open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False
