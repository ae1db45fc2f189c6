"""What pods say, as this server has heard it: read when an agent asks, and never for long."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import TypeVar

from launcher.api.run import Run
from launcher.domain.run import RunState
from pod_image.contract.events import Event

QUIET_SECONDS = 2.0
"""A run that says nothing for so long has said what it had."""
MOST_EVENTS = 5_000
"""In one call; the next goes on behind them."""
KEPT_EVENTS = 50
T = TypeVar("T")


@dataclass
class Hearing:
    """The newest events of each run, by its nonce."""

    newest: dict[str, deque[Event]] = field(default_factory=dict)

    async def hear(self, run: Run, wait_seconds: float) -> None:
        """Read what its pod has said since the last time; wait for something new where there is nothing yet."""
        is_told = run.told.ended is not None
        if is_told or not (run.known.armed_at or run.state is RunState.ENDED):
            return
        kept = self.newest.setdefault(run.known.nonce, deque(maxlen=KEPT_EVENTS))
        async with run.events(after=run.told.last_seq) as events:
            async for event in until_quiet(events, wait_seconds):
                if not kept or event.seq > kept[-1].seq:  # two calls at once hear the same
                    kept.append(event)

    def heard(self, run: Run, most: int) -> list[Event]:
        kept = [*self.newest.get(run.known.nonce, ())]
        return kept[-most:] if most else []


async def until_quiet(stream: AsyncIterator[T], wait_seconds: float) -> AsyncIterator[T]:
    """What comes until nothing came for a while; the first is waited for longer."""
    patience = max(wait_seconds, QUIET_SECONDS)
    for _ in range(MOST_EVENTS):
        try:
            yield await asyncio.wait_for(anext(stream), patience)
        except (TimeoutError, StopAsyncIteration):
            return
        patience = QUIET_SECONDS
