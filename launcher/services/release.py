"""Ending the money of a run at once, whatever it is doing."""

from __future__ import annotations

from launcher.domain.run import Run, RunState
from launcher.errors import InvalidRequest, LauncherError, PodGone
from launcher.services.belonging import is_certainly_over, is_of_this_account, not_found
from launcher.services.context import Workbench
from launcher.services.endings import close, settle_gone
from launcher.services.intents import intents_of
from launcher.services.reconcile import settle_intent
from launcher.services.releasing import release_pod
from launcher.services.unstoppable import despite_cancel
from pod_image.contract.outcomes import EndReason


async def release(bench: Workbench, run: Run, why: str = "It was released by hand.") -> Run:
    """Release the run's pod; returns the run as it ended. Silent when the pod is gone already.

    What the run delivered before is kept; what it had not yet delivered is lost. Once it has begun, a
    cancellation does not cut it short. Raises ProviderError when the pod could not be ended: then it still
    costs money; PodGone when it may be another account's.
    """
    return await despite_cancel(_release(bench, run, why))


async def _release(bench: Workbench, run: Run, why: str) -> Run:
    if not run.pod_id:
        run = await _found_out(bench, run)
    if run.state is RunState.ENDED:
        if run.pod_id:
            (await release_pod(bench, run.pod_id)).check()
        return run
    if not run.pod_id:
        raise InvalidRequest(f"Run {run.run_id} has no pod that is known.", hint="launcher reap")
    await _refuse_foreign(bench, run)
    released = await release_pod(bench, run.pod_id)
    if released.trouble is not None:
        bench.runs.update(run, state=RunState.ENDING)
        raise released.trouble
    run = bench.runs.by_nonce(run.nonce) or run
    if run.end_reason is not None:
        run, _ = await settle_gone(bench, run)
        return run
    return await close(bench, run, EndReason.ABORTED, why)


async def _found_out(bench: Workbench, run: Run) -> Run:
    """The run after its order, if one may be out, was looked for."""
    for intent in intents_of(bench).open():
        if intent.nonce == run.nonce:
            run = await settle_intent(bench, intent) or bench.runs.by_nonce(run.nonce) or run
    return run


async def _refuse_foreign(bench: Workbench, run: Run) -> None:
    """Raises PodGone for a pod that another account may go on paying for: it must not count as released."""
    try:
        await bench.provider.pod(run.pod_id)
    except PodGone:
        if not is_certainly_over(bench, run) and not await is_of_this_account(bench, run):
            raise not_found(run) from None
    except LauncherError:
        return  # no answer, or one that is not understood, is no reason to leave a pod alone
