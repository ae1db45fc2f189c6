"""Which run is meant, also where the history is lost or never knew it: then a pod of the account says whose it is,
and a results repo what became of it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from launcher.domain.run import Run, RunState
from launcher.domain.run_address import RunAddress, run_address
from launcher.errors import HubError, InvalidRequest, LauncherError, NotConfigured
from launcher.services.common.workbench import Workbench
from launcher.services.following.adopted import (
    adopt,
    keep,
    known_attempts,
    runs_of_pods_if_any,
)
from launcher.services.following.attached import read_run
from pod_image.contract.events import Event
from pod_image.contract.next_steps import NextStep, Sentence


@dataclass(frozen=True)
class FoundRun:
    """`events`: what this very attempt has delivered of them by now, where the look for it had to read that; nothing
    is known of them where there are none."""

    run: Run
    events: tuple[Event, ...] = ()


async def find_run(bench: Workbench, key: str) -> Run:
    """The run of that id, of that pod, at that address (`me/voice/run-01`), or the newest; what a pod or a repo alone
    tells of is in the history from here on.

    Raises InvalidRequest when there is none, or when it cannot be told which; HubError or NotConfigured when only
    its repo could tell, and cannot be read.
    """
    return (await find_with_events(bench, key)).run


async def find_with_events(bench: Workbench, key: str) -> FoundRun:
    """The same, for whoever wants to know next what the run has told."""
    address = run_address(key, bench.config.hub_url)
    if address is not None:
        return await _at_address(bench, address)
    try:
        known = bench.runs.chosen(key)
    except (InvalidRequest, NotConfigured) as exc:
        return FoundRun(await _of_account(bench, key, exc))
    return await _as_now(bench, known)


async def _as_now(bench: Workbench, known: Run) -> FoundRun:
    """A run of the history; one that was known from its repo alone is looked at again until it is over and read."""
    if not known.is_from_repo or (known.state is RunState.ENDED and known.last_seq):
        return FoundRun(known)
    address = RunAddress(known.results_repo, known.run_id)
    try:
        return await _at_address(bench, address)
    except (HubError, NotConfigured):
        return FoundRun(known)


async def _at_address(bench: Workbench, address: RunAddress) -> FoundRun:
    """A live run of this account is its pod's; everything else is what the repo tells, or the history where that
    knows better, or where the repo cannot be read."""
    if address.revision:
        return FoundRun(keep(bench, await read_run(bench, address)))  # and not as it is now
    known = known_attempts(bench, address.repo, address.run_id) if address.run_id else []
    own = next((run for run in known if not run.is_from_repo), None)
    if own is not None and own.state is not RunState.ENDED:
        return FoundRun(own)
    of_pods = [run for run in await runs_of_pods_if_any(bench) if _is_at(run, address)]
    if of_pods:
        return FoundRun(adopt(bench, max(of_pods, key=lambda run: run.planned_at)))
    try:
        # Whoever has an answer at hand does not wait long for a better one.
        hub = bench.hub.in_a_hurry() if known else bench.hub
        attached = await read_run(replace(bench, hub=hub), address)
    except LauncherError:
        if known:
            return FoundRun(known[0])
        raise
    if own is not None and not attached.run.attempt_nonce:
        return FoundRun(own)
    # What the history knows better of this attempt is kept there.
    return FoundRun(keep(bench, attached), attached.events)


async def _of_account(bench: Workbench, key: str, missing: LauncherError) -> Run:
    """A run that the history does not have, by its pod. Raises what is missing where no pod tells."""
    if _is_known(bench, key):
        raise missing  # more than one repo has it
    found = [run for run in await runs_of_pods_if_any(bench) if _is_meant(run, key)]
    if not found:
        raise _without_trace(bench, key, missing) from missing
    # A history that can be read knows the newest run: the only pod there is may be another computer's.
    if len(found) > 1 or not (key or bench.runs.trouble or isinstance(missing, NotConfigured)):
        raise InvalidRequest(
            "It is not clear from the history which run you mean.",
            hint=f"Choose one of: {_names(found)}",
        )
    return adopt(bench, found[0])


def _names(found: list[Run]) -> str:
    """As they are typed next: by their pods where two of them have one address."""
    addresses = sorted({run.address for run in found})
    is_clear = len(addresses) == len(found)
    return ", ".join(addresses if is_clear else [run.pod_id for run in found])


def _without_trace(bench: Workbench, key: str, missing: LauncherError) -> LauncherError:
    if bench.runs.trouble:
        return InvalidRequest(
            f"{bench.place.title} shows no pod of {key or 'this program'}, and the history cannot be read.",
            hint=Sentence(
                NextStep.LOOK_FOR_PODS,
                f" checks the account, or use {bench.place.console_address}.",
            ),
        )
    if isinstance(missing, InvalidRequest) and key:
        missing.hint = Sentence(
            missing.hint, " Give a run from another computer with its results repo, like ",
            NextStep.SHOW_RUN.of(f"OWNER/NAME/{key}"), ".",
        )  # fmt: skip
    return missing


def _is_known(bench: Workbench, key: str) -> bool:
    try:
        return any(run.run_id == key for run in bench.runs.runs())
    except NotConfigured:
        return False


def _is_meant(run: Run, key: str) -> bool:
    return key in ("", run.run_id, run.pod_id)


def _is_at(run: Run, address: RunAddress) -> bool:
    return run.results_repo == address.repo and address.run_id in ("", run.run_id)
