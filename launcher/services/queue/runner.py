"""Works on the queue while a program runs: starts what may start, follows it, and takes over what another left."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from launcher.clock import is_within
from launcher.domain.queue_outcome import ASK_AGAIN, Then, of_error
from launcher.domain.queued import EntryState, QueueEntry, Turn, next_turn
from launcher.errors import LauncherError
from launcher.services.common.uninterrupted import despite_cancel
from launcher.services.common.workbench import Workbench
from launcher.services.ending.reap import reap
from launcher.services.following.silence import SilentPlaces
from launcher.services.queue.entry_work import (
    LEASE,
    EntryWork,
    Follow,
    Tell,
    followed,
    put_down,
    started,
)
from launcher.services.queue.queued_run import QueuedRun, as_it_goes_on, plan_of
from launcher.stores.queue import QueueStore
from launcher.stores.queue_claims import Claim, ClaimLost, Refused
from launcher.stores.secrets import Keys
from launcher.stores.workers import Worker

LOOK_SECONDS = 15.0
BEAT_SECONDS = 30.0
PLANS_AT_A_LOOK = 4
"""A plan asks the place a few times, which allows 60 calls a minute."""
SWEEP = timedelta(minutes=10)

KeysOf = Callable[[QueuedRun], Keys]
"""The keys that a run takes; raises NotConfigured for one that is missing."""


@dataclass
class _Held:
    claim: Claim
    task: asyncio.Task[None]


class QueueRunner:
    """`tell` hears what happens. `sweeps`: pods that nobody needs are looked for too, where nothing else does that."""

    def __init__(
        self,
        bench: Workbench,
        store: QueueStore,
        keys_of: KeysOf,
        tell: Tell,
        *,
        follow: Follow = followed,
        sweeps: bool = True,
    ) -> None:
        self._bench, self._store, self._keys_of, self._tell = bench, store, keys_of, tell
        self._follow, self._sweeps = follow, sweeps
        self._is_finishing = False
        self._worker = Worker(bench.config.workers_folder)
        self._held: dict[int, _Held] = {}
        self._swept_at: datetime | None = None
        self._silent_places = SilentPlaces()

    async def work(self, *, stays: bool = False) -> None:
        """Until nothing is left that may start or lives here; with `stays` until it is cancelled.

        However it ends, an armed run goes on without it, a launch under way gives its pod back, and every entry can
        be taken over at once.
        """
        beating = asyncio.create_task(self._beat())
        try:
            while True:
                self._raise_faults()
                await self._sweep()
                if self._is_finishing:
                    if not self._is_launching():
                        return
                else:
                    self._take_over()
                    await self._start_what_may()
                    if not stays and self._is_finished():
                        return
                await self._bench.clock.sleep(LOOK_SECONDS)
        finally:
            beating.cancel()
            await despite_cancel(self._leave())

    def finish(self) -> None:
        """Start nothing more, and end once every pod that is being launched is armed, or given back."""
        self._is_finishing = True

    def _is_launching(self) -> bool:
        starting = {
            each.number for each in self._store.entries() if each.state is EntryState.STARTING
        }
        return any(
            number in starting and not held.task.done() for number, held in self._held.items()
        )

    async def _start_what_may(self) -> None:
        for _ in range(PLANS_AT_A_LOOK):
            ready = self._turn().ready
            if not ready:
                return
            await self._start(ready[0])

    def _turn(self) -> Turn:
        store = self._store
        return next_turn(store.entries(), store.terms(), store.account(), self._bench.clock.now())

    async def _start(self, entry: QueueEntry) -> None:
        try:
            was_launched = any(each.nonce for each in self._store.tries_of(entry.number))
            queued = QueuedRun.read(entry.document)
            queued = await as_it_goes_on(self._bench, entry, queued, was_launched=was_launched)
            keys = self._keys_of(queued)
            plan = await plan_of(
                self._bench,
                queued,
                keys,
                max_price_usd=entry.max_price_usd,
                agreed_usd=entry.agreed_usd,
            )
        except LauncherError as error:
            self._put_off(entry, error)
            return
        now = self._bench.clock.now()
        claim = self._store.claims.claim(
            entry.number,
            worker=self._worker.name,
            run_id=plan.run_id,
            most_usd=plan.worst_case_usd,
            now=now,
            lease_until=now + LEASE,
        )
        if isinstance(claim, Refused):
            self._put_off_refused(entry, claim)
            return
        self._tell(entry.number, started(plan), None)
        work = self._work(claim, entry)
        self._hold(claim, work.launch(queued, plan, keys, self._store.terms().at_most))

    def _put_off(self, entry: QueueEntry, error: LauncherError) -> None:
        outcome = of_error(error)
        is_over = outcome.then is Then.FAILED
        after = outcome.after or ASK_AGAIN
        not_before = None if is_over else self._bench.clock.now() + after
        is_there = self._store.claims.put_off(
            entry.number, why=outcome.why, not_before=not_before, is_over=is_over
        )
        if is_there and (outcome.why != entry.why or is_over):
            self._tell(entry.number, outcome.why, None)

    def _put_off_refused(self, entry: QueueEntry, refused: Refused) -> None:
        """What it was decided from has changed meanwhile; of a run id that is taken the next plan finds another."""
        if refused is Refused.RUN_ID:
            not_before = self._bench.clock.now() + timedelta(seconds=LOOK_SECONDS)
            self._store.claims.put_off(entry.number, why=entry.why, not_before=not_before)

    def _take_over(self) -> None:
        now = self._bench.clock.now()
        for entry in self._store.entries():
            if not entry.state.is_live or entry.number in self._held:
                continue
            if entry.claim and not self._worker.is_dead(entry.worker, entry.lease_until, now):
                continue
            claim = self._store.claims.take_over(
                entry, worker=self._worker.name, lease_until=now + LEASE
            )
            tried = self._store.open_try(entry.number)
            if isinstance(claim, Refused) or tried is None:
                continue
            self._hold(claim, self._work(claim, entry).recover(tried))

    def _work(self, claim: Claim, entry: QueueEntry) -> EntryWork:
        return EntryWork(
            self._bench,
            self._store,
            claim,
            entry,
            self._follow,
            self._tell,
            self._silent_places,
        )

    def _hold(self, claim: Claim, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._held[claim.entry] = _Held(claim, task)

    def _raise_faults(self) -> None:
        """What ended is let go, also what another program has taken over; a fault of ours keeps its traceback."""
        for number, held in list(self._held.items()):
            if held.task.done():
                del self._held[number]
                with suppress(ClaimLost, asyncio.CancelledError):
                    held.task.result()

    async def _beat(self) -> None:
        """Other computers see that this program lives. What was taken over from it is left alone."""
        while True:
            await self._bench.clock.sleep(BEAT_SECONDS)
            until = self._bench.clock.now() + LEASE
            for held in list(self._held.values()):
                if held.task.done():
                    continue
                try:
                    self._store.claims.hold(held.claim, until)
                except ClaimLost:
                    held.task.cancel()
                except LauncherError:
                    continue  # a full disk: the lock still says it here

    async def _sweep(self) -> None:
        now = self._bench.clock.now()
        is_swept = self._swept_at is not None and is_within(SWEEP, self._swept_at, now)
        if is_swept or not self._sweeps:
            return
        self._swept_at = now
        with suppress(LauncherError):
            await reap(self._bench)

    def _is_finished(self) -> bool:
        if any(not held.task.done() for held in self._held.values()):
            return False
        if any(entry.state.is_live and not entry.claim for entry in self._store.entries()):
            return False  # let go a moment ago, to be looked into
        turn = self._turn()
        return not turn.ready and not any(why.passes for why in turn.waits.values())

    async def _leave(self) -> None:
        for held in self._held.values():
            held.task.cancel()
        for held in self._held.values():
            await put_down(held.task)
        for held in self._held.values():
            with suppress(LauncherError):
                if self._store.entry(held.claim.entry).state in _LIVE:
                    self._store.claims.let_go(held.claim)
        self._worker.close()


_LIVE = [state for state in EntryState if state.is_live]
