"""A stage and everything it started, as /proc shows it: found, asked to end, killed."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Iterable

from pod_image.process_table import PROC, living_processes, members, pids, process

_UNKILLABLE_SECONDS = 15.0
"""After SIGKILL: what lives on then is held by the kernel, such as by a driver that hangs."""


def started(pid: int) -> str:
    """When the process began, in the kernel's ticks since boot; empty when there is no such process."""
    entry = process(pid)
    return entry.started if entry is not None else ""


def is_stopped(pid: int) -> bool:
    """Whether it was told to stop (SIGSTOP, a debugger) and not yet to go on."""
    entry = process(pid)
    return entry is not None and entry.state in ("T", "t")


def owned_by(uid: int) -> set[int]:
    """Living processes of a user."""
    found = set()
    for pid in pids():
        with contextlib.suppress(OSError):
            if (PROC / str(pid)).stat().st_uid == uid:
                found.add(pid)
    return {pid for pid in found if (entry := process(pid)) is not None and not entry.is_dead}


async def end(root: int, grace_seconds: float, uid: int | None = None) -> None:
    """SIGTERM to all, SIGKILL to what is left after the grace. `uid`: a user of the stage's own, taken whole.

    Returns when all are gone, or some seconds after the SIGKILL: nothing here may hold up the pod's release.
    """
    known = {root}
    loop = asyncio.get_running_loop()
    deadline = loop.time() + grace_seconds
    _signal(_living(known, uid), signal.SIGTERM)
    while living := _living(known, uid):
        # What was seen once stays known: a child whose parent has died has lost its place in the tree.
        known |= living
        if loop.time() >= deadline + _UNKILLABLE_SECONDS:
            return
        if loop.time() >= deadline:
            _signal(living, signal.SIGKILL)
        await asyncio.sleep(0.05)


def _living(known: set[int], uid: int | None) -> set[int]:
    found = members(known, living_processes())
    return found | owned_by(uid) if uid is not None else found


def _signal(pids: Iterable[int], number: signal.Signals) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)
