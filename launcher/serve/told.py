"""What runs told, for whoever asks: the newest from memory, older events from this computer, and of a run that others
followed from its results repo.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import OrderedDict, deque
from collections.abc import AsyncGenerator
from contextlib import suppress
from dataclasses import dataclass, field

from launcher.domain.run import Run, RunState
from launcher.domain.run_view import LogEntry, RunView
from launcher.errors import HubError, InvalidRequest, NotConfigured
from launcher.services.common.observations import EventSeen, Observation
from launcher.services.common.workbench import Workbench
from launcher.services.live.live_runs import Live
from pod_image.contract.events import Event

NEWEST_KEPT = 2_000
"""Events of a run in memory: who follows needs no file read."""
RUNS_KEPT = 30
A_PAGE = 1_000
"""Events that are read at once for a stream that has much to catch up with."""


@dataclass
class _Newest:
    events: deque[Event] = field(default_factory=lambda: deque(maxlen=NEWEST_KEPT))


class Told:
    """`mark` tells the numbers of log lines of this process from those of another."""

    def __init__(self, bench: Workbench, live: Live) -> None:
        self.mark = secrets.token_hex(4)
        self._bench, self._live = bench, live
        self._newest: OrderedDict[str, _Newest] = OrderedDict()
        self._changed = asyncio.Event()
        self._is_closed = False
        live.when_fed.append(self._hear)

    async def view(self, run: Run) -> RunView:
        """What is known of the run. One that ended unseen is completed from its results repo, once that can be read."""
        view = await self._live.open_view(run)
        if view.picture.ended is None and run.state is RunState.ENDED:
            with suppress(HubError, NotConfigured, InvalidRequest):
                await self._live.complete_view(self._bench, run)
                self._newest.pop(run.nonce, None)  # from here on its file alone has all of it
        return view

    async def events(self, run: Run, after: int, most: int) -> list[Event]:
        """So many events of the run, from the one after `after` on."""
        await self.view(run)
        newest = self._newest.get(run.nonce)
        if newest is not None and newest.events and newest.events[0].seq <= after + 1:
            return [each for each in newest.events if each.seq > after][:most]
        return await asyncio.to_thread(self._live.journal_after, run, after, most)

    async def follow_events(self, run: Run, after: int) -> AsyncGenerator[Event | None, None]:
        """Every event after that one until the run's end; None whenever nothing came for a while."""
        while True:
            changed = self._changed
            found = await self.events(run, after, A_PAGE)
            for event in found:
                after = event.seq
                yield event
            if len(found) == A_PAGE:
                continue
            if self._is_closed or self.is_over(run):
                return
            if not await _within(changed, QUIET_SECONDS):
                yield None

    async def changed_within(self, seconds: float) -> bool:
        """Wait until anything was heard, but no longer."""
        return await _within(self._changed, seconds)

    async def follow_log(self, run: Run, after: int) -> AsyncGenerator[LogEntry | None, None]:
        """Every line after that number until the run's end; None whenever nothing came for a while."""
        view = await self.view(run)
        while True:
            changed = self._changed
            for entry in [each for each in view.log if each.number > after]:
                after = entry.number
                yield entry
            if self._is_closed or self.is_over(run):
                return
            if not await _within(changed, QUIET_SECONDS):
                yield None

    def close(self) -> None:
        """Let go of everybody who follows: the server ends."""
        self._is_closed = True
        self._wake()

    def is_over(self, run: Run) -> bool:
        """Whether the run has ended, and nobody here waits for more of it."""
        now = self._live.run(run.nonce) or run
        return now.state is RunState.ENDED and not self._live.is_watched(run.nonce)

    def _hear(self, run: Run, seen: Observation) -> None:
        if isinstance(seen, EventSeen):
            newest = self._newest.setdefault(run.nonce, _Newest())
            self._newest.move_to_end(run.nonce)
            newest.events.append(seen.event)
            while len(self._newest) > RUNS_KEPT:
                self._newest.popitem(last=False)
        self._wake()

    def _wake(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()


QUIET_SECONDS = 15.0
"""A line that says nothing keeps proxies and clients from taking the stream for dead."""


async def _within(event: asyncio.Event, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return False
    return True
