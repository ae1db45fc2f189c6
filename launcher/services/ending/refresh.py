"""What became of a run whose pod nobody watched: looked up before anything is said or done about it."""

from __future__ import annotations

from launcher.domain.pod import Pod
from launcher.domain.run import Run, RunState
from launcher.errors import PodGone
from launcher.services.common.intents import intents_of, is_being_launched
from launcher.services.common.workbench import Workbench
from launcher.services.ending.settle import close, settle_gone
from pod_image.contract.outcomes import EndReason

NEVER_ORDERED = "Its launch was interrupted before a pod was ordered."


async def refreshed(bench: Workbench, run: Run) -> tuple[Run, Pod | None]:
    """The run as it is now, and its pod while there is one.

    A run whose pod is gone is closed first, with what the pod delivered of its end. Raises ProviderError or
    NotConfigured where that cannot be told, PodGone when the pod may be another account's: the run stays open. A run
    that is known from its repo alone is as it is: no pod here tells of it.
    """
    bench = bench.at(run.place)
    run = bench.runs.by_nonce(run.nonce) or run
    if run.state is RunState.ENDED or run.is_from_repo:
        return run, None
    if not run.pod_id:
        return await close_unordered(bench, run), None
    pod = await look_twice(bench, run.pod_id)
    if pod is None and not is_being_launched(bench, run.results_repo, run.run_id):
        run, _ = await settle_gone(bench, run)
    return run, pod


async def look_twice(bench: Workbench, pod_id: str) -> Pod | None:
    """The pod, or None after two readings without it: one absence is no proof."""
    for reading in range(2):
        if reading:
            await bench.clock.sleep(min(2.0, bench.config.poll_seconds))
        try:
            return await bench.provider.pod(pod_id)
        except PodGone:
            continue
    return None


async def close_unordered(bench: Workbench, run: Run) -> Run:
    """Close a run whose launch was killed before its order went out: it may have left secrets in the account."""
    if not was_never_ordered(bench, run):
        return run
    return await close(bench, run, EndReason.BOOT_FAILED, NEVER_ORDERED)


def was_never_ordered(bench: Workbench, run: Run) -> bool:
    """Whether the run has no pod, nobody launches it, and no order for it can be out."""
    if run.pod_id or is_being_launched(bench, run.results_repo, run.run_id):
        return False
    # Read again now that nobody launches it: it may have got its pod a moment ago.
    now = bench.runs.by_nonce(run.nonce)
    if now is None or now.pod_id or not now.state.may_have_pod:
        return False
    # An order goes out only after its intent is on disk.
    return all(intent.nonce != run.nonce for intent in intents_of(bench).open())
