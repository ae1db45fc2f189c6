"""Everything that a command started, whatever sessions and parents it gave itself: found, signalled, buried."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable
from contextlib import suppress

from pod_image.process_table import PROC, Process, process, processes


def descendants() -> list[Process]:
    """The living processes below this one; none where there is no /proc."""
    found, grown = {os.getpid()}, [each for each in processes() if each.pid != os.getpid()]
    below: list[Process] = []
    while True:
        new = [each for each in grown if each.parent in found and each.pid not in found]
        if not new:
            return [each for each in below if not each.is_dead]
        below += new
        found |= {each.pid for each in new}


def bury(but: int) -> None:
    """Collect adopted children that have ended; `but` is the one that its own waiter collects."""
    for each in processes():
        if each.is_dead and each.parent == os.getpid() and each.pid != but:
            with suppress(OSError):
                os.waitpid(each.pid, os.WNOHANG)


def send(living: Iterable[Process], number: signal.Signals) -> None:
    """To those that are still who they were: a number is given to another as soon as its process was collected."""
    for each in living:
        now = process(each.pid)
        if now is None or now.started != each.started:
            continue
        with suppress(ProcessLookupError, PermissionError):
            os.kill(each.pid, number)


def cpu_seconds(living: Iterable[Process]) -> float:
    """Processor time so far: of a command that neither writes nor computes, nothing more is to come."""
    return sum(each.cpu_seconds for each in living)


def ignores_interrupt(each: Process) -> bool:
    """As a shell has it that started something in the background."""
    with suppress(OSError, ValueError, IndexError):
        for line in (PROC / str(each.pid) / "status").read_bytes().splitlines():
            if line.startswith(b"SigIgn:"):
                return bool(int(line.split()[1], 16) & (1 << (signal.SIGINT - 1)))
    return False
