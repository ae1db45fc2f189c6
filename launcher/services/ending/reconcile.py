"""Settling what an earlier launch left open: a pod whose order was never answered, or that nobody waits for."""

from __future__ import annotations

from datetime import timedelta

from launcher.domain.plan import Plan
from launcher.domain.pod import Pod
from launcher.domain.run import Run, RunState
from launcher.errors import InvalidRequest, PodGone
from launcher.services.common.intents import Intent, intents_of
from launcher.services.common.pod_release import release_pod
from launcher.services.common.workbench import Workbench
from launcher.services.ending.settle import close, settle_gone
from launcher.stores.runs import RecordKind
from pod_image.contract.next_steps import NextStep, Sentence
from pod_image.contract.outcomes import EndReason

NEVER_BORN = "Its launch was interrupted, and no pod with its name appeared."


async def look_for(bench: Workbench, name: str) -> Pod | None:
    """The pod of that name, looked for over `reconcile_seconds`: lists lag, so one empty one proves nothing."""
    give_up_at = bench.clock.now() + timedelta(seconds=bench.config.reconcile_seconds)
    while True:
        pod = await bench.provider.find(name)
        if pod is not None or bench.clock.now() >= give_up_at:
            return pod
        await bench.clock.sleep(bench.config.poll_seconds)


async def settle_earlier(bench: Workbench, plan: Plan) -> Run | None:
    """See to it that no pod of this run is left from before; the caller holds the run's lock.

    Returns a run whose pod was rented with the very same settings and is still starting: it is to be adopted.
    Raises InvalidRequest when a pod of this run lives otherwise.
    """
    repo = plan.settings.results
    for intent in intents_of(bench).open():
        if (intent.run_id, intent.results_repo) == (plan.run_id, repo):
            await settle_intent(bench, intent)
    for run in bench.runs.attempts(repo, plan.run_id):
        if run.state.may_have_pod and run.pod_id and await _is_alive(bench.at(run.place), run):
            if run.state is RunState.LAUNCHING and _is_same(bench, run, plan):
                return run
            raise InvalidRequest(
                f"Run {run.run_id} of {repo} already has a pod: {run.pod_id}.",
                hint=Sentence(
                    NextStep.FOLLOW_RUN.of(run.run_id),
                    " follows it, ",
                    NextStep.STOP_RUN.of(run.run_id),
                    " ends it.",
                ),
            )
    return None


def _is_same(bench: Workbench, run: Run, plan: Plan) -> bool:
    """Also what the names of files stand for: a script that was changed meanwhile is another run."""
    kept = bench.runs.kept(run, RecordKind.BROUGHT) or {}
    brought = str(kept.get("sha256", ""))
    return run.settings_json == plan.settings_json and brought == plan.brought.sha256


async def settle_intent(bench: Workbench, intent: Intent) -> Run | None:
    """Find out what became of an order: its pod is owned by its run from then on, or there is none.

    Returns the run when there is a pod. The caller makes sure that nobody else is launching it.
    """
    bench = bench.at(intent.place)
    run = bench.runs.by_nonce(intent.nonce)
    if run is not None and (run.pod_id or run.state is RunState.ENDED):
        intents_of(bench).settle(intent.nonce)
        return run if run.pod_id else None
    pod = await look_for(bench, intent.pod_name)
    if pod is None:
        if run is not None:
            await close(bench, run, EndReason.BOOT_FAILED, NEVER_BORN)
        intents_of(bench).settle(intent.nonce)
        return None
    if not intent.given_up:
        # Without a history the reaper knows the pod by its nonce.
        return own(bench, run, pod) if run is not None else None
    # Until it is released the intent stays: it alone says that nobody waits for this pod.
    (await release_pod(bench, pod.id)).check()
    intents_of(bench).settle(intent.nonce)
    if run is not None:
        run = own(bench, run, pod)
        await close(bench, run, EndReason.BOOT_FAILED, "It appeared after its launch had given up.")
    return None


async def settle_order(bench: Workbench, nonce: str) -> Run | None:
    """The run of that nonce, once it is found out what became of an order of it that may be out; None where the
    history has none."""
    for intent in intents_of(bench).open():
        if intent.nonce == nonce:
            await settle_intent(bench, intent)
    return bench.runs.by_nonce(nonce)


def own(bench: Workbench, run: Run, pod: Pod) -> Run:
    """The pod is in the history from here on; the intent has done its work."""
    run = bench.runs.update(
        run,
        pod_id=pod.id,
        created_at=pod.created_at or bench.clock.now(),
        price_per_hour_usd=pod.whole_price(run.price_per_hour_usd),
    )
    if run.created_at is not None:
        bench.runs.mark(run, "created", run.created_at)
    intents_of(bench).settle(run.nonce)
    return run


async def _is_alive(bench: Workbench, run: Run) -> bool:
    """Whether the run's pod exists; when two readings say no, the run is closed."""
    for reading in range(2):
        try:
            await bench.provider.pod(run.pod_id)
            return True
        except PodGone:
            if reading == 0:
                await bench.clock.sleep(min(2.0, bench.config.poll_seconds))
    await settle_gone(bench, run)
    return False
