"""The life of a run in the pod: boot, fetch, prepare, train, export, deliver; release comes after, whatever happens."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pod_image.agent.attempt_state import Ending
from pod_image.agent.deliver import (
    LAST_MARGIN_SECONDS,
    Delivery,
    cap_ending,
    last_word,
    say_cut_off,
)
from pod_image.agent.fetch import Fetching
from pod_image.agent.instructions import Instructions
from pod_image.agent.missing import Missing
from pod_image.agent.ports import HubTrouble
from pod_image.agent.run import Run
from pod_image.agent.side_by_side import cancel_all
from pod_image.agent.start import disk_step, known, look_back, take_over
from pod_image.agent.start_decision import (
    Begin,
    DeliverOnly,
    GoOn,
    Hold,
    Refuse,
    ReleaseOnly,
    Start,
    decide,
)
from pod_image.agent.supervisor import Supervisor
from pod_image.agent.telling import CUT_OFF_SECONDS, LAST_SECONDS
from pod_image.agent.uploads import Uploads
from pod_image.agent.watches import Watches
from pod_image.contract.bodies import PhaseChange
from pod_image.contract.outcomes import EndReason, Phase
from pod_image.recipes.base import Stage


@dataclass
class Life:
    """The parts of one run, put together."""

    run: Run
    instructions: Instructions
    uploads: Uploads
    fetching: Fetching
    supervisor: Supervisor
    delivery: Delivery
    watches: Watches
    is_delivered: bool = False

    @classmethod
    def of(cls, run: Run) -> Life:
        instructions = Instructions(run)
        uploads = Uploads(run, instructions.uploaded)
        supervisor = Supervisor(run, instructions)
        instructions.supervisor, instructions.uploads = supervisor, uploads
        watches = Watches(run, supervisor, uploads)
        fetching, delivery = Fetching(run, uploads), Delivery(run, uploads)
        return cls(run, instructions, uploads, fetching, supervisor, delivery, watches)

    async def live(self, start: Start) -> None:
        """Work until the run has ended and its last word is said. Never later than the caps; never raises."""
        run = self.run
        background = [
            asyncio.ensure_future(self._again_and_again(name, watch))
            for name, watch in self.background().items()
        ]
        work = asyncio.ensure_future(self._work(start))
        cut_offs = self._cut_offs()
        try:
            await asyncio.wait([work, *cut_offs], return_when=asyncio.FIRST_COMPLETED)
            await cancel_all([work, *cut_offs])
            if not run.attempt_file.state.is_over:
                await self._cut_off()
        finally:
            await cancel_all([work, *cut_offs, *background])

    def background(self) -> Mapping[str, Callable[[], Awaitable[None]]]:
        """What goes on beside the work, by name."""
        return {
            "watchdog": self.watches.watchdog,
            "machine": self.watches.machine,
            "outlook": self.watches.outlook,
            "heartbeat": self.watches.heartbeat,
            "instructions": self.instructions.watch_spool,
            "numbered instructions": self.instructions.watch_numbered,
            "copies": self.instructions.copies.work,
            "telling": self.run.telling.work,
        }

    async def _cut_off(self) -> None:
        run, missing = self.run, self._cut_off_from()
        await self._tell_end(run.ending or cap_ending(run), missing, CUT_OFF_SECONDS)
        say_cut_off(run, missing)

    def _cut_off_from(self) -> Missing:
        """What the repo does not have when there is no time for delivery: files, and how the run ended."""
        run, missing = self.run, self.delivery.missing()
        if run.ending is not None and not run.ending.reason.delivers:
            return missing
        own = {run.results.record: b"", run.results.events: run.events.content()}
        return missing.with_own({**own, run.results.log: run.log.content()})

    async def linger(self) -> None:
        """The run is over and the pod could not be released: what the Hub did not take in time goes up now.

        Such a pod is paid for whether it works or not. Another attempt may have begun meanwhile: its
        folder of the repo is left alone then.
        """
        run, ending = self.run, self.run.ending
        if ending is None or not ending.reason.delivers or self.delivery.is_whole:
            return
        await run.clock.sleep(run.ports.timing.linger_seconds)
        self.delivery.is_late = True
        if await self._is_still_ours():
            run.events.say("The pod could not be released: it delivers meanwhile.")
            await self._deliver()

    async def _is_still_ours(self) -> bool:
        """Whether the newest attempt that the repo knows of is this one, once the Hub says so."""
        run, attempt = self.run, 0
        past = await look_back(run.ports, run.hub, run.document, run.folder)
        while not past.hub_answers:
            attempt += 1
            await run.clock.sleep(self.uploads.pause_seconds(HubTrouble(""), attempt))
            past = await look_back(run.ports, run.hub, run.document, run.folder)
        return past.record is None or past.record.nonce == run.document.attempt.nonce

    def _cut_offs(self) -> list[asyncio.Future[Any]]:
        """What ends the work in the middle: an abort, or the caps."""

        async def caps() -> None:
            while self.run.seconds_left > 0:
                await self.run.clock.sleep(min(self.run.seconds_left, 3_600.0))

        return [asyncio.ensure_future(self.run.is_aborted.wait()), asyncio.ensure_future(caps())]

    async def _work(self, start: Start) -> None:
        run = self.run
        try:
            await self._phases(start)
        except Exception:
            run.end(self._own_fault())
        if run.attempt_file.state.is_over:
            return
        try:
            await self._deliver()
        except Exception:
            run.end(self._own_fault())

    async def _phases(self, start: Start) -> None:
        run = self.run
        if isinstance(start, Hold):
            start = await self._hold()
        match start:
            case ReleaseOnly():
                run.attempt_file.note(is_over=True)
                return
            case Refuse(ending, is_taken):
                run.end(ending)
                if is_taken:
                    say_cut_off(run, Missing())  # in the repo the word is with whoever was first
                return
            case DeliverOnly(ending):
                run.end(ending)
            case GoOn():
                await self._note_attempt(start.step)
            case Begin():
                await self._note_attempt(None)
        if isinstance(start, GoOn | Begin):
            refused = await self._phase(Phase.FETCH, lambda: self.fetching.fetch(start))
            if refused is not None:
                run.end(refused)
        await self._stages_and_uploads(is_resumed=isinstance(start, GoOn))

    async def _stages_and_uploads(self, *, is_resumed: bool) -> None:
        uploading = asyncio.ensure_future(self._again_and_again("uploads", self.uploads.work))
        try:
            await self._stages(is_resumed=is_resumed)
            await self.uploads.settle(self.run.seconds_left / 3)
        finally:
            await cancel_all([uploading])

    async def _stages(self, *, is_resumed: bool) -> None:
        run = self.run
        document = run.document.model_copy(
            update={"resume": is_resumed or run.is_restored or disk_step(run.folder) is not None}
        )
        for stage in self._own_stages():
            if run.ending is not None and not self._still_runs(stage):
                continue
            ending = await self._phase(
                stage.phase,
                lambda stage=stage: self.supervisor.run_stage(stage, document),  # type: ignore[misc]
            )
            if stage.phase is Phase.TRAIN:
                self.instructions.work_is_over()
            if ending is not None:
                run.end(ending)
        self.instructions.work_is_over()
        run.end(Ending(EndReason.FINISHED))

    def _own_stages(self) -> Sequence[Stage]:
        return self.run.recipe.stages(self.run.settings)

    def _still_runs(self, stage: Stage) -> bool:
        """An export of what there is, unless nothing was trained or the pod has to go at once."""
        is_worth_it = disk_step(self.run.folder) is not None
        return stage.is_needed_after_failure and is_worth_it and not self.run.is_aborted.is_set()

    async def _phase(
        self, phase: Phase, work: Callable[[], Awaitable[Ending | None]]
    ) -> Ending | None:
        run = self.run
        run.progress.enter(phase, run.now())
        run.events.emit(PhaseChange(phase=phase, state="started"))
        went_well = False
        try:
            ending = await work()
            went_well = ending is None or ending.reason.is_success
        finally:
            seconds = round(run.progress.leave(run.now()), 2)
            run.events.emit(
                PhaseChange(phase=phase, state="ended", seconds=seconds, went_well=went_well)
            )
        return ending

    async def _note_attempt(self, resumed_at: int | None) -> None:
        """Record in the results repo that this attempt has begun, or goes on from a step."""
        run, attempt_state = self.run, self.run.attempt_file.state
        resumed = (
            attempt_state.resumed_at_steps
            if resumed_at is None
            else (*attempt_state.resumed_at_steps, resumed_at)
        )
        run.attempt_file.note(boots=attempt_state.boots + 1, resumed_at_steps=resumed)
        for attempt in (1, 2, 3):
            try:
                await self.uploads.commit(
                    (), f"{run.document.run_id}: attempt {run.document.attempt.number}"
                )
                return
            except HubTrouble as exc:
                self.uploads.tell(exc)
                await run.clock.sleep(self.uploads.pause_seconds(exc, attempt))

    async def _hold(self) -> Start:
        """Ask the Hub about the past until it answers, or until there is just time to end in order."""
        run, attempt = self.run, 0
        while run.seconds_left > 2 * run.ports.timing.delivery_reserve_seconds:
            past = await look_back(run.ports, run.hub, run.document, run.folder)
            if past.hub_answers:
                state = run.attempt_file.state
                found = known(run.document, state, past, run.limits, run.now(), run.ports)
                start = decide(found)
                take_over(run, past.record, b"")
                return start
            attempt += 1
            trouble = HubTrouble(
                "The Hub does not answer, and only there is it recorded how far this run is."
            )
            self.uploads.tell(trouble)
            await run.clock.sleep(self.uploads.pause_seconds(trouble, attempt))
        ending = Ending(run.limits.cap, "The Hub did not answer until the caps were near.")
        return DeliverOnly(ending)

    async def _deliver(self) -> None:
        run = self.run
        ending = run.ending or Ending(EndReason.FINISHED)

        async def deliver() -> Ending | None:
            self.is_delivered = await self.delivery.deliver_files()
            return None

        await self._phase(Phase.DELIVER, deliver)
        self.instructions.delivery_is_over(is_delivered=self.is_delivered)
        left_seconds = run.seconds_left - LAST_MARGIN_SECONDS
        seconds = max(CUT_OFF_SECONDS, min(LAST_SECONDS, left_seconds))
        await self._tell_end(ending, self.delivery.missing(), seconds)
        await self.delivery.say_ended(ending, is_delivered=self.is_delivered)

    async def _tell_end(self, ending: Ending, missing: Missing, within_seconds: float) -> None:
        """Before the last word, which says nothing of it: what was told is an event like any other."""
        telling = self.run.telling
        if telling.addresses:
            await telling.end(last_word(self.run, ending, missing), within_seconds)

    def _own_fault(self) -> Ending:
        """Something no one foresaw: said in full in the log, and the results are delivered all the same."""
        for line in traceback.format_exc().splitlines():
            self.run.events.say(line)
        return Ending(EndReason.FAILED, "The agent had an internal error; see the log.")

    async def _again_and_again(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        """A watch that fails is told and started again: the others and the run go on."""
        while True:
            try:
                await work()
            except Exception:
                for line in traceback.format_exc().splitlines():
                    self.run.events.say(f"{name}: {line}")
            await self.run.clock.sleep(5.0)
