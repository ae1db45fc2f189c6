"""Launches under way in a process: one for each click, with its own lease on the keys, and what came of it."""

from __future__ import annotations

import asyncio
import contextlib
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from launcher.domain.labels import LabelName
from launcher.domain.run import Run
from launcher.errors import LauncherError
from launcher.services.common.observations import (
    EventSeen,
    LogSeen,
    Observation,
    PodSeen,
    RestartSeen,
)
from launcher.services.live.holders import Holders
from launcher.services.live.unforeseen import unforeseen
from launcher.stores.runs import RunHistory
from launcher.stores.secrets import Keys

if TYPE_CHECKING:  # a form that starts has nothing to launch yet
    from launcher.domain.plan import Plan
    from launcher.services.launching.progress import Progress

Lease = Callable[[], contextlib.AbstractContextManager[object]]
"""Holds the keys of a launch for as long as it is under way."""
LAUNCHES_KEPT = 30
MESSAGES_KEPT = 200


@dataclass
class Launch:
    """A launch under way, by the id of the dialog that asked for it."""

    id: str
    plan: Plan
    labels: Mapping[LabelName, str] = field(default_factory=dict)
    task: asyncio.Task[None] | None = None
    messages: deque[Progress] = field(default_factory=lambda: deque(maxlen=MESSAGES_KEPT))
    run: Run | None = None
    error: LauncherError | None = None
    has_run: asyncio.Event = field(default_factory=asyncio.Event)
    is_over: bool = False


class Observer(Protocol):
    """Who shows runs, and hears here what a launch sees of its own. `version` counts what changes."""

    version: int

    def feed(self, run: Run, seen: Observation) -> None: ...

    def say(self, run: Run, text: str) -> None:
        """A line of this program's own, among those of the run."""
        ...

    def refresh(self) -> None: ...


class Launches:
    def __init__(self, history: RunHistory, holders: Holders, observer: Observer) -> None:
        self._history, self._holders, self._observer = history, holders, observer
        self._launches: OrderedDict[str, Launch] = OrderedDict()

    @property
    def tasks(self) -> list[asyncio.Task[None]]:
        """A task that is cancelled before its pod is armed releases it, and ends when that is done."""
        return [launch.task for launch in self._launches.values() if launch.task]

    def begin(
        self,
        id: str,
        plan: Plan,
        keys: Keys,
        lease: Lease,
        labels: Mapping[LabelName, str] | None = None,
    ) -> Launch:
        """Start the launch; the same id again gives the one that is under way: one click, one pod.

        The launch keeps its own lease on the keys, whatever becomes of the tab. `labels`: what to call the run.
        """
        known = self._launches.get(id)
        if known is not None:
            return known
        job = self._launches[id] = Launch(id, plan, labels or {})
        job.task = asyncio.create_task(self._launch(job, keys, lease))
        while len(self._launches) > LAUNCHES_KEPT:
            oldest = next(iter(self._launches))
            if not self._launches[oldest].is_over:
                break
            self._launches.pop(oldest)
        return job

    def of_run(self, nonce: str) -> Launch | None:
        """The launch that this program has under way, or had, for the run."""
        for one in reversed(self._launches.values()):
            if one.run is not None and one.run.nonce == nonce:
                return one
        return None

    def is_launching(self, nonce: str) -> bool:
        under_way = [one for one in self._launches.values() if not one.is_over]
        return any(one.run is not None and one.run.nonce == nonce for one in under_way)

    async def _launch(self, job: Launch, keys: Keys, lease: Lease) -> None:
        from launcher.services.launching.launch import launch
        from launcher.services.launching.naming import naming

        def report(progress: Progress) -> None:
            job.messages.append(progress)
            if progress.run is not None:
                job.run = progress.run
                job.has_run.set()
                if progress.seen is not None:
                    self._feed(progress.run, progress)
            self._observer.version += 1

        try:
            with lease():
                async with self._holders.open_bench(keys) as bench:
                    bench.runs.on_trouble = lambda text: self._tell(job, text)
                    named = naming(bench, job.labels, report)
                    job.run = await launch(bench, job.plan, keys, named)
        except LauncherError as error:
            job.error = error
        except asyncio.CancelledError:
            raise
        except Exception as error:
            job.error = unforeseen("The launch failed in this program", error)
            self._note(job)
            raise
        finally:
            job.is_over = True
            job.has_run.set()
            with contextlib.suppress(Exception):
                self._observer.refresh()

    def _feed(self, run: Run, progress: Progress) -> None:
        """What the launch saw of the pod, as far as the page shows it."""
        seen = progress.seen
        if isinstance(seen, EventSeen | LogSeen | PodSeen | RestartSeen):
            self._observer.feed(run, seen)

    def _tell(self, job: Launch, text: str) -> None:
        if job.run is not None:
            self._observer.say(job.run, text)
            self._observer.version += 1

    def _note(self, job: Launch) -> None:
        """Write into the run's record why its launch failed, unless the record knows better."""
        if job.run is not None and job.error is not None:
            with contextlib.suppress(LauncherError):
                known = self._history.by_nonce(job.run.nonce)
                if known is not None and not known.detail:
                    self._history.update(known, detail=str(job.error))
