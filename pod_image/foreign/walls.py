"""What a process that reads a stranger's file does to itself, before it opens the file."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from pod_image.foreign.landlock import allow_reading_alone

SYSTEM = (
    "/usr", "/lib", "/lib64", "/etc/ld.so.cache", "/etc/localtime", "/proc/self", "/proc/cpuinfo",
    "/proc/meminfo", "/sys/devices/system", "/sys/fs/cgroup", "/dev/null", "/dev/zero", "/dev/urandom",
)  # fmt: skip
"""Where libraries lie, and what they ask about the machine. No home, and no process but this one."""
OPEN_FILES = 64
CPU_GRACE_SECONDS = 5


def shut_in(files: Iterable[Path]) -> int:
    """From now on nothing is read but these files and the interpreter's own, and nothing is written anywhere.

    Returns the version of Landlock that holds it. Where that is 0 (macOS, an older Linux, Windows), files can
    still be read, removed and renamed as far as this user may; RLIMIT_FSIZE alone keeps bytes from being written.
    """
    _limit("RLIMIT_FSIZE", 0)
    _limit("RLIMIT_CORE", 0)
    return allow_reading_alone([*_libraries(), *files])


def limit(memory_bytes: int, cpu_seconds: float) -> None:
    """At most so much memory more than now, and so much more of a processor; then this process ends.

    Called when the libraries are loaded: how much those need differs from one torch to another.
    """
    _limit("RLIMIT_AS", _address_space() + memory_bytes)
    _limit("RLIMIT_DATA", _address_space() + memory_bytes)
    _limit("RLIMIT_NOFILE", OPEN_FILES)
    used = sum(os.times()[:2])
    _limit("RLIMIT_CPU", int(used + cpu_seconds) + 1, grace=CPU_GRACE_SECONDS)


def _libraries() -> list[Path]:
    places = [*sys.path, sys.prefix, sys.base_prefix, *SYSTEM]
    places += os.environ.get("LD_LIBRARY_PATH", "").split(os.pathsep)
    return [Path(place) for place in dict.fromkeys(places) if os.path.isabs(place)]  # noqa: PTH117


def _address_space() -> int:
    """Bytes of addresses that this process has; a guess on the high side where the system does not tell."""
    with suppress(OSError, ValueError):
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        return pages * os.sysconf("SC_PAGE_SIZE")
    return 8 << 30


def _limit(name: str, value: int, grace: int = 0) -> None:
    """Lower a limit for good. Silent where the system has none of that kind, or a lower one holds already."""
    with suppress(ImportError, AttributeError, ValueError, OSError):
        import resource

        kind = getattr(resource, name)
        _, hard = resource.getrlimit(kind)
        most = value + grace
        if hard != resource.RLIM_INFINITY:
            most = min(most, hard)
        resource.setrlimit(kind, (min(value, most), most))
