"""One pod for one run, at whichever place: before another is ordered, the places are asked whether it has one."""

from __future__ import annotations

from launcher.domain.plan import Plan
from launcher.domain.run import Run
from launcher.errors import InvalidRequest, LauncherError
from launcher.services.common.workbench import Workbench
from launcher.services.ending.pod_runs import proven_name, told_run
from launcher.services.following.adopted import adopt
from pod_image.contract.next_steps import NextStep, Sentence


async def refuse_living(bench: Workbench, plan: Plan) -> None:
    """Raises InvalidRequest where a pod of this very run lives that the history does not know: it was lost, or another
    computer has launched the run. A place that does not answer holds up no launch at another.
    """
    for at_place in bench.everywhere():
        run = await _living(at_place, plan)
        if run is not None:
            adopt(at_place, run)
            raise InvalidRequest(
                f"Run {run.run_id} of {run.results_repo} already has a pod, at {at_place.place.title}: {run.pod_id}.",
                hint=Sentence(
                    NextStep.FOLLOW_RUN.of(run.address),
                    " follows it, ",
                    NextStep.STOP_RUN.of(run.address),
                    " ends it.",
                ),
            )


async def _living(bench: Workbench, plan: Plan) -> Run | None:
    try:
        pods = await bench.provider.pods()
    except LauncherError:
        return None
    for pod in pods:
        name = proven_name(bench, pod)
        if name is None or name.run_id != plan.run_id or bench.runs.by_nonce(name.nonce):
            continue
        run = told_run(bench, pod, name)
        if run.results_repo == plan.settings.results:
            return run
    return None
