"""What became of a pod that a program had ordered, or was about to, when it went away."""

from __future__ import annotations

from dataclasses import dataclass

from launcher.domain.pod import PodName
from launcher.domain.queued import Try
from launcher.domain.run import Run, RunState
from launcher.domain.run_address import RunAddress
from launcher.services.common.intents import is_being_launched
from launcher.services.common.workbench import Workbench
from launcher.services.ending.pod_runs import told_run
from launcher.services.ending.reconcile import look_for, settle_order
from launcher.services.ending.refresh import refreshed
from launcher.services.following.adopted import adopt, keep
from launcher.services.following.attached import read_run


@dataclass(frozen=True)
class Whereabouts:
    """`run` is None where nothing was ever rented, or nobody knows of anything any more."""

    run: Run | None = None
    was_ordered: bool = True
    """An order may have gone out."""
    is_settled: bool = True
    """Otherwise it cannot be told yet: it is looked at again."""


async def whereabouts(bench: Workbench, tried: Try) -> Whereabouts:
    """The run of that try as it is now. What lives is the history's from here on; nothing is ordered.

    Goes by the nonce, which was written down before the order went out: the intent, the history, the account's pods
    and the results repo are asked in turn, so that a lost history loses no pod. Raises LauncherError where that cannot
    be told.
    """
    bench = bench.at(tried.place)
    if is_being_launched(bench, tried.results_repo, tried.run_id):
        return Whereabouts(is_settled=False)
    if not tried.nonce:
        return Whereabouts(was_ordered=False)
    run = await settle_order(bench, tried.nonce) or await _without_history(bench, tried)
    if run is None:
        return Whereabouts()
    run, pod = await refreshed(bench, run)
    is_lost_sight_of = pod is None and not run.is_from_repo and run.state is not RunState.ENDED
    return Whereabouts(run, is_settled=not is_lost_sight_of)


async def _without_history(bench: Workbench, tried: Try) -> Run | None:
    pod = await look_for(bench, tried.pod_name)
    name = PodName.parse(pod.name) if pod is not None else None
    if pod is not None and name is not None and name.nonce == tried.nonce:
        return adopt(bench, told_run(bench, pod, name))
    record = await bench.results(tried.results_repo).record(tried.run_id)
    if record is None or record.nonce != tried.nonce:
        return None
    return keep(bench, await read_run(bench, RunAddress(tried.results_repo, tried.run_id)))
