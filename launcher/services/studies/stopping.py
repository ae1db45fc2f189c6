"""Ending a study: no trial is begun any more, on any computer, and what lives is told to finish and deliver."""

from __future__ import annotations

from dataclasses import dataclass, replace

from launcher.domain.run import RunState
from launcher.domain.studies.address import StudyAddress
from launcher.domain.studies.study import Study, Trial
from launcher.errors import InvalidRequest, LauncherError
from launcher.services.common.workbench import Workbench
from launcher.services.following.find_run import find_run
from launcher.services.following.instructions import new_instruction, send
from launcher.services.studies.keeping import change_study, known_studies
from pod_image.contract.instructions import InstructionName
from pod_image.contract.next_steps import Said

STOPPED = "It was stopped by hand."


@dataclass(frozen=True)
class ToldToStop:
    """A trial that lives. `trouble`: why it could not be told, where it could not; its caps end it all the same."""

    trial: Trial
    trouble: Said = ""


@dataclass(frozen=True)
class StoppedStudy:
    study: Study
    told: tuple[ToldToStop, ...]


async def stop_study(bench: Workbench, address: StudyAddress) -> StoppedStudy:
    """Write down that it is stopped, then tell each run that lives; whoever runs the study sees it too.

    Raises HubError or NotConfigured where it cannot be written down: nothing was told then.
    """
    study = await change_study(
        bench,
        address,
        lambda now: replace(now, stopped=now.stopped or STOPPED),
        f"Study {address.name} is stopped",
    )
    known_studies(bench).remember(address)
    told = []
    for trial in study.live:
        one = await _stopped(bench, address, trial)
        if one is not None:
            told.append(one)
    return StoppedStudy(study, tuple(told))


async def _stopped(bench: Workbench, address: StudyAddress, trial: Trial) -> ToldToStop | None:
    """None for a trial whose run is over, and only not written down yet."""
    try:
        run = await find_run(bench, f"{address.repo}/{trial.run_id}")
        if run.state is RunState.ENDED:
            return None
        await send(bench, run, new_instruction(InstructionName.STOP))
    except InvalidRequest:
        return ToldToStop(trial, "It has no pod yet; the program that launches it stops it.")
    except LauncherError as error:
        return ToldToStop(trial, error.message)
    return ToldToStop(trial)
