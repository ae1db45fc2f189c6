"""A pod's log and status as one stream: no event twice, none left out that can still be had."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, suppress
from dataclasses import replace
from datetime import datetime, timedelta

from launcher.domain.pod import Pod, PodStatus
from launcher.domain.run import Run
from launcher.errors import HubError, LauncherError, NotConfigured, PodGone, ProviderUnavailable
from launcher.providers.base import LogLine
from launcher.providers.call_budget import Turn, looking
from launcher.services.common.attempt_events import events_of_attempt
from launcher.services.common.observations import (
    EventSeen,
    Gone,
    LogSeen,
    PodSeen,
    RawObservation,
    RestartSeen,
    Tick,
)
from launcher.services.common.workbench import Workbench
from launcher.services.following.look_times import LookTimes
from pod_image.contract.bodies import Ended
from pod_image.contract.events import Event, from_line

ABSENT_LOOKS = 2
"""A pod is gone when so many looks in a row found nothing."""
LAST_LINES_SECONDS = 10.0
"""How long the log may still hand out lines once the pod is gone."""
LAST_LINES_SECONDS_AFTER_THE_END = 0.5
"""The same once the pod has said its last word."""
REREAD_SECONDS = 15.0
"""How long the log may take to repeat what was missed."""
SAVE_SECONDS = 30.0
"""Between two writes of how far the log was read: each waits for the disk, and what is read again is known."""
_WAITING_ITEMS = 1_000


async def follow(
    bench: Workbench, run: Run, *, from_start: bool = False, looks_at: Sequence[datetime] = ()
) -> AsyncGenerator[RawObservation, None]:
    """Everything seen of the run's pod, until Gone. Remembers in the history how far it has read.

    `from_start` reads the log from its beginning instead of from where the last reader stopped; at `looks_at` the
    pod is looked at in any case. Raises LauncherError for what looking again cannot mend (a refused key).
    """
    bench = bench.at(run.place)
    follower = _Follower(bench, run, from_start, looks_at)
    try:
        async for raw in follower.raw_observations():
            yield raw
    finally:
        await follower.close()


class _Follower:
    def __init__(
        self, bench: Workbench, run: Run, from_start: bool, looks_at: Sequence[datetime]
    ) -> None:
        self._bench = bench
        self._run = replace(run, log_cursor="", last_seq=0) if from_start else run
        self._queue: asyncio.Queue[LogLine | RawObservation | Exception] = asyncio.Queue(
            _WAITING_ITEMS
        )
        self._cursor = self._run.log_cursor
        self._seq = self._run.last_seq
        self._saved, self._saved_at = (self._cursor, self._seq), bench.clock.now()
        self._has_ended = run.end_reason is not None and not from_start
        self._times = LookTimes(timedelta(seconds=bench.config.poll_seconds), looks_at)
        # A launch gives back a pod that it does not hear: so it is heard before those that are only watched.
        self._turn = Turn.NOW if looks_at else Turn.STREAM
        self._look_again = asyncio.Event()
        """Set when the next look may be due sooner than it was."""
        self._status: PodStatus | None = None
        self._is_headless = False
        self._uptime_seconds = 0.0
        self._seen_at = bench.clock.now()
        self._log = asyncio.create_task(self._read_log())
        self._looks = asyncio.create_task(self._look_at_pod())

    async def raw_observations(self) -> AsyncGenerator[RawObservation, None]:
        while True:
            item = await self._queue.get()
            if isinstance(item, Exception):
                raise item
            if isinstance(item, LogLine):
                for seen in await self._read(item):
                    yield seen
                continue
            if isinstance(item, Gone) or self._is_time_to_save:
                self._save()
            yield item
            if isinstance(item, Gone):
                return

    async def close(self) -> None:
        for task in (self._log, self._looks):
            task.cancel()
        await asyncio.gather(self._log, self._looks, return_exceptions=True)
        self._save()

    @property
    def _is_time_to_save(self) -> bool:
        return abs((self._bench.clock.now() - self._saved_at).total_seconds()) >= SAVE_SECONDS

    def _save(self) -> None:
        if (self._cursor, self._seq) != self._saved:
            self._saved, self._saved_at = (self._cursor, self._seq), self._bench.clock.now()
            self._bench.runs.update(self._run, log_cursor=self._cursor, last_seq=self._seq)

    async def _read(self, line: LogLine) -> list[RawObservation]:
        """The line as what it is, after the events that should have come before it."""
        event = from_line(line.text) if line.source == "container" else None
        seen: list[RawObservation] = []
        self._heed(line)
        if event is None:
            seen.append(LogSeen(line.source, line.text, line.at))
        elif event.run_id == self._run.run_id:
            seen.extend(EventSeen(each) for each in await self._new(self._numbered(event)))
        self._cursor = line.id or self._cursor
        return seen

    def _heed(self, line: LogLine) -> None:
        """What a line says of when to look at the pod."""
        if line.source == "container":
            self._times.heard(self._bench.clock.now())
        else:
            self._times.machine_spoke()
        if (
            self._times.is_wanted
        ):  # any other line puts the next look off: nobody has to wake for it
            self._look_again.set()

    async def _new(self, event: Event) -> list[Event]:
        """The event with what was missed before it; nothing when it was seen already."""
        if event.seq <= self._seq:
            return []
        missed = await self._missed(event) if event.seq > self._seq + 1 else []
        self._seq = event.seq
        if isinstance(event.body, Ended) and not self._has_ended:
            self._has_ended = True
            self._times.said_last_word(self._bench.clock.now())
            self._look_again.set()
        return [*missed, event]

    def _numbered(self, event: Event) -> Event:
        """A pod that was started again and could not become an agent does not know how far it had counted:
        its last word comes next, whatever number it has."""
        if isinstance(event.body, Ended) and event.seq <= self._seq and not self._has_ended:
            return replace(event, seq=self._seq + 1)
        return event

    async def _missed(self, event: Event) -> list[Event]:
        """Events between the last one and this: from an earlier part of the log, else from the results repo.

        A log whose ids are bare times leaves out, when it is resumed, what was said at the very same instant.
        """
        found = await self._missed_in_log(event)
        if len(found) < event.seq - self._seq - 1:
            results = self._bench.results(self._run.results_repo)
            # What follows is worth more than what is missing.
            with suppress(HubError, NotConfigured):
                found += await results.events(self._run.run_id)
        return events_of_attempt(found, self._run, self._seq, event.seq)

    async def _missed_in_log(self, until: Event) -> list[Event]:
        found: list[Event] = []
        with suppress(TimeoutError, LauncherError):
            async with asyncio.timeout(REREAD_SECONDS):
                with looking(self._turn):
                    await self._read_until(until, found)
        return found

    async def _read_until(self, until: Event, found: list[Event]) -> None:
        async with aclosing(self._bench.provider.log(self._run.pod_id)) as lines:
            async for line in lines:
                event = from_line(line.text) if line.source == "container" else None
                if event is not None and event.seq >= until.seq:
                    return
                if event is not None:
                    found.append(event)

    async def _read_log(self) -> None:
        try:
            with looking(self._turn):
                log = self._bench.provider.log(self._run.pod_id, self._cursor)
                async with aclosing(log) as lines:
                    async for line in lines:
                        await self._queue.put(line)
        except PodGone:
            self._times.want()  # the looks at the pod decide
            self._look_again.set()
        except Exception as exc:  # the reader of the queue raises it
            await self._queue.put(exc)

    async def _look_at_pod(self) -> None:
        absent = 0
        while absent < ABSENT_LOOKS:
            trouble = ""
            is_due = bool(absent) or self._times.is_due(self._bench.clock.now())
            try:
                is_fresh = await self._seen_in_time(is_due=is_due)
                absent = 0
            except PodGone:
                is_fresh, absent = True, absent + 1
            except ProviderUnavailable as exc:
                is_fresh, trouble = True, str(exc)
            except Exception as exc:  # the reader of the queue raises it
                await self._queue.put(exc)
                return
            now = self._bench.clock.now()
            if is_fresh:
                self._times.looked(now, is_running=self._status is PodStatus.RUNNING)
            await self._queue.put(Tick(now, trouble, self._uptime_seconds, is_fresh))
            await self._until_next_tick()
        seconds = LAST_LINES_SECONDS_AFTER_THE_END if self._has_ended else LAST_LINES_SECONDS
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await asyncio.shield(self._log)
        await self._queue.put(Gone())

    async def _seen_in_time(self, *, is_due: bool) -> bool:
        """`_see_pod`, which may wait for its turn: ticks go on meanwhile, so that what a moment alone decides, such as
        a release, waits for nothing. When a moment comes that a look decides, that look is made at once instead."""
        if not is_due:
            return await self._see_pod(is_due=False)
        look = asyncio.ensure_future(self._see_pod(is_due=True))
        try:
            while not await self._done_within(self._bench.config.poll_seconds, look):
                now = self._bench.clock.now()
                await self._queue.put(Tick(now, "", self._uptime_seconds, is_fresh=False))
                is_released = self._bench.pod_list.is_released(self._run.pod_id)
                if is_released or self._times.is_decisive(now):
                    return await self._see_pod(is_due=True)
            return await look
        finally:
            look.cancel()

    async def _done_within(self, seconds: float, look: asyncio.Future[bool]) -> bool:
        pause = asyncio.ensure_future(self._bench.clock.sleep(seconds))
        try:
            await asyncio.wait((pause, look), return_when=asyncio.FIRST_COMPLETED)
        finally:
            pause.cancel()
        return look.done()

    async def _until_next_tick(self) -> None:
        """The usual pause, shorter where a look is due sooner, also when that turns out meanwhile."""
        began = self._bench.clock.now()
        usual = timedelta(seconds=self._bench.config.poll_seconds)
        while (now := self._bench.clock.now()) < began + usual:
            self._look_again.clear()
            until = min(began + usual, max(self._times.next(now), now))
            if until <= now:
                return
            await self._paused_or_heard((until - now).total_seconds())

    async def _paused_or_heard(self, seconds: float) -> None:
        pause = asyncio.ensure_future(self._bench.clock.sleep(seconds))
        heard = asyncio.ensure_future(self._look_again.wait())
        try:
            await asyncio.wait((pause, heard), return_when=asyncio.FIRST_COMPLETED)
        finally:
            pause.cancel()
            heard.cancel()

    async def _see_pod(self, *, is_due: bool) -> bool:
        """Take in how the pod is, where a look is due, or another watcher's look tells. Whether there was one."""
        now, pod_list = self._bench.clock.now(), self._bench.pod_list
        if is_due:
            if self._times.is_decisive(now):
                look = pod_list.look_now
            else:
                look = pod_list.look_alone if self._times.is_about_to_go(now) else pod_list.look
            await self._take(await look(self._run.pod_id))
            self._seen_at = self._bench.clock.now()
            return True
        shared = pod_list.known(self._run.pod_id, self._seen_at)
        if shared is None:
            return False
        pod, self._seen_at = shared
        await self._take(pod)
        return True

    async def _take(self, pod: Pod) -> None:
        if pod.status is PodStatus.TERMINATED:
            raise PodGone(f"Pod {pod.id} has ended.")
        if (pod.status, pod.is_headless) != (self._status, self._is_headless):
            before, self._status = self._status, pod.status
            self._is_headless = pod.is_headless
            await self._queue.put(PodSeen(pod, before))
        if pod.uptime_seconds is not None:
            if pod.uptime_seconds < self._uptime_seconds:
                await self._queue.put(RestartSeen(pod.uptime_seconds))
            self._uptime_seconds = pod.uptime_seconds
