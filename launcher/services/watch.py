"""Following a run to its end, from any machine with the key."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import datetime, timedelta

from launcher.domain.run import Run, RunState
from launcher.errors import InvalidRequest, LauncherError
from launcher.services.context import Workbench
from launcher.services.endings import settle_gone
from launcher.services.follow import follow
from launcher.services.notes import note
from launcher.services.sightings import (
    EventSeen,
    Gone,
    ReleasedHere,
    RunEnded,
    Sighting,
    Tick,
)
from pod_image.contract.events import EndedEvent

OUTSTAYED = timedelta(minutes=3)
"""A pod that still exists so long after its last word, or its deadline, is released from here."""


async def watch(
    bench: Workbench, run: Run, *, from_start: bool = False
) -> AsyncGenerator[Sighting, None]:
    """Sightings of the run until RunEnded, which is the last one; the history is kept up to date meanwhile.

    Goes on where the last watcher stopped; `from_start` shows the log from its beginning. May be ended at
    any time (close the iterator): the run goes on without it. A run that has ended already yields RunEnded.
    """
    if run.state is RunState.ENDED:
        yield RunEnded(run)
        return
    if not run.pod_id:
        raise InvalidRequest(
            f"Run {run.run_id} has no pod yet.",
            hint="launcher reap looks for one that was ordered.",
        )
    calls_before = bench.provider.calls
    try:
        async with aclosing(_sightings(bench, run, from_start)) as sightings:
            async for seen in sightings:
                yield seen
    finally:
        now = bench.runs.by_nonce(run.nonce) or run
        made = bench.provider.calls - calls_before
        bench.runs.update(now, provider_calls=now.provider_calls + made)


async def _sightings(
    bench: Workbench, run: Run, from_start: bool
) -> AsyncGenerator[Sighting, None]:
    ended_at: datetime | None = None
    async with aclosing(follow(bench, run, from_start=from_start)) as glimpses:
        async for seen in glimpses:
            run = note(bench, run, seen)
            if isinstance(seen, EventSeen) and isinstance(seen.event, EndedEvent):
                ended_at = bench.clock.now()
            if isinstance(seen, Tick):
                why = _outstays(run, ended_at, seen.at)
                if why:
                    for each in await _release(bench, run, why):
                        yield each
            elif isinstance(seen, Gone):
                break
            else:
                yield seen
    run, unseen = await settle_gone(bench, bench.runs.by_nonce(run.nonce) or run)
    for event in unseen:
        yield EventSeen(event)
    yield RunEnded(run)


def _outstays(run: Run, ended_at: datetime | None, now: datetime) -> str:
    """Why the pod should be gone by now, or ""."""
    if ended_at is not None and now - ended_at > OUTSTAYED:
        return "its run is over"
    if run.deadline is not None and now - run.deadline > OUTSTAYED:
        return "its deadline has passed"
    return ""


async def _release(bench: Workbench, run: Run, why: str) -> list[Sighting]:
    try:
        await bench.provider.release(run.pod_id)
    except LauncherError:
        return []  # the next look tries again
    return [ReleasedHere(run.pod_id, why)]
