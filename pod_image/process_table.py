"""Processes as /proc shows them (proc(5)); nothing at all on a system without it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")


@dataclass(frozen=True)
class Process:
    pid: int
    parent: int
    session: int
    started: str
    """When it began, in the kernel's ticks since boot: tells it from a later process of the same number."""
    state: str
    """The kernel's letter: R runs, S waits, D waits for a device, T and t are stopped, Z and X are dead."""
    cpu_seconds: float

    @property
    def is_dead(self) -> bool:
        return self.state in ("Z", "X")


def pids() -> list[int]:
    with suppress(OSError):
        return [int(path.name) for path in PROC.iterdir() if path.name.isdigit()]
    return []


def processes() -> list[Process]:
    """All that there are, the dead ones that nobody has collected included."""
    return [found for pid in pids() if (found := process(pid)) is not None]


def living_processes() -> list[Process]:
    return [found for found in processes() if not found.is_dead]


def members(roots: Iterable[int], living: Sequence[Process]) -> set[int]:
    """Those of `living` that are below `roots` or in a session that one of them began, the roots included."""
    found = set(roots)
    while True:
        grown = found | {
            each.pid for each in living if each.parent in found or each.session in found
        }
        if grown == found:
            return found & {each.pid for each in living}
        found = grown


def process(pid: int) -> Process | None:
    try:
        line = (PROC / str(pid) / "stat").read_bytes()
    except OSError:
        return None
    # The name in parentheses is the program's own: any bytes, spaces and parentheses among them, or a letter that
    # the kernel cut in two. Count from its end.
    fields = line.rpartition(b")")[2].decode("ascii", "replace").split()
    return Process(
        pid=pid,
        parent=int(fields[1]),
        session=int(fields[3]),
        started=fields[19],
        state=fields[0],
        cpu_seconds=(int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK"),
    )
