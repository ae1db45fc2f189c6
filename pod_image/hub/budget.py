"""How often a run may commit: the Hub counts commits per hour, and what matters most goes first."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from enum import IntEnum

HOUR_SECONDS = 3600.0
FOR_THE_END = 3
"""Commits that a small share keeps for the end too: a GPU that waits there for the next hour is paid for."""


class CommitPriority(IntEnum):
    """Who may use how much of the hour: each keeps a share free for those above it."""

    DELIVERY = 0
    CHECKPOINT = 1
    EXTRA = 2

    @property
    def share(self) -> float:
        return {0: 1.0, 1: 0.85, 2: 0.5}[self.value]


class CommitBudget:
    """At most `per_hour` commits in any 60 minutes, of which extras get half and checkpoints 85 %; a few are kept for
    the end."""

    def __init__(self, now: Callable[[], float], per_hour: int = 60) -> None:
        self._now = now
        self.per_hour = per_hour
        self._spent: deque[float] = deque()
        self._closed_until = 0.0

    def wait_seconds(self, priority: CommitPriority) -> float:
        """How long until a commit of this priority fits; 0 when it fits now."""
        now = self._now()
        while self._spent and self._spent[0] <= now - HOUR_SECONDS:
            self._spent.popleft()
        allowed = int(self.per_hour * priority.share)
        if priority is not CommitPriority.DELIVERY:
            allowed = min(allowed, self.per_hour - FOR_THE_END)
        allowed = max(1, allowed)
        free_at = 0.0
        if len(self._spent) >= allowed:
            free_at = self._spent[len(self._spent) - allowed] + HOUR_SECONDS
        return max(0.0, free_at - now, self._closed_until - now)

    def spend(self) -> None:
        """Count one commit, made now."""
        self._spent.append(self._now())

    def close_for(self, seconds: float) -> None:
        """The Hub itself asked for a pause: nothing fits before it is over."""
        self._closed_until = max(self._closed_until, self._now() + seconds)
