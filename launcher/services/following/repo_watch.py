"""Following a run by its results repo alone: slower than its pod's log, and in no need of the account's key."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import replace

from launcher.domain.run import Run, RunState
from launcher.domain.run_address import RunAddress
from launcher.errors import HubError, InvalidRequest
from launcher.services.common.observations import EventSeen, Observation, RunEnded
from launcher.services.common.workbench import Workbench
from launcher.services.following.adopted import keep
from launcher.services.following.attached import AttachedRun, as_of, read_run
from pod_image.contract.outcomes import EndReason

LOOK_SECONDS = 30.0
"""A run uploads every few minutes; whether it has costs one request."""
FOLLOWED = "A later attempt at this run has started."


async def watch_repo(
    bench: Workbench, run: Run, *, from_start: bool = False
) -> AsyncGenerator[Observation, None]:
    """What the run delivers of its events, each once and in order, and at last RunEnded.

    Ends nothing and releases nothing. A Hub that does not answer is asked again; raises HubError where the first look
    fails, NotConfigured for a refused token.
    """
    seen_seq = 0 if from_start else run.last_seq
    attached: AttachedRun | None = None
    while True:
        try:
            attached = await _looked(bench, run, attached)
        except HubError:
            if attached is None:
                raise
            attached = as_of(attached, bench.provider_now())
        except InvalidRequest:  # its folder was removed meanwhile
            attached = None
        if attached is None or attached.run.nonce != run.nonce:
            yield RunEnded(_followed(bench, run))
            return
        for event in attached.events:
            if event.seq > seen_seq:
                seen_seq = event.seq
                yield EventSeen(event)
        run = keep(bench, attached)
        if attached.run.state is RunState.ENDED:
            yield RunEnded(run if run.state is RunState.ENDED else attached.run)
            return
        await bench.clock.sleep(LOOK_SECONDS)


async def _looked(bench: Workbench, run: Run, before: AttachedRun | None) -> AttachedRun:
    """The run as it is now; read again only where the repo has changed."""
    now = bench.provider_now()
    if before is not None and await bench.results(run.results_repo).commit() == before.commit:
        return as_of(before, now)
    return await read_run(bench, RunAddress(run.results_repo, run.run_id))


def _followed(bench: Workbench, run: Run) -> Run:
    ended_at = run.ended_at or bench.provider_now()
    return bench.runs.put(
        replace(
            run,
            state=RunState.ENDED,
            end_reason=EndReason.LOST,
            detail=FOLLOWED,
            ended_at=ended_at,
        )
    )
