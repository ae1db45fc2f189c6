"""How often somebody may ask. Pure: the time is given to it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

MOST_KNOWN = 1_000
"""Askers that are remembered; whoever asked longest ago is forgotten, and begins anew."""


@dataclass
class _Left:
    requests: float
    at_seconds: float


class RateLimit:
    """`at_once` requests in a row, and `per_minute` of them in the long run, for each asker."""

    def __init__(self, per_minute: float, at_once: int, seconds: Callable[[], float]) -> None:
        self._per_second = per_minute / 60.0
        self._most = float(at_once)
        self._seconds = seconds
        self._left: OrderedDict[str, _Left] = OrderedDict()

    def wait_seconds(self, asker: str) -> float:
        """0 for a request that may be answered, which counts; else when the next one may come. One that may not does
        not count."""
        now = self._seconds()
        left = self._left.setdefault(asker, _Left(self._most, now))
        self._left.move_to_end(asker)
        while len(self._left) > MOST_KNOWN:
            self._left.popitem(last=False)
        left.requests = min(self._most, left.requests + (now - left.at_seconds) * self._per_second)
        left.at_seconds = now
        if left.requests < 1.0:
            return (1.0 - left.requests) / self._per_second
        left.requests -= 1.0
        return 0.0


class Places:
    """So many at the same time, for each asker."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._taken: dict[str, int] = {}

    def take(self, asker: str) -> bool:
        """False where all are taken."""
        if self._taken.get(asker, 0) >= self._most:
            return False
        self._taken[asker] = self._taken.get(asker, 0) + 1
        return True

    def leave(self, asker: str) -> None:
        left = self._taken.get(asker, 0) - 1
        if left > 0:
            self._taken[asker] = left
        else:
            self._taken.pop(asker, None)
