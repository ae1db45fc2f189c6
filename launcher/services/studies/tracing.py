"""What became of a trial that lives by its line and that nobody follows here: after a crash, or begun elsewhere.

Its run is found by its id: in this computer's history and intents, among the pods of the account, in the results repo.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from launcher.domain.pod import PodName
from launcher.domain.run import Run, RunState
from launcher.domain.run_picture import RunPicture, picture_of
from launcher.domain.studies.address import StudyAddress
from launcher.domain.studies.study import Study, Trial
from launcher.errors import InvalidRequest, LauncherError
from launcher.services.common.intents import is_being_launched
from launcher.services.common.workbench import Workbench
from launcher.services.ending.reconcile import settle_order
from launcher.services.ending.refresh import close_unordered
from launcher.services.following.attached import delivered_events
from launcher.services.following.find_run import find_with_events
from pod_image.contract.settings import RunSettings

LEASE = timedelta(minutes=45)
"""So long after its claim a launch may still order a pod; then it gives up by itself."""
LEASE_MARGIN = timedelta(minutes=15)
_CERTAINLY_OVER = timedelta(minutes=10)
LOST = "Its launch was interrupted on another computer, and no pod of it was found."


@dataclass(frozen=True)
class Found:
    """`run` goes on, or is over with what it `told`."""

    run: Run
    told: RunPicture

    @property
    def is_over(self) -> bool:
        return self.run.state is RunState.ENDED


@dataclass(frozen=True)
class NeverBegun:
    """This computer claimed it and ordered nothing: the launch can begin now."""


@dataclass(frozen=True)
class Unknown:
    """Another computer may be launching it: left alone for now."""


@dataclass(frozen=True)
class Vanished:
    """No pod of it lives. What it has cost at most."""

    cost_usd: float


Trace = Found | NeverBegun | Unknown | Vanished


async def trace(
    bench: Workbench, address: StudyAddress, study: Study, trial: Trial, computer: str
) -> Trace:
    """Raises HubError, ProviderError or NotConfigured where it cannot be told now."""
    run = await _known_here(bench, address, trial)
    if run is not None:
        return await _told(bench, run)
    is_ours = trial.claim is not None and trial.claim.by == computer
    try:
        found = await find_with_events(bench, f"{address.repo}/{trial.run_id}")
    except InvalidRequest:
        return NeverBegun() if is_ours else await _without_trace(bench, study, trial)
    if found.run.state is not RunState.ENDED:
        return Found(found.run, picture_of(found.events))
    return await _told(bench, found.run)


async def _known_here(bench: Workbench, address: StudyAddress, trial: Trial) -> Run | None:
    """The newest attempt that this computer made itself, with a doubtful order settled; None where it made none."""
    attempts = [
        each for each in bench.runs.attempts(address.repo, trial.run_id) if not each.is_from_repo
    ]
    if not attempts:
        return None
    run = attempts[0]
    if run.pod_id or run.state is RunState.ENDED:
        return run
    if is_being_launched(bench, address.repo, trial.run_id):
        return run
    run = await settle_order(bench, run.nonce) or run
    return run if run.pod_id else await close_unordered(bench, run)


async def _told(bench: Workbench, run: Run) -> Found:
    if run.state is not RunState.ENDED or run.armed_at is None:
        return Found(run, RunPicture())
    return Found(run, picture_of(await delivered_events(bench, run)))


async def _without_trace(bench: Workbench, study: Study, trial: Trial) -> Trace:
    """Nothing tells of it here. Its money is let go of once no pod of it can live, and not before."""
    claim = trial.claim
    if claim is None:
        return Vanished(0.0)
    at_place = bench.at(claim.place)
    now = at_place.provider_now()
    if now < claim.at + LEASE + LEASE_MARGIN:
        return Unknown()
    if await _shows_no_pod(at_place, claim.account_id, trial):
        return Vanished(trial.boot_usd)  # and no order can have gone out since
    if now > claim.at + LEASE + _longest(study, trial) + _CERTAINLY_OVER:
        return Vanished(trial.reserved_usd)
    return Unknown()


async def _shows_no_pod(bench: Workbench, account_id: str, trial: Trial) -> bool:
    """Whether this key shows the account that was claimed for, and no pod of the trial in it."""
    if not account_id:
        return False
    try:
        if (await bench.provider.account()).account_id != account_id:
            return False
        pods = await bench.provider.pods()
    except LauncherError:
        return False
    names = (PodName.parse(pod.name) for pod in pods)
    return all(name is None or name.run_id != trial.run_id for name in names)


def _longest(study: Study, trial: Trial) -> timedelta:
    hours = {**study.asked.preset_values, **study.asked.given, **trial.params}.get("max_hours")
    usual = RunSettings.model_fields["max_hours"].default
    return timedelta(hours=float(hours if isinstance(hours, int | float) else usual))
