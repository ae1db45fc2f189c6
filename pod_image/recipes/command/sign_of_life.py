"""Whether a command gets on although it says nothing of it: by what it writes, and by what it computes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

BUSY_SHARE = 0.02
"""Of one core. A loop that waits and looks takes far less, the slowest training far more."""


@dataclass
class SignOfLife:
    """`look` compares with the last time that it was called."""

    now: Callable[[], float]
    _lines: int = 0
    _cpu_seconds: float = 0.0
    _looked_at: float = field(init=False)

    def __post_init__(self) -> None:
        self._looked_at = self.now()

    def look(self, lines: int, cpu_seconds: float) -> bool:
        """Given all lines and all processor time so far. Processes that ended take theirs along: no sign of life."""
        now = self.now()
        seconds, used = now - self._looked_at, cpu_seconds - self._cpu_seconds
        lives = lines > self._lines or used >= BUSY_SHARE * seconds > 0
        self._looked_at, self._lines, self._cpu_seconds = now, lines, cpu_seconds
        return lives
