"""What the tools stand on: the desk of the person, what agents may do there, what this server has shown and begun."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from launcher.api.desk import Desk
from launcher.api.finding import found
from launcher.api.run import Run
from launcher.config import Config
from launcher.domain.run import Run as KnownRun
from launcher.domain.run import RunState
from launcher.errors import InvalidRequest, LauncherError
from launcher.serve.mcp.allowed import AllowedToAgents
from launcher.serve.mcp.budget import Booking, Ledger
from launcher.serve.mcp.hearing import Hearing
from launcher.services.common.intents import is_being_launched
from launcher.services.ending.refresh import refreshed
from pod_image.contract.next_steps import NextStep, Sentence
from pod_image.contract.results_address import is_folder

_MOST_RUNS_HELD = 50


@dataclass
class Launching:
    """A launch of this server, until its pod is armed. `run` once it is written down, `error` where it failed."""

    plan_hash: str
    booking: Booking
    task: asyncio.Task[None] | None = None
    run: KnownRun | None = None
    error: LauncherError | None = None

    @property
    def is_over(self) -> bool:
        return self.task is None or self.task.done()


@dataclass
class Ground:
    """One per process. `allowed_usd`: what agents may spend in a day; None rents nothing."""

    desk: Desk
    allowed: AllowedToAgents
    allowed_usd: float | None
    shown: set[str] = field(default_factory=set)
    """Hashes of the plans that this server has shown."""
    launches: dict[str, Launching] = field(default_factory=dict)
    """By the hash of their plan."""
    hearing: Hearing = field(default_factory=Hearing)
    ledger: Ledger = field(init=False)
    _held: dict[str, Run] = field(default_factory=dict)

    def __post_init__(self) -> None:
        bench = self.desk.bench
        folder = agents_folder(bench.config)
        self.ledger = Ledger(folder, bench.clock.now, bench.provider_now)

    async def run(self, name: str) -> Run:
        """The run of that name, or the newest; the same object each time, so that it remembers what it heard. Raises
        InvalidRequest."""
        if is_folder(name.strip()):
            raise InvalidRequest(
                "A run in a folder is named by its run ID here: no other folder is read for agents.",
                hint=Sentence("See ", NextStep.LIST_RUNS, "."),
            )
        run = await found(self.desk, name)
        return self.held(run.known)

    def held(self, known: KnownRun) -> Run:
        held = self._held.setdefault(known.nonce, Run(self.desk, known))
        while len(self._held) > _MOST_RUNS_HELD:
            del self._held[next(iter(self._held))]
        return held

    def refuse_others(self, run: Run) -> None:
        """Raises InvalidRequest for a run that no agent has deployed: it is the person's own."""
        if run.known.address not in {booking.run for booking in self.ledger.bookings()}:
            raise InvalidRequest(
                f"{run.address} was not deployed by an agent; this server does not control it.",
                hint=f"Ask the person for `launcher stop {run.run_id}` in a terminal.",
            )

    async def settle(self, *, looks: bool = True) -> None:
        """Replace what was booked for runs that are over by what they cost. `looks`: runs that nobody watched are asked
        for at the provider first.
        """
        for booking in self.ledger.open():
            repo, run_id = _run_of(booking)
            if is_being_launched(self.desk.bench, repo, run_id):
                continue  # one pod may be over, and the next be ordered in a moment
            attempts = self.attempts(booking)
            if looks:
                for attempt in attempts:
                    with suppress(LauncherError):  # what cannot be told stays booked
                        await refreshed(self.desk.bench, attempt)
                attempts = self.attempts(booking)
            cost_usd = _cost_usd(attempts)
            if cost_usd is not None:
                self.ledger.settle(booking.id, cost_usd)

    def attempts(self, booking: Booking) -> list[KnownRun]:
        """What was tried for it, on as many pods as it took."""
        repo, run_id = _run_of(booking)
        attempts = self.desk.bench.runs.attempts(repo, run_id)
        return [each for each in attempts if each.planned_at >= booking.begun_at]

    async def close(self) -> None:
        """Nobody asks any more: a pod that cannot end itself yet is released, others go on."""
        tasks = [each.task for each in self.launches.values() if each.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _run_of(booking: Booking) -> tuple[str, str]:
    repo, _, run_id = booking.run.rpartition("/")
    return repo, run_id


def _cost_usd(attempts: list[KnownRun]) -> float | None:
    """Of all of them; None while one goes on, or nobody knows what it cost."""
    costs = [each.known_cost_usd for each in attempts]
    known = [cost for cost in costs if cost is not None]
    is_over = bool(attempts) and all(each.state is RunState.ENDED for each in attempts)
    return sum(known) if is_over and len(known) == len(costs) else None


def agents_folder(config: Config) -> Path:
    return config.data_folder / "agents"


@asynccontextmanager
async def grounded(
    desk: Desk, allowed: AllowedToAgents, allowed_usd: float | None
) -> AsyncIterator[Ground]:
    """A ground while the block lasts; what it has begun by then is armed, or released."""
    ground = Ground(desk, allowed, allowed_usd)
    try:
        yield ground
    finally:
        await ground.close()
