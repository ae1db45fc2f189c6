"""Whether a run's processes live: told by number, start and the machine's own start together, never by a number alone.

A number is given to another process later. While any process of a session lives the kernel gives its number to nobody.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pod_image.agent.agent_lock import is_taken
from pod_image.own_machine.run_place import RunPlace, document_in
from pod_image.process_table import Process, living_processes, members, process

_BOOT = Path("/proc/sys/kernel/random/boot_id")
_YOUNG_SECONDS = 60.0
"""A session whose processes all began so soon after that run's first one is its own: numbers are not used again so
soon."""


def boot_id() -> str:
    """Another one after each start of the machine; empty where the system does not say."""
    try:
        return _BOOT.read_text().strip()
    except OSError:
        return ""


def uptime() -> float:
    """Seconds since the machine was started, those in which it slept included. Nobody sets this clock."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


@dataclass(frozen=True)
class Identity:
    pid: int
    started: str
    boot_id: str

    @classmethod
    def read(cls, document: dict[str, Any]) -> Identity | None:
        try:
            return cls(
                int(document["pid"]), str(document["started"]), str(document.get("boot_id", ""))
            )
        except (KeyError, TypeError, ValueError):
            return None

    @property
    def is_alive(self) -> bool:
        if self.boot_id != boot_id():
            return False
        found = process(self.pid)
        return found is not None and not found.is_dead and found.started == self.started


def is_of_earlier_start(place: RunPlace) -> bool:
    """Whether the machine was started again since the run began."""
    begun_at = str(place.order.get("boot_id", ""))
    return begun_at != boot_id()


def living(place: RunPlace) -> set[int]:
    """Every process of the run that lives: its first one, all below it, and what a kill of that one left."""
    if is_of_earlier_start(place):
        return set()
    entries = living_processes()
    return members(_roots(place, entries), entries)


def _roots(place: RunPlace, entries: list[Process]) -> set[int]:
    first = Identity.read(place.process)
    if first is None:
        return set()
    if first.is_alive:
        return {first.pid}
    if isinstance(place.order.get("container"), dict):
        # Its engine knows. What lies in its folder was written by the run, and names nobody here.
        return set()
    roots = {pid for pid in (_stage(place),) if pid}
    if all(entry.pid != first.pid for entry in entries):
        left = {entry.pid for entry in entries if entry.session == first.pid}
        is_its = is_taken(place.disk / "run") or all(
            _seconds_apart(entry.started, first.started) < _YOUNG_SECONDS
            for entry in entries
            if entry.pid in left
        )
        roots |= left if is_its else set()
    return roots


def _seconds_apart(later: str, earlier: str) -> float:
    try:
        return (int(later) - int(earlier)) / os.sysconf("SC_CLK_TCK")
    except ValueError:
        return _YOUNG_SECONDS


def _stage(place: RunPlace) -> int:
    """The stage that an agent which is gone had started, by its own note, if it is that one still."""
    note = document_in(place.disk / "run" / "latch.json")
    with suppress(TypeError, ValueError):
        pid, started = int(note.get("stage_pid", 0)), str(note.get("stage_started", ""))
        found = process(pid) if pid else None
        if found is not None and started and found.started == started and not found.is_dead:
            return pid
    return 0
