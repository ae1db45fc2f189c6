"""Work that an interruption may not leave half done, because money would run; and what is owed meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from pod_image.contract.next_steps import Said, joined

T = TypeVar("T")

_owed: list[Callable[[], Said]] = []
"""Of the whole process, as its signals are."""


@contextmanager
def owing(words: Callable[[], Said]) -> Iterator[None]:
    """While the block runs, leaving the process would leave something behind that costs money or holds a key.

    `words` says then what it is, that it goes on, and what looks again: for whom wants to leave all the same.
    """
    _owed.append(words)
    try:
        yield
    finally:
        _owed.remove(words)


def what_is_owed() -> Said:
    """What would be left behind if the process ended now, in words; "" when it may go."""
    return joined(dict.fromkeys(words() for words in _owed), "\n")


async def to_its_end(work: Coroutine[Any, Any, T]) -> T:
    """Finish the work however often we are cancelled meanwhile.

    Raises CancelledError after its end when we were, whatever came of it: the work has to keep what must be known.
    """
    task = asyncio.ensure_future(work)
    interrupted = await _finished(task)
    if interrupted is not None:
        if not task.cancelled():
            task.exception()  # looked at, so that nobody warns of it
        raise interrupted
    return task.result()


async def despite_cancel(work: Coroutine[Any, Any, T]) -> T:
    """Finish the work however often we are cancelled meanwhile; that we were is forgotten."""
    task = asyncio.ensure_future(work)
    await _finished(task)
    return task.result()


async def _finished(task: asyncio.Future[Any]) -> asyncio.CancelledError | None:
    """Wait for the task; the last cancellation of the waiting."""
    interrupted = None
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError as exc:
            interrupted = exc
    return interrupted
