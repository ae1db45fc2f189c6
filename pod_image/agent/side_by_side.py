"""Waiting for what goes on side by side, and ending it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, TypeVar

T = TypeVar("T")
_CANCEL_SECONDS = 30.0


async def first_of(
    work: asyncio.Future[T], event: asyncio.Event, limit_seconds: float | None = None
) -> None:
    """Wait until the work is done, the event has come, or the time is up; the work goes on."""
    come = asyncio.ensure_future(event.wait())
    waited: set[asyncio.Future[Any]] = {work, come}
    limit = None if limit_seconds is None else max(0.0, limit_seconds)
    try:
        await asyncio.wait(waited, timeout=limit, return_when=asyncio.FIRST_COMPLETED)
    finally:
        come.cancel()


async def cancel_all(tasks: Sequence[asyncio.Future[Any]]) -> None:
    """End them all. One that does not end is left to itself: the pod's release comes after this."""
    for task in tasks:
        task.cancel()
    over, _ = await asyncio.wait(tasks, timeout=_CANCEL_SECONDS)
    for task in over:
        if not task.cancelled():
            task.exception()  # seen; what there was to say of it was said by the task
