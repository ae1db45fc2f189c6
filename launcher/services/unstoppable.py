"""Work that a cancellation may not leave half done, because money would run."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, TypeVar

from launcher.domain.pod import Pod
from launcher.errors import LauncherError

T = TypeVar("T")


async def to_its_end(work: Coroutine[Any, Any, Pod], own: Callable[[Pod], object]) -> Pod:
    """The answer of an order, also when we are cancelled meanwhile: a pod that was rented must be known.

    Raises CancelledError then, after the pod is owned.
    """
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        with suppress(LauncherError):  # nothing rented, or unclear: cleaning up looks
            own(await despite_cancel(_result(task)))
        raise


async def _result(task: asyncio.Future[Pod]) -> Pod:
    return await task


async def despite_cancel(work: Coroutine[Any, Any, T]) -> T:
    """Finish the work however often we are cancelled meanwhile: it is what keeps money from running."""
    task = asyncio.ensure_future(work)
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            if task.cancelled():
                raise
    return task.result()
