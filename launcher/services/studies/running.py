"""Running a study: trials are begun while money, limit and rule allow, followed, pruned and written down.

May be cut off at any point and begun again, here or elsewhere: each trial is claimed in the results repo before its
launch, and each pod ends itself whether or not anybody follows it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from launcher.domain.plan import Plan
from launcher.domain.run import Run
from launcher.domain.run_picture import RunPicture
from launcher.domain.studies.address import StudyAddress
from launcher.domain.studies.stop_rule import spent_words, why_over
from launcher.domain.studies.study import (
    Claim,
    OverBudget,
    Study,
    TooManyLive,
    Trial,
    TrialState,
)
from launcher.errors import (
    HubError,
    Interrupted,
    LauncherError,
    NothingAvailable,
    OverLimit,
    PodGone,
    ProviderUnavailable,
    RentUnclear,
    RunFailed,
)
from launcher.services.common.workbench import Workbench
from launcher.services.ending.reap import reap
from launcher.services.launching.launch import launch
from launcher.services.launching.progress import Progress, Stage
from launcher.services.studies.following import TrialFollower
from launcher.services.studies.keeping import change_study, find_study, known_studies
from launcher.services.studies.news import Report, StudyNews
from launcher.services.studies.outcomes import Outcome, outcome_of
from launcher.services.studies.sampling import Suggestion, need_optuna, suggested
from launcher.services.studies.tracing import LEASE, LOST, Found, NeverBegun, Vanished, trace
from launcher.services.studies.trial_plan import boot_allowance_usd, planned_trial
from launcher.stores.secrets import Keys
from pod_image.contract.next_steps import Said, joined

LOOK_SECONDS = 60.0
"""Between two looks at what other computers have done, and after a trouble that passes."""
STOCK_SECONDS = 300.0
_PASSING = (
    HubError,
    NothingAvailable,
    OverLimit,
    ProviderUnavailable,
    PodGone,
    RentUnclear,
    RunFailed,
)
"""Troubles with which a study goes on: the trial they met is looked into again."""


@dataclass(frozen=True)
class StudyEnd:
    """No trial lives and none is begun: why, as a sentence."""

    study: Study
    why: str


async def run_study(
    bench: Workbench, keys: Keys, address: StudyAddress, report: Report = lambda news: None
) -> StudyEnd:
    """Run it until it is over. A cancellation ends the following alone: armed pods go on, and end themselves.

    Raises InvalidRequest where another process here runs it, NotConfigured without the extra `study` or a key, and
    what a trial's plan cannot be launched for; the runs that live then go on too.
    """
    need_optuna()
    known = known_studies(bench)
    with known.lock(address):
        known.remember(address)
        return await _Runner(bench, keys, address, known.computer_id(), report).run()


class _Moved(Exception):
    """Somebody has changed the study since a trial was suggested."""


class _LeaseOver(LauncherError):
    """The launch waited for so long that another computer may have given its trial up."""


class _Runner:
    def __init__(
        self, bench: Workbench, keys: Keys, address: StudyAddress, computer: str, report: Report
    ) -> None:
        self._bench, self._keys, self._address = bench, keys, address
        self._computer, self._report = computer, report
        self._began_at = bench.clock.now()
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._followers: dict[int, TrialFollower] = {}
        self._not_before: dict[int, datetime] = {}
        self._no_trial_before: datetime | None = None
        self._why_not = ""
        self._study: Study

    async def run(self) -> StudyEnd:
        try:
            while True:
                self._study = (await find_study(self._bench, self._address)).study
                self._heed_stop()
                await self._take_over()
                why = await self._begin_what_may_begin()
                if why and not self._tasks and not self._study.live:
                    return StudyEnd(self._study, why)
                await self._wait()
        finally:
            for task in self._tasks.values():
                task.cancel()
            ends = await asyncio.gather(*self._tasks.values(), return_exceptions=True)
            for interrupted in (end for end in ends if isinstance(end, Interrupted)):
                self._tell(interrupted.message)

    async def _wait(self) -> None:
        """Until a trial here is over, or it is time to look again. Raises what a trial cannot go on with."""
        pause = asyncio.ensure_future(self._bench.clock.sleep(LOOK_SECONDS))
        try:
            await asyncio.wait([pause, *self._tasks.values()], return_when=asyncio.FIRST_COMPLETED)
        finally:
            pause.cancel()
        for number, task in list(self._tasks.items()):
            if task.done():
                del self._tasks[number]
                self._followers.pop(number, None)
                task.result()

    def _heed_stop(self) -> None:
        if self._study.stopped:
            for follower in self._followers.values():
                follower.stop_soon()

    async def _take_over(self) -> None:
        """Find what became of trials that live and that nobody follows here."""
        for trial in self._study.live:
            waits = self._not_before.get(trial.number)
            if trial.number in self._tasks or (waits and self._bench.clock.now() < waits):
                continue
            self._start(trial, self._found_again(trial))

    async def _found_again(self, trial: Trial) -> None:
        traced = await trace(self._bench, self._address, self._study, trial, self._computer)
        match traced:
            case Found(run=run, told=told) if traced.is_over:
                await self._settle(trial, run, told)
            case Found(run=run):
                self._tell(f"{trial.run_id} goes on, and is followed again.", trial)
                await self._follow(trial, run)
            case NeverBegun():
                plan = await planned_trial(
                    self._bench, self._keys, self._study.asked, trial.params, trial.run_id
                )
                if plan.worst_case_usd + boot_allowance_usd(plan) > trial.reserved_usd:
                    # It has become dearer since its money was set aside: so it is claimed anew.
                    again = Outcome(TrialState.WAITING, 0.0, {"reason": "It has become dearer."})
                    await self._write(trial, again)
                    return
                await self._launch(trial, plan)
            case Vanished(cost_usd=cost_usd):
                gone = {"reason": LOST, "ended_at": self._bench.clock.now()}
                await self._write(trial, Outcome(TrialState.FAILED, cost_usd, gone))
            case _:
                self._put_off(trial, LOOK_SECONDS)

    async def _begin_what_may_begin(self) -> str:
        """Begin trials as long as they may be; returns why there will be none any more, if so."""
        now = self._bench.clock.now()
        while True:
            why = why_over(self._study, self._began_at)
            if why or len(self._study.live) >= self._study.asked.at_most:
                return why
            if self._no_trial_before and now < self._no_trial_before:
                return ""
            try:
                await self._begin_one()
            except _Moved:
                self._study = (await find_study(self._bench, self._address)).study
                await self._take_over()
            except TooManyLive:
                return ""
            except OverBudget as exc:
                return spent_words(self._study, exc.needed_usd) if exc.is_final else ""
            except _PASSING as error:
                seconds = STOCK_SECONDS if isinstance(error, NothingAvailable) else LOOK_SECONDS
                self._no_trial_before = _later(now, seconds)
                self._say_once(joined([error.message, "It is tried again in a while."]))
                return ""

    async def _begin_one(self) -> None:
        """Ask for values, plan, set the money aside in the repo, and only then launch."""
        study = self._study
        trial = _asked(study, suggested(study))
        await reap(self._bench)
        claimed_as = study.claimed(trial, Claim("", self._began_at), 0.0, 0.0).trials[trial.number]
        plan = await planned_trial(
            self._bench, self._keys, study.asked, trial.params, claimed_as.run_id
        )
        place = self._bench.at(plan.settings.provider.value)
        claim = Claim(self._computer, place.provider_now(), place.place.name, plan.account_id)
        worst, boot = plan.worst_case_usd, boot_allowance_usd(plan)

        def claimed(now: Study) -> Study:
            if now != study:
                raise _Moved
            return now.claimed(trial, claim, worst, boot)

        message = f"Study {study.name}: {claimed_as.run_id} may begin"
        self._study = await change_study(self._bench, self._address, claimed, message)
        begun = self._study.trials[trial.number]
        self._why_not = ""
        self._tell(f"{begun.run_id} begins: {values_text(begun)}.", begun)
        self._start(begun, self._launch(begun, plan))

    def _start(self, trial: Trial, work: Coroutine[Any, Any, None]) -> None:
        self._tasks[trial.number] = asyncio.create_task(self._guarded(trial, work))

    async def _guarded(self, trial: Trial, work: Coroutine[Any, Any, None]) -> None:
        """A trouble that passes is told, and the trial looked into again a little later."""
        try:
            await work
        except _PASSING as error:
            self._tell(joined([f"{trial.run_id}: ", error.message], ""), trial)
            self._put_off(trial, LOOK_SECONDS)

    async def _launch(self, trial: Trial, plan: Plan) -> None:
        def report(progress: Progress) -> None:
            if progress.stage is Stage.RENTING:
                self._check_lease(trial)

        try:
            run = await launch(self._bench, plan, self._keys, report)
        except (NothingAvailable, RunFailed, _LeaseOver) as error:
            self._no_trial_before = _later(self._bench.clock.now(), LOOK_SECONDS)
            attempts = self._bench.runs.attempts(self._address.repo, trial.run_id)
            if attempts and attempts[0].end_reason is None:
                raise
            self._tell(joined([f"{trial.run_id}: ", error.message], ""), trial)
            if attempts:
                await self._settle(trial, attempts[0], RunPicture())
            else:
                again = {"reason": str(error.message)[:300]}
                await self._write(trial, Outcome(TrialState.WAITING, 0.0, again))
            return
        await self._follow(trial, run)

    def _check_lease(self, trial: Trial) -> None:
        """No order goes out so late that another computer may have given the trial up. Raises _LeaseOver."""
        claim = trial.claim
        if claim and self._bench.at(claim.place).provider_now() >= claim.at + LEASE:
            raise _LeaseOver("Its launch took too long, so nothing was rented for it.")

    async def _follow(self, trial: Trial, run: Run) -> None:
        follower = TrialFollower(self._bench, trial, run, lambda: self._study, self._report)
        self._followers[trial.number] = follower
        if self._study.stopped:
            follower.stop_soon()
        ended = await follower.follow()
        await self._settle(trial, ended.run, ended.told, ended.kept_by_sampler)

    async def _settle(
        self, trial: Trial, run: Run, told: RunPicture, kept: dict[str, Any] | None = None
    ) -> None:
        outcome = outcome_of(self._bench, self._study, trial, run, told)
        if kept is not None:
            outcome = replace(outcome, changes={**outcome.changes, "kept_by_sampler": kept})
        await self._write(trial, outcome)

    async def _write(self, trial: Trial, outcome: Outcome) -> None:
        """Write down how it ended, unless another computer has done so."""

        def settled(now: Study) -> Study:
            known = now.trials[trial.number]
            if known.state is not TrialState.LIVE or known.run_id != trial.run_id:
                return now
            return now.settled(trial.number, outcome.state, outcome.cost_usd, **outcome.changes)

        message = f"Study {self._study.name}: {trial.run_id} is {outcome.state}"
        self._study = await change_study(self._bench, self._address, settled, message)
        now = self._study.trials[trial.number]
        self._tell(ended_text(self._study, now, trial.run_id), now)

    def _put_off(self, trial: Trial, seconds: float) -> None:
        self._not_before[trial.number] = _later(self._bench.clock.now(), seconds)

    def _tell(self, text: Said, trial: Trial | None = None) -> None:
        self._report(StudyNews(text, self._study, trial))

    def _say_once(self, text: Said) -> None:
        if str(text) != self._why_not:
            self._why_not = str(text)
            self._tell(text)


def _asked(study: Study, found: Suggestion) -> Trial:
    """The trial that waits under that number, or a new one."""
    if found.number < len(study.trials):
        return study.trials[found.number]
    return Trial(found.number, found.params, kept_by_sampler=found.kept_by_sampler)


def _later(now: datetime, seconds: float) -> datetime:
    return now + timedelta(seconds=seconds)


def values_text(trial: Trial) -> str:
    """Such as "learning_rate 0.0001, batch_size 16"."""
    return ", ".join(
        f"{name} {value:.4g}" if isinstance(value, float) else f"{name} {value}"
        for name, value in trial.params.items()
    )


def ended_text(study: Study, trial: Trial, run_id: str) -> str:
    """How its last run ended, as a sentence."""
    value = study.objective.text(trial.value)
    reached = f" {study.objective.title}: {value}." if value else ""
    match trial.state:
        case TrialState.COMPLETE:
            is_best = study.best is not None and study.best.number == trial.number
            return f"{run_id} is complete.{reached}{' The best so far.' if is_best else ''}"
        case TrialState.PRUNED:
            return f"{run_id} was stopped early.{reached} What it made is kept."
        case TrialState.FAILED:
            return f"{run_id} failed. {trial.reason}"
        case _:
            return f"{run_id} did not come up. {trial.reason} Its trial is begun again."
