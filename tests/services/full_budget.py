"""A minute whose calls are all used up by others with the same key."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from launcher.providers.call_budget import CALLS_A_MINUTE, Turn
from launcher.providers.runpod.provider import RunPodProvider
from tests.services.harness import LauncherHarness


@asynccontextmanager
async def no_room_for_looks(harness: LauncherHarness) -> AsyncIterator[None]:
    """As if others with the same key sent a call every second that never waits, until no pod is left."""
    assert isinstance(harness.bench.provider, RunPodProvider)
    budget = harness.bench.provider._client._budget
    for _ in range(CALLS_A_MINUTE):
        await budget.take(Turn.NOW)

    async def go_on() -> None:
        while not harness.world.pods or harness.live():
            await budget.take(Turn.NOW)
            await asyncio.sleep(1)

    task = asyncio.create_task(go_on())
    try:
        yield
    finally:
        task.cancel()
