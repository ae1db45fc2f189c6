"""What is done for one trial: launched or found again, followed to its end, and its end written down."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from launcher.domain.plan import Plan
from launcher.domain.run import Run
from launcher.domain.run_picture import RunPicture
from launcher.domain.studies.study import Study, Trial, TrialState
from launcher.errors import (
    HubError,
    LauncherError,
    NothingAvailable,
    OverLimit,
    PodGone,
    ProviderUnavailable,
    RentUnclear,
    RunFailed,
)
from launcher.services.launching.launch import launch
from launcher.services.launching.progress import Progress, Stage
from launcher.services.studies.following import TrialEnd, TrialFollower
from launcher.services.studies.outcomes import Outcome, outcome_of
from launcher.services.studies.standing import Standing
from launcher.services.studies.tracing import LEASE, LOST, Found, NeverBegun, Vanished, trace
from launcher.services.studies.trial_plan import boot_allowance_usd, planned_trial
from pod_image.contract.next_steps import joined

PASSING = (
    HubError,
    NothingAvailable,
    OverLimit,
    PodGone,
    ProviderUnavailable,
    RentUnclear,
    RunFailed,
)
"""Troubles with which a study goes on: the trial they met is looked into again."""


class LeaseOver(LauncherError):
    """The launch waited for so long that another computer may have given its trial up."""


class TrialWork:
    """Of every trial that this computer launches or follows."""

    def __init__(self, standing: Standing) -> None:
        self._at = standing
        self._followers: dict[int, TrialFollower] = {}
        self._ended: dict[str, TrialEnd] = {}
        """What was heard of runs that are over, by their ids."""

    def stop_all(self) -> None:
        """Have every run that is followed here finish and deliver."""
        for follower in self._followers.values():
            follower.stop_soon()

    async def begin(self, trial: Trial, plan: Plan) -> None:
        """Launch a trial that was claimed, and follow it. A trouble that passes is told; it is looked into again."""
        try:
            await self._launch(trial, plan)
        except PASSING as error:
            self._pass(trial, error)

    async def go_on(self, trial: Trial) -> None:
        """The same for a trial that lives and that nobody follows here."""
        try:
            await self._found_again(trial)
        except PASSING as error:
            self._pass(trial, error)

    def _pass(self, trial: Trial, error: LauncherError) -> None:
        self._at.tell(joined([f"{trial.run_id}: ", error.message], ""), trial)
        self._at.put_off(trial)

    async def _found_again(self, trial: Trial) -> None:
        heard = self._ended.get(trial.run_id)
        if heard is not None:  # its end could not be written down before
            await self._settle(trial, heard.run, heard.told, heard.kept_by_sampler)
            return
        at = self._at
        traced = await trace(at.bench, at.address, at.study, trial, at.computer)
        match traced:
            case Found(run=run, told=told) if traced.is_over:
                await self._settle(trial, run, told)
            case Found(run=run):
                at.tell(f"{trial.run_id} continues, and is followed again.", trial)
                await self._follow(trial, run)
            case NeverBegun():
                await self._begin_late(trial)
            case Vanished(cost_usd=cost_usd):
                gone = {"reason": LOST, "ended_at": at.now}
                await self._write(trial, Outcome(TrialState.FAILED, cost_usd, gone))
            case _:
                at.put_off(trial)

    async def _begin_late(self, trial: Trial) -> None:
        at = self._at
        at.refuse_what_nobody_agreed_to()
        plan = await planned_trial(at.bench, at.keys, at.study.asked, trial.params, trial.run_id)
        if plan.worst_case_usd + boot_allowance_usd(plan) > trial.reserved_usd:
            # It costs more now than when its money was set aside: so it is claimed again.
            await self._wait_again(trial, "It has become more expensive.")
            return
        await self._launch(trial, plan)

    async def _launch(self, trial: Trial, plan: Plan) -> None:
        def report(progress: Progress) -> None:
            if progress.stage is Stage.RENTING:
                self._check_lease(trial)

        at = self._at
        try:
            together = at.study.asked.at_most
            run = await launch(at.bench, plan, at.keys, report, together=together)
        except (NothingAvailable, RunFailed, LeaseOver) as error:
            at.hold_back(for_stock=isinstance(error, NothingAvailable))
            attempts = at.bench.runs.attempts(at.address.repo, trial.run_id)
            if attempts and attempts[0].end_reason is None:
                raise
            at.tell(joined([f"{trial.run_id}: ", error.message], ""), trial)
            if attempts:
                await self._settle(trial, attempts[0], RunPicture())
            else:
                await self._wait_again(trial, str(error.message)[:300])
            return
        await self._follow(trial, run)

    def _check_lease(self, trial: Trial) -> None:
        """No order goes out so late that another computer may have given the trial up. Raises LeaseOver."""
        claim = trial.claim
        if claim and self._at.bench.at(claim.place).provider_now() >= claim.at + LEASE:
            raise LeaseOver("Its launch took too long, so nothing was rented for it.")

    async def _follow(self, trial: Trial, run: Run) -> None:
        at = self._at
        follower = TrialFollower(
            at.bench, trial, run, lambda: at.study, at.report, at.watching, at.silent_places
        )
        self._followers[trial.number] = follower
        try:
            if at.study.stopped:
                follower.stop_soon()
            ended = self._ended[trial.run_id] = await follower.follow()
        finally:
            del self._followers[trial.number]
        await self._settle(trial, ended.run, ended.told, ended.kept_by_sampler)

    async def _settle(
        self, trial: Trial, run: Run, told: RunPicture, kept: dict[str, Any] | None = None
    ) -> None:
        outcome = outcome_of(self._at.bench, self._at.study, trial, run, told)
        if kept is not None:
            outcome = replace(outcome, changes={**outcome.changes, "kept_by_sampler": kept})
        await self._write(trial, outcome)

    async def _wait_again(self, trial: Trial, reason: str) -> None:
        await self._write(trial, Outcome(TrialState.WAITING, 0.0, {"reason": reason}))

    async def _write(self, trial: Trial, outcome: Outcome) -> None:
        """Write down how it ended, unless another computer has done so."""

        def settled(now: Study) -> Study:
            known = now.trials[trial.number]
            if known.state is not TrialState.LIVE or known.run_id != trial.run_id:
                return now
            return now.settled(trial.number, outcome.state, outcome.cost_usd, **outcome.changes)

        await self._at.change(settled, f"{trial.run_id} is {outcome.state}")
        now = self._at.study.trials[trial.number]
        self._at.tell(ended_text(self._at.study, now, trial.run_id), now)


def ended_text(study: Study, trial: Trial, run_id: str) -> str:
    """How its last run ended, as a sentence."""
    value = study.objective.text(trial.value)
    reached = f" {study.objective.title}: {value}." if value else ""
    match trial.state:
        case TrialState.COMPLETE:
            is_best = study.best is not None and study.best.number == trial.number
            return f"{run_id} is complete.{reached}{' The best so far.' if is_best else ''}"
        case TrialState.PRUNED:
            return f"{run_id} was stopped early.{reached} Its results are kept."
        case TrialState.FAILED:
            return f"{run_id} failed. {trial.reason}"
        case _:
            return f"{run_id} did not start. {trial.reason} Its trial starts again."
