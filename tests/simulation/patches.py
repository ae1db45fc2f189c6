"""What the program is given in the system's place: drawn ids, the kernel's locks, disks that fill or lose power."""

from __future__ import annotations

import errno
import logging
import os
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import IO, Any
from unittest.mock import patch

from filelock import FileLock

from pod_image.agent import agent_lock, upload_pace
from pod_image.agent.machine_trial import check_disk
from pod_image.contract.bodies import BootCheck
from pod_image.contract.recipes.piper import checkpoint_room
from pod_image.recipes.piper import recipe as piper
from tests.simulation.processes import PROCESS

SCALE = 1000
"""So many bytes of a real disk are one byte of a simulated one."""


class _SomeMachine:
    """Figures of a machine that are always the same: the real one's would tell schedules apart."""

    def __init__(self, folder: Path) -> None: ...

    def read(self) -> dict[str, float]:
        return {"cpu_percent": 20.0, "memory_used_gb": 8.0, "disk_free_gb": 40.0}


def _some_disk(folder: Path, size_bytes: int) -> BootCheck:
    """A disk that is written in no time, so that its speed is the same in every play."""
    seconds = iter((0.0, 0.001))
    return check_disk(folder, 1 << 16, lambda: next(seconds))


@contextmanager
def drawn_ids() -> Iterator[random.Random]:
    """Ids, nonces and jitter come from the seed, so that the whole repeats exactly."""
    dice = random.Random(0)
    with (
        patch("secrets.choice", dice.choice),
        patch("secrets.token_hex", lambda size=16: dice.randbytes(size).hex()),
        patch("random.uniform", dice.uniform),
        patch("launcher.emulator.runpod.routes_clusters._free_port", lambda: "29400"),
        patch("pod_image.agent.watches.MachineReader", _SomeMachine),
        patch("pod_image.agent.machine_trial.check_disk", _some_disk),
    ):
        yield dice


@contextmanager
def locks_of_processes() -> Iterator[None]:
    """The kernel frees the locks of a process that dies; here all of them share one real process."""

    class OwnedLock(FileLock):
        def _acquire(self) -> None:
            super()._acquire()
            process = PROCESS.get()
            if process is not None and self.is_locked:
                process.at_death.append(lambda: self.release(force=True))

    def lock(folder: Path) -> IO[bytes]:
        held = agent_lock.take_lock(folder)
        process = PROCESS.get()
        if process is not None:
            process.at_death.append(held.close)
        return held

    with (
        patch("filelock.FileLock", OwnedLock),
        # Whoever only looks holds a lock for no time here: there is nobody to wait for.
        patch("launcher.services.common.intents.LOOK_SECONDS", 0.0),
        patch("pod_image.agent.story.take_lock", lock),
    ):
        yield


@contextmanager
def disks(is_full: Callable[[Path], bool], synced: Callable[[int], None]) -> Iterator[None]:
    """What is written on a full disk fails as it does on a real one; what is synced is noticed."""
    plain_path_open, plain_open, plain_mkdir, plain_sync = Path.open, os.open, os.mkdir, os.fsync

    def refuse(path: Any) -> None:
        if isinstance(path, str | Path) and is_full(Path(path)):
            raise OSError(errno.ENOSPC, "No space left on device", str(path))

    def path_opened(path: Path, mode: str = "r", *arguments: Any, **options: Any) -> IO[Any]:
        if mode[0] in "wax":
            refuse(path)
        return plain_path_open(path, mode, *arguments, **options)

    def opened(path: Any, flags: int, *arguments: Any, **options: Any) -> int:
        if flags & os.O_CREAT and isinstance(path, str | Path) and not Path(path).exists():
            refuse(path)
        return plain_open(path, flags, *arguments, **options)

    def made(path: Any, *arguments: Any, **options: Any) -> None:
        refuse(path)
        plain_mkdir(path, *arguments, **options)

    def sync(descriptor: Any) -> None:
        plain_sync(descriptor)
        synced(descriptor if isinstance(descriptor, int) else descriptor.fileno())

    with (
        patch.object(Path, "open", path_opened),
        patch("os.open", opened),
        patch("os.mkdir", made),
        patch("os.fsync", sync),
    ):
        yield


@contextmanager
def scaled() -> Iterator[None]:
    """One byte stands for a thousand: what the program reckons with in bytes is as much smaller."""
    plain = checkpoint_room

    def room(quality: Any) -> Any:
        whole = plain(quality)
        return replace(
            whole,
            weights_bytes=whole.weights_bytes // SCALE,
            voice_bytes=whole.voice_bytes // SCALE,
        )

    with (
        patch.object(upload_pace, "ASSUMED_BYTES_PER_SECOND", 10e6 / SCALE),
        patch.object(upload_pace, "MOST_BYTES_PER_SECOND", 100e6 / SCALE),
        patch.object(upload_pace, "LARGE_BYTES", (4 << 20) // SCALE),
        patch.object(upload_pace, "BATCH_BYTES", (100 << 20) // SCALE),
        patch.object(piper, "checkpoint_room", room),
    ):
        yield


@contextmanager
def log_records() -> Iterator[list[str]]:
    """What the program writes into Python's log, where a secret must not be either."""
    records: list[str] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            records.append(record.getMessage())

    handler, root = Keep(), logging.getLogger()
    last_resort, logging.lastResort = logging.lastResort, None
    root.addHandler(handler)
    try:
        yield records
    finally:
        root.removeHandler(handler)
        logging.lastResort = last_resort
