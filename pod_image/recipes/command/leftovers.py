"""What a command leaves running when its own process has ended: a training that it started, or something forgotten."""

from __future__ import annotations

from collections.abc import Callable

from pod_image.process_table import Process
from pod_image.recipes.command.descendants import cpu_seconds

WINDOW_SECONDS = 10.0
BUSY_SHARE = 0.2
"""Of one core over the window. A display of curves that was left on takes far less, a training far more."""


class Leftovers:
    """Whether it is worth waiting for them: only while they compute or write."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._began_at = now()
        self._cpu_seconds: float | None = None
        self._lines = 0

    def is_forgotten(self, living: list[Process], lines: int) -> bool:
        """Neither computed nor wrote for a whole window."""
        used = cpu_seconds(living)
        if self._cpu_seconds is None:
            self._cpu_seconds, self._lines = used, lines
            return False
        seconds = self._now() - self._began_at
        if seconds < WINDOW_SECONDS:
            return False
        is_busy = used - self._cpu_seconds >= BUSY_SHARE * seconds or lines > self._lines
        self._began_at, self._cpu_seconds, self._lines = self._now(), used, lines
        return not is_busy
