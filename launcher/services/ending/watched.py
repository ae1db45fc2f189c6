"""A cluster lives only while it is watched: whoever watches it releases it, whatever makes them leave."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager

from launcher.domain.pod_ids import named_pod
from launcher.domain.run import Run, RunState
from launcher.errors import Interrupted, LauncherError
from launcher.services.common.intents import is_being_launched, watch_lock
from launcher.services.common.uninterrupted import despite_cancel, owing
from launcher.services.common.workbench import Workbench
from launcher.services.ending.release import release
from launcher.stores.runs import RecordKind
from pod_image.contract.figures import dollars_per_hour
from pod_image.contract.next_steps import NextStep, Said, Sentence

LEFT = "The program that watched its cluster stopped, so it was released."


@asynccontextmanager
async def watched(bench: Workbench, run: Run, *, is_starter: bool = False) -> AsyncIterator[None]:
    """Around the watching of a run. Of one on a single pod nothing is changed: it needs nobody.

    A cluster that another process here watches, or is still launching, is left to it for as long as it does, and one
    of another computer to whoever started it there; `is_starter`: that was this process. Raises Interrupted, which says
    what became of the cluster, in the place of a cancellation; another error says so too.
    """
    bench = bench.at(run.place)
    if not run.is_cluster or run.state is RunState.ENDED or run.is_from_repo:
        yield
        return
    if not is_starter and bench.runs.kept(run, RecordKind.WATCHED) is None:
        yield
        return
    with ExitStack() as held:

        def takes_it() -> bool:
            # Whoever launches it now watches it next.
            is_launched_now = is_being_launched(bench, run.results_repo, run.run_id)
            if is_launched_now and not is_starter:
                return False
            return held.enter_context(watch_lock(bench, run.nonce))

        is_ours = takes_it()
        with owing(lambda: _owed(run) if is_ours else ""):
            try:
                yield
            except BaseException as exc:
                # Whoever watched it when this began may be gone by now.
                is_ours = is_ours or takes_it()
                if not is_ours:
                    raise
                said = await despite_cancel(_given_back(bench, run))
                if isinstance(exc, asyncio.CancelledError):
                    raise Interrupted(
                        Sentence("Stopped watching. ", said),
                        hint="What was delivered before stays in the results repo.",
                    ) from exc
                if isinstance(exc, LauncherError):
                    exc.add(said)
                raise


async def _given_back(bench: Workbench, run: Run) -> Said:
    """Release it, and say so in a sentence. Never raises for the provider's trouble."""
    name = named_pod(run.pod_id, begins=True)
    try:
        ended = await release(bench, run, LEFT)
    except LauncherError as trouble:
        now = bench.runs.by_nonce(run.nonce) or run
        if now.state is RunState.ENDED:
            return f"{name} is gone."
        return Sentence(
            f"{name} could NOT be released ({trouble.message}) and costs "
            f"{dollars_per_hour(run.price_per_hour_usd)} until ",
            NextStep.LOOK_FOR_PODS,
            " succeeds.",
        )
    return f"{name} was released. {ended.end_sentence}"


def _owed(run: Run) -> Said:
    return Sentence(
        f"{named_pod(run.pod_id, begins=True)} cannot release itself and is being released. Until it is gone it costs "
        f"{dollars_per_hour(run.price_per_hour_usd)}. ",
        NextStep.LOOK_FOR_PODS,
        " checks again and releases it.",
    )
