"""Ending the money of a run at once, whatever it is doing."""

from __future__ import annotations

from launcher.domain.run import Run, RunState
from launcher.errors import InvalidRequest
from launcher.services.context import Workbench
from launcher.services.endings import close, settle_gone
from launcher.services.intents import intents_of
from launcher.services.reconcile import settle_intent
from pod_image.contract.outcomes import EndReason


async def release(bench: Workbench, run: Run, why: str = "It was released by hand.") -> Run:
    """Release the run's pod; returns the run as it ended. Silent when the pod is gone already.

    What the run delivered before is kept; what it had not yet delivered is lost. Raises ProviderError when
    the pod could not be ended: then it still costs money.
    """
    for intent in intents_of(bench).open():
        if intent.nonce == run.nonce:
            run = await settle_intent(bench, intent) or bench.runs.by_nonce(run.nonce) or run
    if run.state is RunState.ENDED:
        if run.pod_id:
            await bench.provider.release(run.pod_id)
        return run
    if not run.pod_id:
        raise InvalidRequest(f"Run {run.run_id} has no pod that is known.", hint="launcher reap")
    bench.runs.update(run, state=RunState.ENDING)
    await bench.provider.release(run.pod_id)
    run = bench.runs.by_nonce(run.nonce) or run
    if run.end_reason is not None:
        run, _ = await settle_gone(bench, run)
        return run
    return await close(bench, run, EndReason.ABORTED, why)
