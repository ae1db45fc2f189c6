"""A stage and everything it started, as /proc shows it: found, asked to end, killed."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")
_UNKILLABLE_SECONDS = 15.0
"""After SIGKILL: what lives on then is held by the kernel, such as by a driver that hangs."""


@dataclass(frozen=True)
class _Entry:
    pid: int
    parent: int
    session: int
    started: str
    state: str
    """The kernel's letter: R runs, S waits, D waits for a device, T and t are stopped, Z and X are dead."""

    @property
    def is_zombie(self) -> bool:
        return self.state in ("Z", "X")


def started(pid: int) -> str:
    """When the process began, in the kernel's ticks since boot; empty when there is no such process."""
    entry = _entry(pid)
    return entry.started if entry is not None else ""


def is_stopped(pid: int) -> bool:
    """Whether it was told to stop (SIGSTOP, a debugger) and not yet to go on."""
    entry = _entry(pid)
    return entry is not None and entry.state in ("T", "t")


def members(root: int) -> set[int]:
    """Living processes below `root` or in a session that one of them began, `root` included."""
    entries = [entry for entry in _entries() if not entry.is_zombie]
    found = {root}
    while True:
        grown = found | {
            entry.pid for entry in entries if entry.parent in found or entry.session in found
        }
        if grown == found:
            return found & {entry.pid for entry in entries}
        found = grown


def owned_by(uid: int) -> set[int]:
    """Living processes of a user."""
    found = set()
    for pid in _pids():
        with contextlib.suppress(OSError):
            if (_PROC / str(pid)).stat().st_uid == uid:
                found.add(pid)
    return {pid for pid in found if (entry := _entry(pid)) is not None and not entry.is_zombie}


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
    found: set[int] = set()
    for pid in known:
        found |= members(pid)
    return found | owned_by(uid) if uid is not None else found


def _signal(pids: Iterable[int], number: signal.Signals) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)


def _pids() -> list[int]:
    with contextlib.suppress(OSError):
        return [int(path.name) for path in _PROC.iterdir() if path.name.isdigit()]
    return []


def _entries() -> list[_Entry]:
    return [entry for pid in _pids() if (entry := _entry(pid)) is not None]


def _entry(pid: int) -> _Entry | None:
    try:
        text = (_PROC / str(pid) / "stat").read_text()
    except OSError:
        return None
    # The name in parentheses may hold spaces and parentheses itself: count from its end.
    fields = text.rpartition(")")[2].split()
    return _Entry(
        pid=pid,
        parent=int(fields[1]),
        session=int(fields[3]),
        started=fields[19],
        state=fields[0],
    )
