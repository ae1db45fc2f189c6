"""Sees a disk fill up while there is time to do something: by what is free, and how fast it goes."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from pod_image.contract.bodies import RunWarning
from pod_image.contract.figures import duration, size
from pod_image.contract.next_steps import Sentence, setting

WINDOW_SECONDS = 900.0
"""Over which the growth is reckoned: a checkpoint every quarter of an hour has to be in it."""
LEAST_SECONDS = 60.0
"""A shorter look says nothing of what is to come."""
NEAR_SECONDS = 1_800.0
SCARCE_BYTES = 2 << 30
"""Less is near its end, whatever the growth: one checkpoint may take it."""
CALM_SHARE = 1.5
"""So much more has to be free again before the same is said anew."""


@dataclass
class DiskWatch:
    """Give it a reading now and then."""

    _readings: deque[tuple[float, int]] = field(default_factory=deque)
    _told_bytes: int | None = None
    """What was free when it was said."""

    def read(self, free_bytes: int, now: float) -> RunWarning | None:
        """The warning that is due, once for each time that the disk runs full."""
        self._readings.append((now, free_bytes))
        while now - self._readings[0][0] > WINDOW_SECONDS:
            self._readings.popleft()
        if self._told_bytes is not None:
            if free_bytes > CALM_SHARE * self._told_bytes + SCARCE_BYTES:
                self._told_bytes = None
            return None
        full_in = self.full_in_seconds(now)
        if free_bytes >= SCARCE_BYTES and (full_in is None or full_in > NEAR_SECONDS):
            return None
        if full_in is None:
            return None  # little, and it stays so: what was rented is enough
        self._told_bytes = free_bytes
        return RunWarning.saying(
            "disk_fills",
            f"The disk has {size(free_bytes)} free, and is full in about {duration(full_in)} at this rate.",
            Sentence(
                "What is complete is delivered before that. Keep fewer checkpoints, or start again with a larger ",
                setting("disk_gb"),
                ".",
            ),
        )

    def full_in_seconds(self, now: float) -> float | None:
        """None while it does not get fuller, or is not known yet."""
        began, first = self._readings[0]
        seconds, taken = now - began, first - self._readings[-1][1]
        if seconds < LEAST_SECONDS or taken <= 0:
            return None
        return self._readings[-1][1] * seconds / taken
