"""Following a run to its end, from any machine with the key."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import datetime, timedelta
from typing import Protocol

from launcher.domain.pod_ids import named_pod
from launcher.domain.run import Run, RunState
from launcher.errors import InvalidRequest, PodGone
from launcher.providers.call_budget import looking
from launcher.services.common.observations import (
    EventSeen,
    Gone,
    Observation,
    PodSeen,
    ReleasedHere,
    RunEnded,
    Tick,
)
from launcher.services.common.pod_release import release_pod
from launcher.services.common.record_observation import note
from launcher.services.common.unproven import told_when_slow
from launcher.services.common.workbench import Workbench
from launcher.services.ending.settle import settle_gone
from launcher.services.following.follow import follow
from launcher.services.following.repo_watch import watch_repo
from launcher.services.following.silence import Silence
from launcher.services.following.tell import tell, tell_where_pod_tells
from pod_image.contract.bodies import Ended
from pod_image.contract.next_steps import NextStep, Sentence

OUTSTAYED = timedelta(seconds=20)
"""A pod that still exists so long after its last word, or its deadline, is released from here: by then it
has nothing left to deliver, and its own release did not work."""
OUTSTAYED_UNLISTED = timedelta(minutes=5)
"""The same of a pod that has said its last word and that the list has not shown since. Where many end at the same time,
looks at each of them take minutes, and releasing what is gone already would take yet more calls."""
COUNT_AGAIN = timedelta(minutes=1)
"""Between two writes of a run's count of requests, which wait for the disk."""


class Watching(Protocol):
    """`watch`, or what else sees the same."""

    def __call__(
        self, bench: Workbench, run: Run, *, from_start: bool = False
    ) -> AsyncGenerator[Observation, None]: ...


async def watch(
    bench: Workbench, run: Run, *, from_start: bool = False
) -> AsyncGenerator[Observation, None]:
    """What is seen of the run until RunEnded, which is the last one; the history is kept up to date meanwhile.

    Goes on where the last watcher stopped; `from_start` shows the log from its beginning. May be ended at
    any time (close the iterator): the run goes on without it. A run that has ended already yields RunEnded. One that
    is known only from its results repo is followed there.
    """
    bench = bench.at(run.place)
    if run.state is RunState.ENDED:
        yield RunEnded(run)
        return
    if run.is_from_repo:
        async with aclosing(watch_repo(bench, run, from_start=from_start)) as told:
            async for seen in told:
                tell(bench, run, seen)
                yield seen
        return
    if not run.pod_id:
        raise InvalidRequest(
            f"Run {run.run_id} has no pod yet.",
            hint=Sentence(NextStep.LOOK_FOR_PODS, " looks for one that was ordered."),
        )
    counter = _Calls(bench, run)
    try:
        async with aclosing(_observations(bench, run, from_start)) as observations:
            async for seen in observations:
                if isinstance(seen, RunEnded):
                    yield RunEnded(counter.count())
                else:
                    counter.count_now_and_then()
                    yield seen
    finally:
        counter.count()


class _Calls:
    """Adds the requests of this watcher to the run's own count."""

    def __init__(self, bench: Workbench, run: Run) -> None:
        self._bench, self._run, self._counted = bench, run, bench.provider.calls
        self._counted_at = bench.clock.now()

    def count_now_and_then(self) -> None:
        """As often as it is worth a write to the disk."""
        if self._bench.clock.now() - self._counted_at >= COUNT_AGAIN:
            self.count()

    def count(self) -> Run:
        self._counted_at = self._bench.clock.now()
        run = self._bench.runs.by_nonce(self._run.nonce) or self._run
        new, self._counted = self._bench.provider.calls - self._counted, self._bench.provider.calls
        return self._bench.runs.update(run, provider_calls=run.provider_calls + new) if new else run


async def _observations(
    bench: Workbench, run: Run, from_start: bool
) -> AsyncGenerator[Observation, None]:
    # A watcher before this one may have heard the last word of a cluster, and not come to releasing it.
    ended_at = run.ended_at if run.is_cluster else None
    broken_at: datetime | None = None
    released_at: datetime | None = None
    silence = Silence(bench.place.title)
    tell_where_pod_tells(bench, run)
    async with aclosing(follow(bench, run, from_start=from_start)) as raw_observations:
        async for seen in raw_observations:
            run = note(bench, run, seen)
            tell(bench, run, seen)
            if isinstance(seen, EventSeen) and isinstance(seen.event.body, Ended):
                ended_at = bench.provider_now()
            if isinstance(seen, PodSeen) and run.is_cluster:
                is_broken = run.armed_at is not None and seen.pod.is_headless
                broken_at = (broken_at or bench.provider_now()) if is_broken else None
            if isinstance(seen, Tick):
                if (news := silence.after(seen)) is not None:
                    yield news
                why = _outstays(bench, run, ended_at, broken_at)
                is_due = released_at is None or seen.at - released_at > OUTSTAYED
                if why and is_due and await _is_released(bench, run, why):
                    released_at = seen.at
                    yield ReleasedHere(run.pod_id, why)
            elif isinstance(seen, Gone):
                break
            else:
                yield seen
    try:
        with looking():  # it costs nothing any more
            run, unseen = await settle_gone(bench, bench.runs.by_nonce(run.nonce) or run)
    except PodGone as exc:
        bench.teller.cannot_prove_gone(run, str(exc.message), bench.provider_now())
        raise
    for event in unseen:
        tell(bench, run, EventSeen(event))
        yield EventSeen(event)
    tell(bench, run, RunEnded(run))
    yield RunEnded(run)


async def _is_released(bench: Workbench, run: Run, why: str) -> bool:
    """Release the pod; where that cannot be done, somebody is told."""
    pod = named_pod(run.pod_id, begins=True)
    said = f"{pod} should be gone because {why}, but could not be released yet."
    async with told_when_slow(bench, run, said):
        released = await release_pod(bench, run.pod_id)
    if released.trouble is not None:
        bench.teller.cannot_prove_gone(run, said, bench.provider_now())
    if released.is_done:
        bench.pod_list.note_released(run.pod_id)
    return released.is_done


def _outstays(
    bench: Workbench, run: Run, ended_at: datetime | None, broken_at: datetime | None
) -> str:
    """Why the pod should be gone by now, or "". Nobody but us releases a cluster, so it is not waited for, and held to
    its cap on money from here."""
    now = bench.provider_now()
    if ended_at is not None:
        is_unlisted = bench.pod_list.is_unlisted(run.pod_id, ended_at - bench.provider.clock_ahead)
        patience = OUTSTAYED_UNLISTED if is_unlisted else OUTSTAYED
        if run.is_cluster or now - ended_at > patience:
            return "its run is over"
    if broken_at is not None and now - broken_at > OUTSTAYED:
        return "its first node is gone"
    if run.is_cluster and run.capped_at is not None and now - run.capped_at > OUTSTAYED:
        return "a cap was reached"
    if run.deadline is not None and now - run.deadline > OUTSTAYED:
        return "its deadline has passed"
    return ""
