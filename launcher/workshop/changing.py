"""One change of a dataset's table at a time, whichever process or page makes it."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from launcher.errors import InvalidRequest
from pod_image.contract.patient_lock import have_lock

MOST_WAIT_SECONDS = 20.0
"""A change takes well under a second; a making takes its turn for each recording, and not for its whole length."""
LOOK_AGAIN_SECONDS = 0.02


@contextmanager
def changing(folder: Path, wait_seconds: float = MOST_WAIT_SECONDS) -> Iterator[None]:
    """Read, change and write the table of `folder` inside: nobody else does meanwhile. Blocking.

    Not to be entered twice in a row. InvalidRequest when somebody else does not come to an end.
    """
    turn = _by_file(folder, wait_seconds) if os.name == "nt" else _by_folder(folder, wait_seconds)
    with turn:
        yield


@contextmanager
def _by_folder(folder: Path, wait_seconds: float) -> Iterator[None]:
    """The folder itself is locked: nothing is left in it, and the system lets go when a process dies."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        try:
            is_ours = have_lock(opened, wait_seconds, LOOK_AGAIN_SECONDS)
        except OSError:
            is_ours = True  # a disk of the network that knows no locks: as before there were any
        if not is_ours:
            raise _busy(folder)
        yield
    finally:
        os.close(opened)


@contextmanager
def _by_file(folder: Path, wait_seconds: float) -> Iterator[None]:
    """Windows locks no folder; a file in it would be taken for a part of the dataset."""
    name = hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()[:24]
    lock = FileLock(Path(tempfile.gettempdir()) / f"launcher-{name}.lock", is_singleton=False)
    try:
        lock.acquire(timeout=wait_seconds)
    except Timeout as exc:
        raise _busy(folder) from exc
    try:
        yield
    finally:
        lock.release()
        with suppress(OSError):
            Path(lock.lock_file).unlink()


def _busy(folder: Path) -> InvalidRequest:
    return InvalidRequest(
        f"Another program is changing the dataset in {folder}.",
        hint="Wait until it is done, and try again.",
    )
