"""What the kernel of a person's own machine does in a simulated world: processes by number, signals, time.

The programs there are the real ones of `pod_image.own_machine`; they are handed this in the place of the system's.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from io import StringIO
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from pod_image.contract.own_machine import MARK
from pod_image.own_machine import __main__ as program
from pod_image.own_machine import first, identity, machine
from pod_image.process_table import Process as Entry
from tests.kit.virtual_time import START

if TYPE_CHECKING:
    from tests.simulation.own_place import OwnPlace
    from tests.simulation.own_runs import OwnRun
    from tests.simulation.own_wire import Call

RUN: ContextVar[OwnRun] = ContextVar("run")
"""Whose first process is at work."""
CALL: ContextVar[Call] = ContextVar("call")
"""Which errand is at work."""
LOG_POLL_SECONDS = 8.0


@contextmanager
def on_this_kernel(place: OwnPlace) -> Iterator[None]:
    """The programs of the machine find this one's processes and time."""
    time, system = _Time(place), _System()
    given: tuple[tuple[Any, str, Any], ...] = (
        (identity, "time", time),
        (identity, "boot_id", lambda: place.boot_id),
        (identity, "process", place.entry),
        (identity, "living_processes", place.entries),
        (machine, "time", time),
        (machine, "send", place.send),
        (machine, "_LOOK_SECONDS", 1.0),
        (first, "time", time),
        (first, "os", system),
        (first, "select", _Select()),
        (first, "send", place.send),
        (first, "living_processes", place.entries),
        (first, "wake_on_signals", lambda: -1),
        (first, "adopt_orphans", lambda: None),
        (program, "time", time),
        (program, "sys", _Input()),
        (program, "say", _say),
        (program, "this_ground", lambda: place.ground),
        (program, "LOOK_SECONDS", LOG_POLL_SECONDS),
        (program, "ALIVE_LOOKS", 1),
    )
    with ExitStack() as stack:
        for module, name, stand_in in given:
            stack.enter_context(patch.object(module, name, stand_in))
        yield


def _say(document: Mapping[str, Any]) -> None:
    CALL.get().says(MARK + json.dumps(document))


class _Time:
    """The machine's clock, which may be wrong, and one that runs on whatever that does."""

    CLOCK_BOOTTIME = 7

    def __init__(self, place: OwnPlace) -> None:
        self._place = place
        self.sleep = place.world.threads.sleep

    def time(self) -> float:
        return self._place.now()

    def clock_gettime(self, clock: int) -> float:
        return self.monotonic()

    def monotonic(self) -> float:
        return self._place.world.loop.time()


class _Input:
    """Standard input of the errand at work."""

    platform = sys.platform

    @property
    def stdin(self) -> StringIO:
        return StringIO(CALL.get().given.decode())


class _System:
    """What a run's first process asks the kernel about what it started."""

    def __getattr__(self, name: str) -> Any:
        return getattr(os, name)

    def getpid(self) -> int:
        return RUN.get().first_pid

    def read(self, wakeup: int, size: int) -> bytes:
        run = RUN.get()
        numbers, run.signals = bytes(run.signals), []
        return numbers

    def waitpid(self, pid: int, options: int) -> tuple[int, int]:
        run = RUN.get()
        if run.is_buried:
            raise ChildProcessError
        status = run.agent_status
        if status is None:
            return 0, 0
        run.is_buried = True
        return run.agent_pid, status


class _Select:
    """Waits for a signal, or so long."""

    def select(
        self, reading: list[int], writing: list[int], others: list[int], seconds: float
    ) -> tuple[list[int], list[int], list[int]]:
        run = RUN.get()
        if not run.signals:
            run.waits_for_signal(seconds)
        return (reading if run.signals else []), [], []


def entry_of(pid: int, parent: int, session: int, began: float) -> Entry:
    """As /proc shows a process that waits."""
    return Entry(pid, parent, session, started_at(began), "S", 0.0)


def started_at(began: float) -> str:
    return str(int((began - START) * 100))
