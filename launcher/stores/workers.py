"""The programs that work on the queue: each is known to live by a lock that the system takes from it when it dies."""

from __future__ import annotations

import os
import re
import socket
import uuid
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from filelock import FileLock, Timeout

_NAME = re.compile(r"(?P<host>[^:]*):\d+:(?P<id>[0-9a-f]{12})")


class Worker:
    """This program, until `close`. Its name tells the computer, the process and this very start of it."""

    def __init__(self, folder: Path, host: str = "") -> None:
        self._folder = folder
        self._host = host or socket.gethostname().replace(":", "-")
        self._id = uuid.uuid4().hex[:12]
        self.name = f"{self._host}:{os.getpid()}:{self._id}"
        self._lock: FileLock | None = None
        # A disk that gives no lock leaves the lease, which says it for other computers anyhow.
        with suppress(OSError, Timeout, NotImplementedError):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = _lock(folder, self._id)
            lock.acquire(timeout=0)
            self._lock = lock

    def close(self) -> None:
        if self._lock is not None:
            self._lock.release()
            with suppress(OSError):
                _path(self._folder, self._id).unlink(missing_ok=True)
            self._lock = None

    def is_dead(self, name: str, lease_until: datetime | None, now: datetime) -> bool:
        """Whether that program has ended for certain: on this computer its lock is free, on another its lease is over.

        One that is stopped, or hangs, is not dead here: it may go on at any moment.
        """
        match = _NAME.fullmatch(name)
        is_over = lease_until is None or lease_until <= now
        if match is None:
            return is_over
        if match["host"] != self._host:
            return is_over
        if match["id"] == self._id:
            return False
        return _is_free(self._folder, match["id"], is_over=is_over)


def _is_free(folder: Path, worker_id: str, *, is_over: bool) -> bool:
    path = _path(folder, worker_id)
    try:
        if not path.exists():
            return is_over  # it never had a lock, or it has closed it: then it has let go of what it had too
        lock = _lock(folder, worker_id)
        lock.acquire(timeout=0)
    except Timeout:
        return False
    except (OSError, NotImplementedError):
        return is_over
    # The file stays: without it the next entry of that program would have to wait for its lease.
    lock.release()
    return True


def _lock(folder: Path, worker_id: str) -> FileLock:
    # Not reentrant through a shared object: two workers in one process exclude each other as well.
    return FileLock(_path(folder, worker_id), mode=0o600, is_singleton=False)


def _path(folder: Path, worker_id: str) -> Path:
    return folder / f"{worker_id}.lock"
