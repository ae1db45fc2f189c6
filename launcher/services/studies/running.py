"""Running a study: trials are begun while money, limit and rule allow, and every one that lives is followed.

May be cut off at any point and begun again, here or elsewhere: each trial is claimed in the results repo before its
launch, and each pod ends itself whether or not anybody follows it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any

from launcher.domain.studies.address import StudyAddress
from launcher.domain.studies.search_space import plain_value
from launcher.domain.studies.stop_rule import spent_words, why_over
from launcher.domain.studies.study import Asked, Claim, OverBudget, Study, TooManyLive, Trial
from launcher.errors import HubError, Interrupted, InvalidRequest, NothingAvailable
from launcher.services.common.uninterrupted import despite_cancel
from launcher.services.common.workbench import Workbench
from launcher.services.ending.reap import reap
from launcher.services.following.watch import Watching, watch
from launcher.services.studies.keeping import find_study, known_studies
from launcher.services.studies.news import Report
from launcher.services.studies.sampling import need_optuna, next_trial
from launcher.services.studies.standing import LOOK_SECONDS, Standing
from launcher.services.studies.trial_plan import boot_allowance_usd, planned_trial
from launcher.services.studies.trial_work import PASSING, TrialWork
from launcher.stores.secrets import Keys
from pod_image.contract.next_steps import joined

_LATER = "It will be tried again later."


@dataclass(frozen=True)
class StudyEnd:
    """No trial lives and none is begun: why, as a sentence."""

    study: Study
    why: str


async def run_study(
    bench: Workbench,
    keys: Keys,
    address: StudyAddress,
    report: Report = lambda news: None,
    agreed: Asked | None = None,
    watching: Watching = watch,
) -> StudyEnd:
    """Run it until it is over. A cancellation ends the following alone: armed pods go on, and end themselves.

    `agreed`: what the person was shown; its money is not exceeded and no run does anything else, whatever is written
    to the repo meanwhile. Raises InvalidRequest where another process here runs it or what its runs do was changed,
    NotConfigured without the extra `study` or a key, and what a trial's plan cannot be launched for; the runs that
    live then go on too.
    """
    need_optuna()
    known = known_studies(bench)
    with known.lock(address):
        known.remember(address)
        study = (await find_study(bench, address)).study
        standing = Standing(
            bench=bench,
            keys=keys,
            address=address,
            computer=known.computer_id(),
            report=report,
            agreed=agreed or study.asked,
            study=study,
            began_at=bench.clock.now(),
            watching=watching,
        )
        return await _Runner(standing).run()


class _Moved(Exception):
    """Somebody has changed the study since a trial was suggested."""


class _Runner:
    def __init__(self, standing: Standing) -> None:
        self._at = standing
        self._work = TrialWork(standing)
        self._tasks: dict[int, asyncio.Task[None]] = {}

    async def run(self) -> StudyEnd:
        try:
            while True:
                end = await self._go_on()
                if end is not None:
                    return end
                await self._wait()
                await self._look()
        finally:
            await despite_cancel(self._leave())

    async def _leave(self) -> None:
        """Follow nothing any more. A launch that is not through releases its pod, and that is waited for."""
        for task in self._tasks.values():
            task.cancel()
        ends = await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        for interrupted in (end for end in ends if isinstance(end, Interrupted)):
            self._at.tell(interrupted.message)

    async def _go_on(self) -> StudyEnd | None:
        """Follow what lives, begin what may begin; the end where there is neither."""
        self._at.refuse_what_nobody_agreed_to()
        if self._at.study.stopped:
            self._work.stop_all()
        self._take_over()
        why = await self._begin_what_may_begin()
        is_over = why and not self._tasks and not self._at.study.live
        return StudyEnd(self._at.study, why) if is_over else None

    async def _look(self) -> None:
        """Read it again. A Hub that does not answer is asked again later: the runs go on meanwhile."""
        try:
            await self._at.look()
        except HubError as error:
            self._at.say_once(joined([error.message, _LATER]))

    async def _wait(self) -> None:
        """Until a trial here is over, or it is time to look again. Raises what a trial cannot go on with."""
        pause = asyncio.ensure_future(self._at.bench.clock.sleep(LOOK_SECONDS))
        try:
            await asyncio.wait([pause, *self._tasks.values()], return_when=asyncio.FIRST_COMPLETED)
        finally:
            pause.cancel()
        for number, task in list(self._tasks.items()):
            if task.done():
                del self._tasks[number]
                task.result()

    def _take_over(self) -> None:
        """Find what became of trials that live and that nobody follows here."""
        for trial in self._at.study.live:
            if trial.number not in self._tasks and self._at.is_due(trial):
                self._start(trial, self._work.go_on(trial))

    def _start(self, trial: Trial, work: Coroutine[Any, Any, None]) -> None:
        self._tasks[trial.number] = asyncio.create_task(work)

    async def _begin_what_may_begin(self) -> str:
        """Begin trials as long as they may be; returns why there will be none any more, if so."""
        at = self._at
        while True:
            why = why_over(at.study, at.began_at)
            if why or len(at.study.live) >= at.study.asked.at_most:
                return why
            if at.is_held_back:
                return ""
            try:
                await self._begin_one()
            except _Moved:
                await self._look()
                self._take_over()
            except TooManyLive:
                return ""
            except OverBudget as exc:
                return spent_words(at.study, exc.needed_usd) if exc.is_final else ""
            except PASSING as error:
                at.hold_back(for_stock=isinstance(error, NothingAvailable))
                at.say_once(joined([error.message, _LATER]))
                return ""

    async def _begin_one(self) -> None:
        """Ask for values, plan, set the money aside in the repo, and only then launch."""
        at, study = self._at, self._at.study
        at.refuse_what_nobody_agreed_to()
        trial = next_trial(study)
        await reap(at.bench)
        run_id = study.claimed(trial, Claim("", at.began_at), 0.0, 0.0).trials[trial.number].run_id
        try:
            plan = await planned_trial(at.bench, at.keys, study.asked, trial.params, run_id)
        except InvalidRequest:
            # Another computer may have begun the same trial meanwhile: then its run exists already.
            await at.look()
            if at.study != study:
                raise _Moved from None
            raise
        place = at.bench.at(plan.settings.provider.value)
        claim = Claim(at.computer, place.provider_now(), place.place.name, plan.account_id)
        worst, boot = plan.worst_case_usd, boot_allowance_usd(plan)

        def claimed(now: Study) -> Study:
            if now != study:
                raise _Moved
            at.within_what_was_agreed(now).claimed(trial, claim, worst, boot)
            return now.claimed(trial, claim, worst, boot)

        await at.change(claimed, f"{run_id} may begin")
        begun = at.study.trials[trial.number]
        at.tell(f"{begun.run_id} begins: {values_text(begun)}.", begun)
        self._start(begun, self._work.begin(begun, plan))


def values_text(trial: Trial) -> str:
    """Such as "learning_rate 0.0001, batch_size 16"."""
    return ", ".join(f"{name} {plain_value(value)}" for name, value in trial.params.items())
