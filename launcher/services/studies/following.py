"""Following one trial's run: its objective goes to the pruner step by step, and a run that is pruned is stopped."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from launcher.domain.run import Run, RunState
from launcher.domain.run_picture import RunPicture, after, picture_of
from launcher.domain.studies.objective import Point, points_of
from launcher.domain.studies.study import Study, Trial
from launcher.errors import LauncherError
from launcher.services.common.observations import EventSeen, RunEnded
from launcher.services.common.workbench import Workbench
from launcher.services.following.attached import delivered_events
from launcher.services.following.instructions import new_instruction, send
from launcher.services.following.silence import SilentPlaces
from launcher.services.following.watch import Watching
from launcher.services.studies.news import Report, StudyNews
from launcher.services.studies.sampling import judged
from pod_image.contract.bodies import CheckpointWritten, Ended, Step
from pod_image.contract.events import Event
from pod_image.contract.instructions import InstructionName


@dataclass(frozen=True)
class TrialEnd:
    run: Run
    told: RunPicture
    kept_by_sampler: dict[str, Any]


class TrialFollower:
    """`study` gives the study as it is known now: what other trials reached is what this one is measured by."""

    def __init__(
        self,
        bench: Workbench,
        trial: Trial,
        run: Run,
        study: Callable[[], Study],
        report: Report,
        watching: Watching,
        silent_places: SilentPlaces,
    ) -> None:
        self._bench, self._trial, self._run = bench, trial, run
        self._study, self._report, self._watching = study, report, watching
        self._silent_places = silent_places
        self._place = bench.at(run.place).place.title
        self._told = RunPicture()
        self._points: tuple[Point, ...] = ()
        self._kept = dict(trial.kept_by_sampler)
        self._is_to_stop = False
        self._is_told_to_stop = False

    def stop_soon(self) -> None:
        """Tell the run to finish and deliver, with the next thing that is seen of it."""
        self._is_to_stop = True

    async def follow(self) -> TrialEnd:
        """Until its run is over. Raises what `watch` raises; the run goes on then."""
        observations = self._watching(
            self._bench, self._run, from_start=self._run.state is not RunState.ENDED
        )
        async with aclosing(observations) as seen:
            async for each in seen:
                if isinstance(each, RunEnded):
                    return TrialEnd(each.run, await self._all_told(each.run), self._kept)
                if isinstance(each, EventSeen):
                    self._take(each.event)
                if text := self._silent_places.news(self._place, each):
                    self._report(StudyNews(text, self._study(), self._trial))
                if self._is_to_stop:
                    await self._stop()
        raise AssertionError("the last observation of a run is its end")

    async def _all_told(self, run: Run) -> RunPicture:
        """What was heard; where its last word was not, what it delivered."""
        if self._told.last_word is not None or run.armed_at is None:
            return self._told
        delivered = picture_of(await delivered_events(self._bench, run))
        return max(self._told, delivered, key=lambda told: told.last_seq)

    def _take(self, event: Event) -> None:
        self._told = after(self._told, event)
        body, study = event.body, self._study()
        if isinstance(body, Ended):
            self._is_told_to_stop = True  # it needs no telling any more
        tells = isinstance(body, Step) and study.objective.name in body.losses
        tells = tells or (
            isinstance(body, CheckpointWritten) and study.objective.name in body.scores
        )
        if not tells:
            return
        points = points_of(self._told, study.objective.name, study.asked.every_steps)
        if len(points) > len(self._points):
            self._judge(study, points)

    def _judge(self, study: Study, points: tuple[Point, ...]) -> None:
        before, self._points = len(self._points), points
        judgement = judged(study, self._trial.number, points, before)
        self._kept = dict(judgement.kept_by_sampler)
        if judgement.is_pruned and not self._is_to_stop:
            self._is_to_stop = True
            step, value = points[-1]
            self._report(
                StudyNews(
                    f"{self._trial.run_id} falls behind at step {step:,} "
                    f"({study.objective.text(value)}): it is stopped, and delivers what it has.",
                    study,
                    self._trial,
                )
            )

    async def _stop(self) -> None:
        if self._is_told_to_stop:
            return
        try:
            await send(self._bench, self._run, new_instruction(InstructionName.STOP))
            self._is_told_to_stop = True
        except LauncherError as error:
            # It is tried again with the next thing that is seen; its caps end it in any case.
            self._report(StudyNews(error.message, self._study(), self._trial))
