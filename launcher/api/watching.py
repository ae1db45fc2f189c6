"""Watching one run: what is seen goes into one picture, whoever reads it."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from dataclasses import replace
from datetime import datetime

from launcher.domain.run import Run as KnownRun
from launcher.domain.run import RunState
from launcher.domain.run_picture import RunPicture, after, picture_of
from launcher.errors import HubError, NotConfigured
from launcher.services.common.observations import EventSeen, Observation, RunEnded
from launcher.services.common.workbench import Workbench
from launcher.services.following.attached import delivered_events
from launcher.services.following.outcome import kept_last_word
from launcher.services.following.watch import watch
from pod_image.contract.bodies import Ended
from pod_image.contract.events import Event, Stamped, stamped
from pod_image.contract.outcomes import EndReason


class Watching:
    """`told` is the picture of all that any stream of this run has read, and of what was read before."""

    def __init__(self, bench: Workbench, run: KnownRun, told: RunPicture | None = None) -> None:
        self._bench, self._run = bench, run
        self.told = told or RunPicture()

    async def observations(self) -> AsyncGenerator[Observation, None]:
        """All that is seen from where the last watcher of this computer stopped, until RunEnded."""
        async with aclosing(watch(self._bench, self._now())) as observations:
            async for seen in observations:
                if isinstance(seen, EventSeen):
                    self.told = after(self.told, seen.event)
                yield seen

    async def events(self, behind: int) -> AsyncGenerator[Event, None]:
        """Events with a greater number, in order and without gaps, until `ended`."""
        heard = behind
        async with aclosing(self._without_gaps(behind)) as events:
            async for event in events:
                heard = event.seq
                self.told = after(self.told, event)
                yield event
                if isinstance(event.body, Ended):
                    return
        yield self._end_known_here(self._now(), heard)

    def last_word(self) -> Stamped[Ended] | None:
        """The pod's, as far as it was heard by this computer."""
        return self.told.last_word or kept_last_word(self._bench, self._now())

    async def _without_gaps(self, behind: int) -> AsyncGenerator[Event, None]:
        """What the pod says; what of it did not arrive here, and what comes behind it, from the results repo."""
        heard = behind
        async with aclosing(self._all(behind)) as events:
            async for event in events:
                for missed in await self._between(heard, event.seq):
                    yield missed
                heard = event.seq
                yield event
        for late in await self._between(heard, None):
            yield late

    async def _all(self, behind: int) -> AsyncGenerator[Event, None]:
        """What the pod says, read from the beginning of its log; nothing of one that is over."""
        run = self._now()
        if run.state is RunState.ENDED:
            return
        reading = replace(run, log_cursor="", last_seq=behind)
        async with aclosing(watch(self._bench, reading, from_start=not behind)) as observations:
            async for seen in observations:
                if isinstance(seen, RunEnded):
                    return
                if isinstance(seen, EventSeen) and seen.event.seq > behind:
                    yield seen.event

    async def _between(self, heard: int, until: int | None) -> list[Event]:
        """What the results repo has of the events between two; nothing where none can be, or it cannot be read."""
        if until is not None and until <= heard + 1:
            return []
        with suppress(HubError, NotConfigured):
            delivered = await delivered_events(self._bench, self._now())
            return [
                event
                for event in delivered
                if heard < event.seq and (until is None or event.seq < until)
            ]
        return []

    def _end_known_here(self, run: KnownRun, heard: int) -> Event:
        kept = self.last_word()
        if kept is not None and kept.seq > heard:
            return kept
        ended = Ended(
            reason=run.end_reason or EndReason.LOST, detail=run.detail, cost_usd=run.cost_usd
        )
        at: datetime = run.ended_at or self._bench.provider_now()
        return stamped(ended, at=at, run_id=run.run_id, seq=heard + 1)

    def _now(self) -> KnownRun:
        return self._bench.runs.by_nonce(self._run.nonce) or self._run

    async def picture(self) -> RunPicture:
        """The picture with what the results repo has delivered of it."""
        delivered = await self._between(0, None)
        told = picture_of(delivered)
        if told.last_seq >= self.told.last_seq:
            self.told = told
        return self.told
