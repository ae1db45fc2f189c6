"""Ending the money of a run at once, whatever it is doing."""

from __future__ import annotations

from contextlib import suppress

from launcher.domain.run import Run, RunState
from launcher.errors import HubError, InvalidRequest, LauncherError, NotConfigured, PodGone
from launcher.services.common.pod_release import release_pod
from launcher.services.common.uninterrupted import despite_cancel
from launcher.services.common.workbench import Workbench
from launcher.services.ending.account_of_run import is_certainly_over, is_of_this_account
from launcher.services.ending.reconcile import settle_order
from launcher.services.ending.settle import LastWord, close, delivered_word, settle_gone, write_down
from pod_image.contract.next_steps import NextStep, Sentence
from pod_image.contract.outcomes import EndReason


async def release(bench: Workbench, run: Run, why: str = "It was released by hand.") -> Run:
    """Release the run's pod; returns the run as it ended, which is not by this when it had ended before. Silent when
    the pod is gone already.

    What the run delivered before is kept; what it had not yet delivered is lost. Once it has begun, a
    cancellation does not cut it short. Raises ProviderError when the pod could not be ended: then it still
    costs money; PodGone when it may be another account's; InvalidRequest for a run that is known only from its
    results repo: what stands there ends no pod.
    """
    bench = bench.at(run.place)
    if run.is_from_repo:
        raise _not_provably_ours(bench, run)
    return await despite_cancel(_release(bench, run, why))


async def _release(bench: Workbench, run: Run, why: str) -> Run:
    run = bench.runs.by_nonce(run.nonce) or run
    if not run.pod_id:
        run = await settle_order(bench, run.nonce) or run
    if run.state is RunState.ENDED:
        if run.pod_id:
            (await release_pod(bench, run.pod_id)).check()
        return run
    if not run.pod_id:
        raise InvalidRequest(
            f"No pod of run {run.run_id} is known.", hint=Sentence(NextStep.LOOK_FOR_PODS)
        )
    was_there = await _is_there(bench, run)
    if not was_there and not await _is_ours(bench, run):
        run, _ = await settle_gone(
            bench, run
        )  # only its own word can end it: raises where there is none
        return run
    released = await release_pod(bench, run.pod_id)
    if released.trouble is not None:
        bench.runs.update(run, state=RunState.ENDING)
        raise released.trouble
    run = bench.runs.by_nonce(run.nonce) or run
    if not was_there:
        run, _ = await settle_gone(bench, run)
        return run
    return await _close_released(bench, run, why)


def _not_provably_ours(bench: Workbench, run: Run) -> InvalidRequest:
    if run.state is RunState.ENDED:
        return InvalidRequest(
            f"Run {run.run_id} of {run.results_repo} is over, and no pod of it is known.",
            hint=Sentence(NextStep.SHOW_RUN.of(run.address)),
        )
    return InvalidRequest(
        f"We could not prove that any pod of this {bench.place.title} account belongs to {run.run_id} of "
        f"{run.results_repo}.",
        hint=Sentence(
            NextStep.STOP_RUN.of(run.address),
            " leaves an instruction for it in its results repo. You can also use the console of its account: "
            f"{bench.place.console_address}.",
        ),
    )


async def _close_released(bench: Workbench, run: Run, why: str) -> Run:
    """The run may have ended by itself while nobody watched: then that is how it ended, and not by this."""
    if run.end_reason is not None:
        return await close(bench, run, run.end_reason, run.detail)
    word: LastWord | None = None
    with suppress(HubError, NotConfigured):
        word = await delivered_word(bench, run, in_a_hurry=True)
    if word is not None and word.reason is not EndReason.LOST:
        return await write_down(bench, run, word)
    return await close(bench, run, EndReason.ABORTED, why)


async def _is_there(bench: Workbench, run: Run) -> bool:
    """Whether there may be a pod: no answer, or one that is not understood, is no reason to leave one alone."""
    try:
        await bench.provider.pod(run.pod_id)
    except PodGone:
        return False
    except LauncherError:
        return True
    return True


async def _is_ours(bench: Workbench, run: Run) -> bool:
    """Whether a pod that is not found is one that this key could have shown: another account may go on paying
    for it, and it must not count as released."""
    return is_certainly_over(bench, run) or await is_of_this_account(bench, run)
