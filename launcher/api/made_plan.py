"""A plan as a program holds it: what a run would do and cost. Nothing is rented until it is deployed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, NoReturn

from launcher.api.both import Doing, both
from launcher.api.desk import Desk
from launcher.api.html import plan_html
from launcher.api.next_steps import in_python
from launcher.api.run import Run
from launcher.domain.plan import DatasetSummary, Estimate, Origin
from launcher.domain.plan import Plan as MadePlan
from launcher.domain.plan_moves import Moved
from launcher.domain.planned_request import Planned
from launcher.domain.run import Run as KnownRun
from launcher.errors import Interrupted, InvalidRequest
from launcher.services.launching.launch import launch
from launcher.services.launching.progress import Progress
from launcher.services.planning.plan import raise_errors
from launcher.services.planning.shown_plans import moved, plan_again, recall
from launcher.stores.secrets import Keys
from pod_image.contract.figures import dollars, dollars_per_hour
from pod_image.contract.findings import Finding, Severity
from pod_image.contract.next_steps import NextStep, Sentence, joined

JUST_SEEN = timedelta(minutes=1)
"""Prices, stock and dataset move: an older plan is made again, and compared, before money is spent on it."""
Say = Callable[[str], object]


class Plan:
    """What was looked up for one run. `deploy` rents for exactly this, once, and while it is fresh."""

    def __init__(
        self, desk: Desk, made: MadePlan, keys: Keys, moves: tuple[Moved, ...] = ()
    ) -> None:
        self.made = made
        """All that was found out."""
        self.moves = moves
        """What is other than in the plan that was shown, where this is one made again, such as a price that fell."""
        self.made_at: datetime = desk.bench.clock.now()
        self._desk, self._keys = desk, keys
        self._run: Run | None = None
        self._is_under_way = False

    @property
    def doing(self) -> Doing:
        """Where its calls are done."""
        return self._desk.doing

    @property
    def hash(self) -> str:
        """Of what is agreed to; `deploy` takes it in place of the plan for an hour. Empty for a plan with errors."""
        return self.made.hash

    @property
    def run_id(self) -> str:
        return self.made.run_id

    @property
    def results_repo(self) -> str:
        return self.made.settings.results

    @property
    def settings(self) -> Mapping[str, Any]:
        """Every value that applies."""
        return self.made.settings.applicable()

    @property
    def origins(self) -> Mapping[str, Origin]:
        """Where each value comes from: you, preset, default."""
        return self.made.composed.origins

    @property
    def dataset(self) -> DatasetSummary | None:
        return self.made.dataset

    @property
    def gpu_name(self) -> str:
        """The first that is tried."""
        return self.made.offer.gpu_name

    @property
    def price_per_hour_usd(self) -> float:
        return self.made.offer.price_per_hour_usd

    @property
    def most_usd(self) -> float:
        """What it can cost at the most, on the dearest GPU that may be tried."""
        return self.made.worst_case_usd

    @property
    def estimate(self) -> Estimate | None:
        """Expected time and cost; None where nothing is known of such a run."""
        return self.made.estimate

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What the look found: errors keep it from being deployed, warnings and notes do not."""
        return tuple(
            replace(each, message=in_python(each.message), hint=in_python(each.hint))
            for each in self.made.findings
        )

    @property
    def errors(self) -> tuple[Finding, ...]:
        return tuple(each for each in self.findings if each.severity is Severity.ERROR)

    @property
    def requests(self) -> tuple[Planned, ...]:
        """What would be sent, with placeholders in place of secrets."""
        return self.made.requests

    def check(self) -> None:
        """Raises what keeps the plan from being deployed, all of it in one error."""
        raise_errors(self.made)

    @both
    async def deploy(self, *, agreed_usd: float | None = None, say: Say | None = None) -> Run:
        """Rent a GPU for this plan; returns the run once its pod can end itself and needs nobody.

        When anything fails before, or this call is interrupted, the pod is released and the error says what it
        cost. `agreed_usd` refuses a plan that may cost more. A plan that was deployed gives the same run again, and
        rents nothing. One that is not new any more is looked up again first: PlanMoved says what is other than shown.
        `say` hears each step as a sentence, such as `print`.
        """
        return await self._deployed(agreed_usd, say)

    @both
    async def launch(self, report: Callable[[Progress], None], *, watches: bool = False) -> Run:
        """The same for a program that shows each step itself, and answers a cancellation when it is armed itself.

        `watches`: it stays with the run to its end, as one on several nodes needs.
        """
        return await self._launched(report, watches=watches)

    async def _deployed(self, agreed_usd: float | None, say: Say | None) -> Run:
        _refuse_dearer(self.made, agreed_usd)

        def report(progress: Progress) -> None:
            if say is not None and progress.seen is None:
                say(progress.text)

        try:
            return await self._launched(report)
        except asyncio.CancelledError as exc:
            run = self._armed_now()
            if run is None:
                raise
            raise _goes_on(run) from exc

    async def _launched(self, report: Callable[[Progress], None], *, watches: bool = False) -> Run:
        if self._run is not None:
            return self._run
        if self._is_under_way:
            raise InvalidRequest("This plan is being deployed already, by an earlier call.")
        self.check()
        self._is_under_way = True
        try:
            await self._made_again()
            known = await launch(self._desk.bench, self.made, self._keys, report, watches=watches)
        finally:
            self._is_under_way = False
        self._run = Run(self._desk, known)
        return self._run

    async def _made_again(self) -> None:
        """The same plan as it is now, unless it was made a moment ago."""
        bench = self._desk.bench
        if bench.clock.now() - self.made_at <= JUST_SEEN:
            return
        shown = recall(bench, self.hash)
        self.made = await plan_again(bench, shown, self._keys)
        self.moves = moved(shown, self.made)
        self.made_at = bench.clock.now()

    def _armed_now(self) -> KnownRun | None:
        """The run, where its pod was armed at the very moment that the call was ended."""
        attempts = self._desk.bench.runs.attempts(self.results_repo, self.run_id)
        if attempts and attempts[0].planned_at >= self.made_at and attempts[0].armed_at is not None:
            return attempts[0]
        return None

    def __repr__(self) -> str:
        price = dollars_per_hour(self.price_per_hour_usd)
        return f"<plan for {self.run_id}: {self.gpu_name} at {price}, {dollars(self.most_usd)} at most>"

    def _repr_html_(self) -> str:
        return plan_html(self.made)

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "A plan holds keys and today's prices, and cannot be pickled: plan it again."
        )


