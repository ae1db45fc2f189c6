"""A lock of the system on an open file, for whoever can wait a while. Standard library alone."""

from __future__ import annotations

import time


def have_lock(descriptor: int, patience_seconds: float = 0.0, look_seconds: float = 0.1) -> bool:
    """Have it for as long as the file is open. False where another process has it for all of that time.

    Raises ModuleNotFoundError on a system without such locks, which Windows is, and OSError for a disk without them.
    """
    import fcntl

    give_up_at = time.monotonic() + patience_seconds
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            left_seconds = give_up_at - time.monotonic()
            if left_seconds <= 0:
                return False
            time.sleep(min(look_seconds, left_seconds))
        else:
            return True
