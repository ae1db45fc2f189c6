"""How many calls a minute all that this process does with one key may send, and who waits when there is no room.

What ends a pod, orders one, or was asked for by a person is counted and never waits. Whoever only watches waits behind
it: the list of pods first, which tells of all, then looks at single pods, then the opening of log streams.
"""

from __future__ import annotations

import asyncio
import hashlib
import heapq
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from enum import IntEnum
from itertools import count
from weakref import WeakValueDictionary

from pydantic import SecretStr

CALLS_A_MINUTE = 60
"""By ourselves; a place may allow more."""
WINDOW_SECONDS = 60.0


class Turn(IntEnum):
    """Who goes first."""

    NOW = 0
    LIST = 1
    LOOK = 2
    STREAM = 3


_MOST = {
    Turn.LIST: CALLS_A_MINUTE - 5,
    Turn.LOOK: CALLS_A_MINUTE - 10,
    Turn.STREAM: CALLS_A_MINUTE - 15,
}
"""Calls within the last minute, whoever sent them, at which one that may wait does."""
_turn = ContextVar("turn", default=Turn.NOW)


@contextmanager
def looking(turn: Turn = Turn.LOOK) -> Iterator[None]:
    """Calls in this block may wait: nobody's money depends on them."""
    before = _turn.set(turn)
    try:
        yield
    finally:
        _turn.reset(before)


def usual_turn() -> Turn:
    """That of a call which has none of its own."""
    return _turn.get()


class CallBudget:
    """Any minute has at most `CALLS_A_MINUTE` calls, unless those that never wait are more by themselves."""

    def __init__(self) -> None:
        self._sent: deque[float] = deque()
        self._waiting: list[tuple[Turn, int, asyncio.Future[None]]] = []
        self._number = count()
        self._timer: asyncio.TimerHandle | None = None

    async def take(self, turn: Turn) -> None:
        """Return when the call may be sent; it counts from then on."""
        loop = asyncio.get_running_loop()
        if turn is not Turn.NOW and (self._is_behind_another(turn) or self._wait_seconds(turn)):
            granted = loop.create_future()
            heapq.heappush(self._waiting, (turn, next(self._number), granted))
            self._wake_when_there_is_room()
            await granted
            return
        self._count()

    def _count(self) -> None:
        self._forget_older()
        self._sent.append(asyncio.get_running_loop().time())

    def _forget_older(self) -> None:
        now = asyncio.get_running_loop().time()
        while self._sent and self._sent[0] + WINDOW_SECONDS <= now:
            self._sent.popleft()

    def _is_behind_another(self, turn: Turn) -> bool:
        self._drop_cancelled()
        return bool(self._waiting) and self._waiting[0][0] <= turn

    def _wait_seconds(self, turn: Turn) -> float:
        """Until a call of this turn has room."""
        self._forget_older()
        too_many = len(self._sent) - _MOST[turn]
        if too_many < 0:
            return 0.0
        return self._sent[too_many] + WINDOW_SECONDS - asyncio.get_running_loop().time()

    def _wake_when_there_is_room(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._drop_cancelled()
        if self._waiting:
            loop = asyncio.get_running_loop()
            seconds = self._wait_seconds(self._waiting[0][0])
            self._timer = loop.call_later(seconds, self._grant)

    def _grant(self) -> None:
        self._drop_cancelled()
        while self._waiting and not self._wait_seconds(self._waiting[0][0]):
            _, _, granted = heapq.heappop(self._waiting)
            granted.set_result(None)
            self._count()
            self._drop_cancelled()
        self._wake_when_there_is_room()

    def _drop_cancelled(self) -> None:
        """Whoever stopped waiting for its turn lets the next one have it."""
        while self._waiting and self._waiting[0][2].done():
            heapq.heappop(self._waiting)


class CallBudgets:
    """One for each key at each address, for as long as anybody uses it."""

    def __init__(self) -> None:
        self._budgets: WeakValueDictionary[tuple[str, bytes], CallBudget] = WeakValueDictionary()

    def of(self, address: str, key: SecretStr) -> CallBudget:
        known = (address, hashlib.sha256(key.get_secret_value().strip().encode()).digest())
        budget = self._budgets.get(known)
        if budget is None:
            budget = self._budgets[known] = CallBudget()
        return budget
