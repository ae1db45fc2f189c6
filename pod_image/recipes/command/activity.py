"""Whether a command computes: processor time of it and of what it started, from /proc."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path


def cpu_seconds(session: int) -> float:
    """Processor time so far of the living processes of a session; 0 where /proc cannot be read."""
    ticks = 0
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError, ValueError, IndexError):
            # The name in parentheses may hold spaces and parentheses itself: count from its end.
            fields = path.read_text().rpartition(")")[2].split()
            if int(fields[3]) == session:
                ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")
