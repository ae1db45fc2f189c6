"""Everything that a command started, whatever sessions and parents it gave itself: found, signalled, buried."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")
_ADOPT_ORPHANS = 36
"""PR_SET_CHILD_SUBREAPER of prctl(2)."""


def adopt_orphans() -> None:
    """From here on what loses its parent becomes our child: a program cannot leave by starting itself anew."""
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_ADOPT_ORPHANS, 1, 0, 0, 0)


@dataclass(frozen=True)
class Descendant:
    pid: int
    parent: int
    is_dead: bool
    cpu_seconds: float

    @property
    def ignores_interrupt(self) -> bool:
        """As a shell has it that started something in the background."""
        with suppress(OSError, ValueError, IndexError):
            for line in (_PROC / str(self.pid) / "status").read_text().splitlines():
                if line.startswith("SigIgn:"):
                    return bool(int(line.split()[1], 16) & (1 << (signal.SIGINT - 1)))
        return False


def descendants() -> list[Descendant]:
    """The living processes below this one; none where there is no /proc."""
    found, grown = {os.getpid()}, [each for each in _all() if each.pid != os.getpid()]
    below: list[Descendant] = []
    while True:
        new = [each for each in grown if each.parent in found and each.pid not in found]
        if not new:
            return [each for each in below if not each.is_dead]
        below += new
        found |= {each.pid for each in new}


def bury(but: int) -> None:
    """Collect adopted children that have ended; `but` is the one that its own waiter collects."""
    for each in _all():
        if each.is_dead and each.parent == os.getpid() and each.pid != but:
            with suppress(OSError):
                os.waitpid(each.pid, os.WNOHANG)


def send(processes: Iterable[Descendant], number: signal.Signals) -> None:
    for each in processes:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(each.pid, number)


def cpu_seconds(processes: Iterable[Descendant]) -> float:
    """Processor time so far: of a command that neither writes nor computes, nothing more is to come."""
    return sum(each.cpu_seconds for each in processes)


def _all() -> list[Descendant]:
    found = (_one(path) for path in _PROC.glob("[0-9]*"))
    return [each for each in found if each is not None]


def _one(folder: Path) -> Descendant | None:
    with suppress(OSError, ValueError, IndexError):
        # The name in parentheses may hold spaces and parentheses itself: count from its end.
        fields = (folder / "stat").read_text().rpartition(")")[2].split()
        ticks = int(fields[11]) + int(fields[12])
        return Descendant(
            pid=int(folder.name),
            parent=int(fields[1]),
            is_dead=fields[0] in "ZX",
            cpu_seconds=ticks / os.sysconf("SC_CLK_TCK"),
        )
    return None
