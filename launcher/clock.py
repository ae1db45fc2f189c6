"""The time of this process, as an argument: tests and the simulation hand in another."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    def now(self) -> datetime:
        """The present moment, with its time zone (UTC)."""
        ...

    def seconds(self) -> float:
        """By a clock that nobody sets, and that continues while the computer sleeps; only differences mean anything."""
        ...

    async def sleep(self, seconds: float) -> None: ...


def is_within(span: timedelta, since: datetime, now: datetime) -> bool:
    """Whether it was so short a time ago. What a clock that was set back shows as yet to come is not known to be."""
    return timedelta(0) <= now - since < span


class SystemClock:
    """The machine's own time."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def seconds(self) -> float:
        # Linux stops CLOCK_MONOTONIC during sleep, macOS what `time.monotonic` reads; Windows stops neither.
        number = getattr(time, "CLOCK_BOOTTIME", getattr(time, "CLOCK_MONOTONIC", None))
        return time.monotonic() if number is None else time.clock_gettime(number)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
