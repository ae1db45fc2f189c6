"""How many processor cores this container may use: a pod's machine has many more, and the system tells of those."""

from __future__ import annotations

import math
import os
from contextlib import suppress
from pathlib import Path

_CGROUP = Path("/sys/fs/cgroup")


def usable_cores(cgroup: Path = _CGROUP) -> int:
    """At least one. More processes or threads than that only wait for each other."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return max(1, math.ceil(min(allowed or 1, _quota(cgroup))))


def _quota(cgroup: Path) -> float:
    """Cores' worth of time that the container's limit gives it; infinite without one."""
    for read in (_of_version_2, _of_version_1):
        with suppress(OSError, ValueError, ZeroDivisionError):
            return read(cgroup)
    return math.inf


def _of_version_2(cgroup: Path) -> float:
    quota, period = (cgroup / "cpu.max").read_text().split()
    return math.inf if quota == "max" else int(quota) / int(period)


def _of_version_1(cgroup: Path) -> float:
    quota = int((cgroup / "cpu" / "cpu.cfs_quota_us").read_text())
    period = int((cgroup / "cpu" / "cpu.cfs_period_us").read_text())
    return math.inf if quota <= 0 else quota / period
