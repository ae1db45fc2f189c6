"""Which run is meant, also where the history is lost or never knew it: then a pod of the account says whose it is."""

from __future__ import annotations

from launcher.domain.pod import Pod
from launcher.domain.run import Run
from launcher.errors import InvalidRequest, LauncherError, NotConfigured
from launcher.services.common.workbench import Workbench
from launcher.services.ending.pod_runs import proven_name, told_run
from pod_image.contract.next_steps import NextStep, Sentence


async def find_run(bench: Workbench, key: str) -> Run:
    """The run of that id, of that pod, or the newest; what a pod alone tells of is in the history from here on.

    Raises InvalidRequest when there is none, or when it cannot be told which.
    """
    try:
        return bench.runs.chosen(key)
    except (InvalidRequest, NotConfigured) as exc:
        missing: LauncherError = exc
    if _is_known(bench, key):
        raise missing  # more than one repo has it
    found = await _of_pods(bench, key)
    if not found and bench.runs.trouble:
        raise InvalidRequest(
            f"{bench.place.title} shows no pod of {key or 'ours'}, and the history that might know more cannot be "
            "read.",
            hint=Sentence(
                NextStep.LOOK_FOR_PODS,
                f" looks through the account; so does {bench.place.console_address}.",
            ),
        ) from missing
    if not found:
        raise missing
    # A history that can be read knows the newest run: the only pod there is may be another computer's.
    if len(found) > 1 or not (key or bench.runs.trouble or isinstance(missing, NotConfigured)):
        names = ", ".join(f"{run.pod_id} ({run.key})" for run in found)
        raise InvalidRequest(
            "Which run is meant cannot be told from the history.", hint=f"Name one of: {names}"
        )
    bench.runs.add(found[0])
    return found[0]


def _is_known(bench: Workbench, key: str) -> bool:
    try:
        return any(run.run_id == key.partition("@")[0] for run in bench.runs.runs())
    except NotConfigured:
        return False


async def _of_pods(bench: Workbench, key: str) -> list[Run]:
    """Runs of the account's pods that are provably ours and that may be meant. Raises nothing for a list that
    cannot be had: then the history's own answer stands."""
    try:
        pods = await bench.provider.pods()
    except LauncherError:
        return []
    return [run for pod in pods if (run := _told(bench, pod)) is not None and _is_meant(run, key)]


def _told(bench: Workbench, pod: Pod) -> Run | None:
    name = proven_name(bench, pod)
    return None if name is None or bench.runs.by_nonce(name.nonce) else told_run(bench, pod, name)


def _is_meant(run: Run, key: str) -> bool:
    return key in ("", run.run_id, run.key, run.pod_id)