def _refuse_dearer(made: MadePlan, agreed_usd: float | None) -> None:
    """Raises InvalidRequest for a plan that may cost more than was agreed."""
    if agreed_usd is None:
        return
    if isinstance(agreed_usd, bool) or not 0 < agreed_usd < float("inf"):
        raise InvalidRequest(
            f"agreed_usd is the most that the run may cost, in dollars; {agreed_usd!r} was given.",
            hint="For example agreed_usd=2.50.",
        )
    if made.worst_case_usd > agreed_usd + 0.005:  # both are said in cents
        cap = Sentence(NextStep.SET.of("max_cost_usd", f"{agreed_usd:g}"))
        raise InvalidRequest(
            f"{made.run_id} may cost {dollars(made.worst_case_usd)}, and {dollars(agreed_usd)} was agreed. "
            "Nothing was rented.",
            hint=joined([cap, f"ends it there; or agree to agreed_usd={made.worst_case_usd:.2f}."]),
        )


def _goes_on(run: KnownRun) -> Interrupted:
    price = dollars_per_hour(run.price_per_hour_usd)
    return Interrupted(
        f"{run.run_id} was armed before the call was ended: it continues without this program, on pod {run.pod_id} "
        f"({run.gpu_name}, {price}, never over {dollars(run.most_usd)}).",
        hint=Sentence(
            "Hold it again: ",
            NextStep.FOLLOW_RUN.of(run.run_id),
            ". End it and have it deliver: ",
            NextStep.STOP_RUN.of(run.run_id),
        ),
    )
