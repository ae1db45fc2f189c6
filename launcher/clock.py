"""The time of this process, as an argument: tests and the simulation hand in another."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    def now(self) -> datetime:
        """The present moment, with its time zone (UTC)."""
        ...

    async def sleep(self, seconds: float) -> None: ...


def is_within(span: timedelta, since: datetime, now: datetime) -> bool:
    """Whether it was so short a time ago. What a clock that was set back shows as yet to come is not known to be."""
    return timedelta(0) <= now - since < span


class SystemClock:
    """The machine's own time."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
