"""One entry that this program has: from its plan to a pod, to the run's end, and what becomes of it then."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from launcher.domain.plan import Plan
from launcher.domain.queue_outcome import Outcome, Then, bounded, of_end, of_error
from launcher.domain.queued import EntryState, QueueEntry, Try
from launcher.domain.run import Run, RunState
from launcher.errors import LauncherError, RentUnclear
from launcher.services.common.observations import EventSeen, Observation, RunEnded
from launcher.services.common.workbench import Workbench
from launcher.services.following.silence import SilentPlaces
from launcher.services.following.watch import watch
from launcher.services.launching.launch import launch
from launcher.services.launching.naming import naming
from launcher.services.launching.progress import Progress, Stage
from launcher.services.queue.queued_run import QueuedRun
from launcher.services.queue.whereabouts import Whereabouts, whereabouts
from launcher.stores.queue import QueueStore
from launcher.stores.queue_claims import Claim
from launcher.stores.runs import RecordKind
from launcher.stores.secrets import Keys
from pod_image.contract.figures import dollars, dollars_per_hour
from pod_image.contract.outcomes import EndReason

LEASE = timedelta(minutes=3)
"""How long an entry stays with a program of another computer that says nothing more."""
WATCH_AGAIN_SECONDS = 15.0
"""After following a run failed: a Hub that is down, or a refused key, does not change at once."""
LOST_AGAIN_SECONDS = 60.0
"""The same where it cannot be told yet what became of a pod."""

Tell = Callable[[int, str, Run | None], None]
"""Hears what happens to an entry, by its number."""
Hear = Callable[[Observation], None]
Follow = Callable[[Workbench, Run, Hear], Awaitable[Run]]
"""Returns the run once it is over; may raise LauncherError, and is asked again then."""


async def followed(bench: Workbench, run: Run, hear: Hear) -> Run:
    """Follow the run to its end."""
    async with aclosing(watch(bench, run)) as observations:
        async for seen in observations:
            if isinstance(seen, RunEnded):
                return seen.run
            hear(seen)
    raise AssertionError("the last observation of a run is its end")


@dataclass(frozen=True)
class EntryWork:
    """`claim` proves that no other program has the entry; every change asks for it."""

    bench: Workbench
    store: QueueStore
    claim: Claim
    entry: QueueEntry
    follow: Follow
    tell: Tell
    silent_places: SilentPlaces
    """Those of all entries of this program."""

    async def launch(self, queued: QueuedRun, plan: Plan, keys: Keys, together: int) -> None:
        """Rent one pod, follow it to its end, and settle the entry. One pod alone: the next is another try."""
        at_place = self.bench.at(self.entry.place)
        report = naming(at_place, queued.labels, self._heard)
        try:
            run = await launch(at_place, plan, keys, report, most_pods=1, together=together)
        except LauncherError as error:
            self._launch_failed(error)
            return
        self.store.claims.note_running(self.claim, run.run_id)
        await self._until_over(run)

    async def recover(self, tried: Try) -> None:
        """Find out what became of a pod that another program had ordered, and go on from there. Orders nothing."""
        found = await self._found(tried)
        run = found.run
        if run is None:
            self._settle_without_run(found)
        elif run.state is RunState.ENDED:
            self._settle(run)
        elif run.is_from_repo:  # no pod of it anywhere, and no word of an end
            self._settle_lost(run.run_id, run.known_cost_usd)
        else:
            self.tell(self.entry.number, "Its pod exists and continues.", run)
            self.store.claims.note_running(self.claim, run.run_id)
            await self._until_over(run)

    async def _found(self, tried: Try) -> Whereabouts:
        said = ""
        while True:
            try:
                found = await whereabouts(self.bench, tried)
                if found.is_settled:
                    return found
            except LauncherError as error:
                said = self._say_once(said, error, None)
            await self.bench.clock.sleep(LOST_AGAIN_SECONDS)

    async def _until_over(self, run: Run) -> None:
        title, said = self.bench.at(self.entry.place).place.title, ""

        def hear(seen: Observation) -> None:
            nonlocal said
            if text := self.silent_places.news(title, seen):
                self._say(text, run)
            if isinstance(seen, EventSeen):
                said = ""

        while True:
            try:
                run = await self.follow(self.bench, run, hear)
                if run.state is RunState.ENDED:
                    break
            except LauncherError as error:
                said = self._say_once(said, error, run)
            await self.bench.clock.sleep(WATCH_AGAIN_SECONDS)
            run = self.bench.runs.by_nonce(run.nonce) or run
        self._settle(run)

    def _say_once(self, said: str, error: LauncherError, run: Run | None) -> str:
        """Why it cannot be told how the run is, unless that was said last. Returns what is said now."""
        text = f"{error.message} It is asked again."
        if text != said:
            self._say(text, run)
        return text

    def _say(self, text: str, run: Run | None) -> None:
        with suppress(OSError, ValueError):  # a terminal that is gone ends no following
            self.tell(self.entry.number, text, run)

    def _heard(self, progress: Progress) -> None:
        """By the claim nothing is ordered that another program has taken over: it raises ClaimLost."""
        run = progress.run
        if run is not None and progress.stage in _TELLS_THE_NONCE:
            self.store.claims.note_order(self.claim, nonce=run.nonce, pod_name=run.pod_name)
            self.store.claims.hold(self.claim, self._lease())
        if run is not None and progress.stage is Stage.ARMED:
            self.store.claims.note_running(self.claim, run.run_id)
        if progress.seen is None:
            self._say(progress.text, run)  # a terminal that is gone stops no launch

    def _launch_failed(self, error: LauncherError) -> None:
        tried = self.store.open_try(self.entry.number)
        nonce = tried.nonce if tried is not None else ""
        run = self.bench.runs.by_nonce(nonce) if nonce else None
        if isinstance(error, RentUnclear) or (run is not None and run.state.may_have_pod):
            # A pod may live: what became of it is looked for, and nothing is ordered until that is known.
            self.store.claims.let_go(self.claim)
            self.tell(self.entry.number, str(error.message), run)
            return
        was_paid = run is not None and bool(run.pod_id)
        outcome = of_end(run) if was_paid and run and _is_told(run) else of_error(error)
        cost_usd = run.known_cost_usd if run is not None and was_paid else 0.0
        self._conclude(outcome, run.run_id if run is not None else None, cost_usd, run)

    def _settle(self, run: Run) -> None:
        machine = self.bench.runs.kept(run, RecordKind.MACHINE) or {}
        outcome = of_end(run, machine_works=machine.get("works") is not False)
        self._conclude(outcome, run.run_id, run.known_cost_usd if run.shown_pod_id else 0.0, run)

    def _settle_without_run(self, found: Whereabouts) -> None:
        if found.was_ordered:
            self._settle_lost(None, None)
        else:
            self._conclude(
                Outcome(Then.WAIT, "Its launch was interrupted before a pod was ordered.")
            )

    def _settle_lost(self, run_id: str | None, cost_usd: float | None) -> None:
        """Nothing tells of its pod any more: all that it can have cost counts."""
        outcome = Outcome(Then.TRY_AGAIN, EndReason.LOST.sentence)
        self._conclude(outcome, run_id, cost_usd)

    def _conclude(
        self,
        outcome: Outcome,
        run_id: str | None = None,
        cost_usd: float | None = 0.0,
        run: Run | None = None,
    ) -> None:
        outcome = bounded(outcome, self.entry)  # while it is claimed nobody else counts its tries
        state = _STATES[outcome.then]
        now = self.bench.clock.now()
        self.store.claims.settle(
            self.claim,
            state,
            now=now,
            why=outcome.why,
            run_id=run_id,
            cost_usd=cost_usd,
            end_reason=run.end_reason if run is not None else None,
            is_try=outcome.then is Then.TRY_AGAIN,
            not_before=now + outcome.after if state is EntryState.WAITING else None,
        )
        self.tell(self.entry.number, _told(outcome, cost_usd), run)

    def _lease(self) -> datetime:
        return self.bench.clock.now() + LEASE


_TELLS_THE_NONCE = (Stage.PREPARING, Stage.RENTING, Stage.RENTED)
"""Before an order; the last is the first word of a pod that an earlier launch had left behind."""
_STATES = {
    Then.WAIT: EntryState.WAITING,
    Then.TRY_AGAIN: EntryState.WAITING,
    Then.DONE: EntryState.DONE,
    Then.FAILED: EntryState.FAILED,
}


def _is_told(run: Run) -> bool:
    """Whether its pod said itself how it ended, and not the launch that gave it back."""
    return run.end_reason not in (None, EndReason.BOOT_FAILED, EndReason.ABORTED)


def _told(outcome: Outcome, cost_usd: float | None) -> str:
    said = outcome.why.rstrip()
    if outcome.then in (Then.DONE, Then.FAILED) and cost_usd:
        return f"{said} It cost {dollars(cost_usd)}."
    if outcome.then is Then.TRY_AGAIN:
        return f"{said} It is tried again."
    return said


def started(plan: Plan) -> str:
    """What is said of an entry whose turn it is."""
    price = dollars_per_hour(plan.offer.price_per_hour_usd)
    return (
        f"It starts as {plan.run_id}: {plan.offer.gpu_name} at {price}, "
        f"{dollars(plan.worst_case_usd)} at most."
    )


async def put_down(work: asyncio.Task[None]) -> None:
    """Wait for a task that was told to stop; what it raises is no concern of whoever leaves."""
    with suppress(asyncio.CancelledError, Exception):
        await work
