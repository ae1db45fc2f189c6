"""The time by which money is counted: the cloud's own, carried on by the monotonic clock."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

from pod_image.agent.ports import Clock

AGREES_SECONDS = 2.0


class AnchoredClock:
    """Follows the machine's clock until it is anchored; from then on a jump of that clock changes nothing."""

    def __init__(self, clock: Clock, uptime: Callable[[], float] | None = None) -> None:
        """`uptime`: seconds that carry it on; those of the loop stand still while the machine sleeps."""
        self._clock, self._uptime = clock, uptime
        self._anchor: tuple[float, float] | None = None

    def now(self) -> float:
        if self._anchor is None:
            return self._clock.now()
        server_seconds, at_seconds = self._anchor
        return server_seconds + self._seconds() - at_seconds

    def anchor(self, server_seconds: float) -> float:
        """Take the server's time as ours. Returns how many seconds the machine's clock is ahead of it.

        The server tells whole seconds: a clock that agrees within them is the better one.
        """
        own_seconds = self._clock.now()
        ahead_seconds = own_seconds - server_seconds
        is_close = abs(ahead_seconds) <= AGREES_SECONDS
        self._anchor = (own_seconds if is_close else server_seconds, self._seconds())
        return ahead_seconds

    def _seconds(self) -> float:
        return asyncio.get_running_loop().time() if self._uptime is None else self._uptime()

    def moment(self) -> datetime:
        return datetime.fromtimestamp(self.now(), UTC)

    async def sleep(self, seconds: float) -> None:
        await self._clock.sleep(seconds)


def backoff_seconds(attempt: int, *, first: float, longest: float) -> float:
    """Doubling waits: `first` after attempt 1, never over `longest`."""
    return min(longest, first * 2.0 ** min(attempt - 1, 30))
