"""Keeps other processes of this container from reading the agent's memory and environment."""

from __future__ import annotations

import ctypes
import sys
from contextlib import suppress

_PR_SET_DUMPABLE = 4


def forbid_reading() -> None:
    """Close /proc/<us>/environ and ptrace to every process that lacks the right to trace all others.

    A container's root lacks it as a rule, so this helps even where stages cannot have a user of their own.
    A crash leaves no core file either: it would hold the keys, where others can read it. Not inherited by
    a program that is started, so each process that holds a key calls this itself.
    """
    with suppress(ImportError, OSError, ValueError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
