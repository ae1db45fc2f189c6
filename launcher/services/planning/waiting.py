"""Trying again until a GPU that fits is free, as often as places allow, for as long as somebody will wait."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import TypeVar

from launcher.clock import Clock
from launcher.errors import NothingAvailable
from launcher.services.planning.offers import BETWEEN_LOOKS
from pod_image.contract.next_steps import Said

T = TypeVar("T")


class StockWait:
    """How long a person waits for stock, over everything that needs some. Counts from when it is made."""

    def __init__(self, clock: Clock, longest: timedelta) -> None:
        self._clock = clock
        self._until = clock.now() + longest

    async def until_free(
        self, attempt: Callable[[], Awaitable[T]], tell: Callable[[Said, datetime], None]
    ) -> T:
        """What the attempt returns once it finds something. Raises its NothingAvailable when the time is over, and
        anything else at once. `tell` hears what is missing, whenever that is other than before, and until when it is
        waited for.
        """
        told: Said | None = None
        while True:
            try:
                return await attempt()
            except NothingAvailable as error:
                left = self._until - self._clock.now()
                if left <= timedelta(0):
                    raise
                if error.message != told:
                    told = error.message
                    tell(told, self._until)
            await self._clock.sleep(min(BETWEEN_LOOKS, left).total_seconds())
