"""Run state of a process, for whoever looks: one watcher per running run, list calls that all of them share,
launches under way.

Pages and programs read from here and hold nothing themselves. Errors of watchers and launches are kept with their
run and shown.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import OrderedDict
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from launcher.clock import Clock
from launcher.config import Config
from launcher.domain.run import Run, RunState
from launcher.domain.run_picture import RunPicture, picture_of
from launcher.domain.run_view import RunView
from launcher.errors import LauncherError
from launcher.services.common.highlights import KINDS as HIGHLIGHTS
from launcher.services.common.highlights import highlights_of
from launcher.services.common.observations import (
    EventSeen,
    LogSeen,
    Observation,
    PlaceAnswers,
    PlaceSilent,
    PodSeen,
    ReleasedHere,
    RestartSeen,
)
from launcher.services.live.folded import FoldedPictures
from launcher.services.live.holders import Holder, Holders
from launcher.services.live.journal import Journal
from launcher.services.live.launches import Launches
from launcher.services.live.unforeseen import unforeseen
from launcher.stores.runs import RecordKind, RunHistory
from pod_image.contract.events import Event
from pod_image.contract.next_steps import Said

if TYPE_CHECKING:  # a form that starts has no key yet, and reaches nobody
    from launcher.domain.pod import PodStatus
    from launcher.services.common.workbench import Workbench


LOOK_SECONDS = 1.0
RETRY_SECONDS = 15.0
"""After a watcher failed: a refused key or a Hub that is down does not change at once."""
VIEWS_KEPT = 30
_UNHEARD = RunPicture()


class Live:
    """`pod_status` and `troubles` are by nonce of the run. `word` says what went wrong as the reader's edge does."""

    def __init__(
        self,
        config: Config,
        history: RunHistory,
        holders: Holders,
        clock: Clock,
        word: Callable[[Said], str],
    ) -> None:
        self.config = config
        self.history = history
        self.clock = clock
        self.launches = Launches(history, holders, self)
        self.pod_status: dict[str, PodStatus] = {}
        self.troubles: dict[str, str] = {}
        self.version = 0
        self.when_fed: list[Callable[[Run, Observation], None]] = []
        """Hear everything that is seen of any run and was not seen before."""
        self.wants_logs = True
        """Whether lines of the logs are shown here: then a log is read from its beginning, and else from where the last
        reader stopped."""
        self._holders = holders
        self._word = word
        self._journal = Journal(config.data_folder / "events")
        self._folded = FoldedPictures(self._journal, config.data_folder / "events")
        self._folding: set[asyncio.Task[RunPicture]] = set()
        self._views: OrderedDict[str, RunView] = OrderedDict()
        self._read: set[str] = set()
        """Runs whose journal is in their view."""
        self._complete: set[str] = set()
        """Runs whose delivered events are in their view."""
        self._watchers: dict[str, asyncio.Task[None]] = {}
        self._elsewhere: set[str] = set()
        """Runs that somebody else in this program follows, and tells of here."""
        self._not_before: dict[str, datetime] = {}
        self._live_runs: list[Run] = []
        self._loop: asyncio.Task[None] | None = None
        self._reading = asyncio.Lock()

    def start(self) -> None:
        self._loop = asyncio.create_task(self._look_again_and_again())

    async def stop(self) -> None:
        """End watchers; a launch whose pod is not armed yet releases it, and that is waited for."""
        tasks = self.launches.tasks
        tasks += self._watchers.values()
        if self._loop is not None:
            tasks.append(self._loop)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def open_view(self, run: Run) -> RunView:
        """What is known of the run; read back from disk when it is not in memory."""
        async with self._reading:
            view = self.view(run)
            if run.nonce not in self._read:
                picture = await asyncio.to_thread(self._folded.read, run)
                if picture.last_seq > view.picture.last_seq:
                    view.picture = picture
                    view.version += 1
                self._read.add(run.nonce)
                self._drop_old_views()
        return view

    def journal_after(self, run: Run, seq: int, most: int) -> list[Event]:
        """So many events of the run as they are kept on this computer, from the one after `seq` on. Reads a file."""
        found: list[Event] = []
        for each in self._journal.read_after(run, seq):
            if each.seq > seq:  # two programs that follow one run write each event twice
                seq = each.seq
                found.append(each)
            if len(found) == most:
                break
        return found

    async def complete_view(self, bench: Workbench, run: Run) -> None:
        """Take in what the run delivered and nobody here saw: another program, or another computer, followed it.

        Asks once for a run that is over. Raises HubError or NotConfigured.
        """
        from launcher.services.following.attached import delivered_events

        if run.nonce in self._complete:
            return
        view = await self.open_view(run)
        delivered = await delivered_events(bench, run)
        seqs = await asyncio.to_thread(self._journal.numbers, run)
        missing = [event for event in delivered if event.seq not in seqs]
        if missing:
            known = await self._journaled(run)
            every = sorted([*known, *missing], key=lambda event: event.seq)
            self._folded.remove(run)
            await asyncio.to_thread(self._journal.replace, run, every)
            view.picture = picture_of(every)
            view.version += 1
            for kind, document in highlights_of(every).items():
                self.history.keep(run, kind, document)
        if run.state is RunState.ENDED:
            self._complete.add(run.nonce)

    async def look_back(self, runs: Sequence[Run]) -> None:
        """Keep of each what lists show beside it, as far as its journal tells: an earlier release kept none of that."""
        kept = False
        for run in runs:
            if self._journal.has(run):
                found = await asyncio.to_thread(self._highlights, run)
                for kind, document in found.items():
                    if not self.history.kept(run, kind):
                        self.history.keep(run, kind, document)
                        kept = True
        self.version += kept

    def _highlights(self, run: Run) -> dict[RecordKind, dict[str, Any]]:
        return highlights_of(self._journal.read(run, HIGHLIGHTS))

    async def _journaled(self, run: Run) -> list[Event]:
        return await asyncio.to_thread(lambda: list(self._journal.read(run)))

    def view(self, run: Run) -> RunView:
        """What is known of the run in memory."""
        view = self._views.setdefault(run.nonce, RunView())
        self._views.move_to_end(run.nonce)
        return view

    def known_picture(self, run: Run) -> RunPicture:
        """The picture in memory; an empty one of a run that nobody here follows or looks at."""
        view = self._views.get(run.nonce)
        return view.picture if view is not None else _UNHEARD

    def run(self, nonce: str) -> Run | None:
        return self.history.by_nonce(nonce)

    def is_watched(self, nonce: str) -> bool:
        is_followed = nonce in self._watchers or nonce in self._elsewhere
        return is_followed or self.launches.is_launching(nonce)

    @property
    def live_runs(self) -> Sequence[Run]:
        """Every run that may have a pod that costs money now."""
        return self._live_runs

    def forget(self, run: Run) -> None:
        """Delete an ended run from this machine's history, with its journal."""
        self.history.delete(run)
        self._views.pop(run.nonce, None)
        self._read.discard(run.nonce)
        self._complete.discard(run.nonce)
        self._journal.remove(run)
        self._folded.remove(run)
        self.refresh()

    def refresh(self) -> None:
        """Read from the history which runs may have a pod."""
        with contextlib.suppress(LauncherError):  # unreadable for now: what was known stays
            self._live_runs = self.history.live()
        self.version += 1

    def feed(self, run: Run, seen: Observation) -> None:
        """Take in what was seen of the run."""
        view = self.view(run)
        match seen:
            case EventSeen(event=event):
                if not view.take(event):
                    return
                self._journal.write(run, event)
                if self._folded.is_due_after_one_more(run):
                    self._fold_beside(run)
            case LogSeen(source=source, text=text, at=at):
                view.take_log(text, source, at)
            case PodSeen(pod=pod):
                self.pod_status[run.nonce] = pod.status
                view.version += 1
            case RestartSeen():
                view.take_restart()
            case ReleasedHere(why=why):
                self.say(run, f"Released from this computer: {why}.")
            case PlaceSilent() | PlaceAnswers():
                from launcher.services.following.silence import silence_text  # after the first page

                view.take_log(silence_text(seen), "launcher", self.clock.now())
            case _:
                view.version += 1
        for hear in self.when_fed:
            hear(run, seen)

    def say(self, run: Run, text: str) -> None:
        """A line of this program's own, among those of the run."""
        self.view(run).take_log(text, "launcher", self.clock.now())

    def _fold_beside(self, run: Run) -> None:
        """So that a run of days opens at once also after this program was started anew."""
        task = asyncio.create_task(asyncio.to_thread(self._folded.read, run))
        self._folding.add(task)
        task.add_done_callback(self._folding.discard)

    async def _look_again_and_again(self) -> None:
        while True:
            self.refresh()
            self._watch_what_can_be_watched()
            await asyncio.sleep(LOOK_SECONDS)

    def _watch_what_can_be_watched(self) -> None:
        holders = self._holders.holders
        for run in self._live_runs:
            able = [each for each in holders if each.bench.can_ask(run.place)]
            if run.pod_id and able:
                self.watch_with(able[-1], run)

    def watch_with(self, holder: Holder, run: Run) -> None:
        """Follow the run by what this holder opened, unless somebody does; not at once again after it failed."""
        waits = self._not_before.get(run.nonce)
        if self.is_watched(run.nonce) or (waits is not None and self.clock.now() < waits):
            return
        task = self._watchers[run.nonce] = asyncio.create_task(self._watch(holder.bench, run))
        holder.start(task)

    async def _watch(self, bench: Workbench, run: Run) -> None:
        from launcher.services.following.watch import watch

        try:
            view = await self.open_view(run)
            # From the start of the log when this program has seen nothing of the run yet.
            has_gap = view.picture.last_seq < run.last_seq
            from_start = has_gap or (self.wants_logs and view.log_count == 0)
            async with aclosing(watch(bench, run, from_start=from_start)) as observations:
                async for seen in observations:
                    self.troubles.pop(run.nonce, None)
                    self.feed(run, seen)
        except LauncherError as error:
            self._put_off(run, self._word(error.message))
        except Exception as error:
            self._put_off(run, str(unforeseen("Following the run failed in this program", error)))
            raise
        finally:
            self._watchers.pop(run.nonce, None)
            # Thousands that are told to end at once would each read all that live.
            if not _is_cancelled():
                self.refresh()

    async def followed(
        self, bench: Workbench, run: Run, *, from_start: bool = False
    ) -> AsyncGenerator[Observation, None]:
        """`watch` for who follows a run by itself, such as a study: taken in here too, and followed once."""
        from launcher.services.following.watch import watch

        self._elsewhere.add(run.nonce)
        try:
            beside = self._watchers.pop(run.nonce, None)
            if beside is not None:
                beside.cancel()
                await asyncio.gather(beside, return_exceptions=True)
            await self.open_view(run)
            async with aclosing(watch(bench, run, from_start=from_start)) as observations:
                async for seen in observations:
                    self.troubles.pop(run.nonce, None)
                    self.feed(run, seen)
                    yield seen
        finally:
            self._elsewhere.discard(run.nonce)
            if not _is_cancelled():
                self.refresh()

    def _put_off(self, run: Run, why: str) -> None:
        if self.troubles.get(run.nonce) != why:
            self.say(run, why)
        self.troubles[run.nonce] = why
        self._not_before[run.nonce] = self.clock.now() + timedelta(seconds=RETRY_SECONDS)

    def ended_at(self, run: Run) -> datetime | None:
        """When the pod said its last word, as far as that was heard."""
        view = self._views.get(run.nonce)
        last = view.picture.last_word if view is not None else None
        return last.at if last is not None else None

    def _drop_old_views(self) -> None:
        kept = {run.nonce for run in self._live_runs} | set(self._watchers)
        for nonce in list(self._views):
            if len(self._views) <= VIEWS_KEPT:
                return
            if nonce not in kept:
                del self._views[nonce]
                self._read.discard(nonce)


def _is_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
