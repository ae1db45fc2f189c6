"""Clocks: those that follow the virtual loop, and those that are moved by hand."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from pod_image.agent.ports import T
from tests.kit.virtual_time import START, VirtualLoop, now_seconds

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
"""When the tests of pages play."""


class WorldClock:
    """The loop's time for the emulated cloud."""

    def __init__(self, loop: VirtualLoop) -> None:
        self._loop = loop

    def now(self) -> float:
        return START + self._loop.time()


class LoopClock:
    """The loop's time for the launcher; `skew_seconds` is how wrong this computer's clock is, `asleep_seconds` how long
    the computer slept, in which the loop's time stood still.
    """

    def __init__(self) -> None:
        self.skew_seconds = self.asleep_seconds = 0.0

    def now(self) -> datetime:
        return datetime.fromtimestamp(now_seconds() + self.skew_seconds + self.asleep_seconds, UTC)

    def seconds(self) -> float:
        return asyncio.get_running_loop().time() + self.asleep_seconds

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class MachineClock:
    """The loop's time for the agent; `skew_seconds` is how wrong this machine's clock is."""

    def __init__(self) -> None:
        self.skew_seconds = 0.0

    def now(self) -> float:
        return now_seconds() + self.skew_seconds

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class BlockingTime:
    """Time of calls that block. What they sleep passes after them, so that the loop goes on meanwhile."""

    def __init__(self, loop: VirtualLoop) -> None:
        self._loop = loop
        self._owed_seconds = 0.0

    def now(self) -> float:
        return START + self._loop.time() + self._owed_seconds

    def sleep(self, seconds: float) -> None:
        self._owed_seconds += seconds

    async def run(self, call: Callable[[], T]) -> T:
        """As a thread would: the call takes as long as it slept, and may be left to itself."""
        try:
            return call()
        finally:
            owed, self._owed_seconds = self._owed_seconds, 0.0
            await asyncio.sleep(owed)


class StillClock:
    """Stands still until it is moved; sleeping moves it and takes no time."""

    def __init__(self) -> None:
        self.moment = NOW

    def now(self) -> datetime:
        return self.moment

    def seconds(self) -> float:
        return self.moment.timestamp()

    async def sleep(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)


class HandClock:
    """Unix seconds that stand still until they are moved, or slept upon."""

    def __init__(self, seconds: float = START) -> None:
        self.seconds = seconds
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.seconds

    def advance(self, seconds: float) -> None:
        self.seconds += seconds

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.advance(seconds)


class HandMachineClock:
    """The same for the agent; whoever sleeps on it wakes at once, and it stands still."""

    def __init__(self) -> None:
        self.seconds = START

    def now(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None: ...
