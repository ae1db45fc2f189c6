"""What a run that is over means for its trial, and what it has cost."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from launcher.domain.run import Run
from launcher.domain.run_picture import RunPicture, picture_of
from launcher.domain.studies.study import MOST_LAUNCHES, Trial, TrialState
from launcher.services.launching.clean_up import INTERRUPTED
from launcher.services.studies.outcomes import Outcome, cost_of, outcome_of
from pod_image.contract.outcomes import EndReason
from tests.kit.runs import ended_run, event
from tests.kit.studies import study_of
from tests.kit.virtual_time import in_virtual_time
from tests.services.harness import LauncherHarness

TOLD = picture_of([event("step", 1, step=300, losses={"loss": 2.5})])
NO_POD = {"pod_id": "", "armed_at": None, "created_at": None}


def trial(**changes: Any) -> Trial:
    values: dict[str, Any] = {
        "params": {},
        "state": TrialState.LIVE,
        "run_id": "run-01",
        "launches": 1,
        "reserved_usd": 3.0,
        "boot_usd": 0.5,
        **changes,
    }
    return Trial(0, **values)


def outcome(
    harness: LauncherHarness, run: Run, told: RunPicture = TOLD, launches: int = 1
) -> Outcome:
    return outcome_of(harness.bench, study_of(), trial(launches=launches), run, told)


@pytest.mark.parametrize(
    ("reason", "state"),
    [
        (EndReason.FINISHED, TrialState.COMPLETE),
        (EndReason.TIME_CAP, TrialState.COMPLETE),
        (EndReason.COST_CAP, TrialState.COMPLETE),
        (EndReason.STOPPED, TrialState.PRUNED),
        (EndReason.GPU_IDLE, TrialState.FAILED),
        (EndReason.STALLED, TrialState.FAILED),
        (EndReason.TRAINER_DIED, TrialState.FAILED),
        (EndReason.FAILED, TrialState.FAILED),
        (EndReason.LOST, TrialState.FAILED),
        (EndReason.ABORTED, TrialState.FAILED),
        (EndReason.BOOT_FAILED, TrialState.FAILED),
    ],
)
def test_every_end_has_a_state(tmp_path: Path, reason: EndReason, state: TrialState) -> None:
    @in_virtual_time
    async def looked() -> None:
        found = outcome(LauncherHarness(tmp_path), ended_run(end_reason=reason, cost_usd=1.0))
        assert (found.state, found.cost_usd) == (state, 1.0)
        assert (found.changes["value"], found.changes["step"]) == (2.5, 300)

    looked()


@in_virtual_time
async def test_what_never_came_up_waits_and_is_given_up_once_pods_were_paid(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    boot = ended_run(end_reason=EndReason.BOOT_FAILED, armed_at=None, cost_usd=0.1)
    assert outcome(harness, boot).state is TrialState.WAITING
    assert outcome(harness, boot, launches=MOST_LAUNCHES).state is TrialState.FAILED
    nothing_to_rent = ended_run(end_reason=EndReason.BOOT_FAILED, **NO_POD)
    found = outcome(harness, nothing_to_rent, launches=MOST_LAUNCHES + 9)
    assert (found.state, found.cost_usd) == (TrialState.WAITING, 0.0)
    cut_off = ended_run(end_reason=EndReason.ABORTED, detail=INTERRUPTED, **NO_POD)
    assert outcome(harness, cut_off).state is TrialState.WAITING
    by_hand = ended_run(end_reason=EndReason.ABORTED, detail="It was aborted by hand.", **NO_POD)
    assert outcome(harness, by_hand).state is TrialState.FAILED


@in_virtual_time
async def test_a_run_that_told_other_things_is_told_from_one_that_cannot_be_read(
    tmp_path: Path,
) -> None:
    harness = LauncherHarness(tmp_path)
    other = picture_of([event("step", 1, step=1, losses={"kl": 1.0})])
    assert outcome(harness, ended_run(), other).changes["told_instead"] == ("kl",)
    unread = outcome(harness, ended_run(), RunPicture())
    assert unread.state is TrialState.FAILED
    assert "told_instead" not in unread.changes


@pytest.mark.promise("money-study")
@in_virtual_time
async def test_what_nobody_can_tell_of_counts_as_all_that_was_set_aside(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    assert cost_of(harness.bench, trial(), ended_run(cost_usd=None)) == 3.0
    assert cost_of(harness.bench, trial(), ended_run(cost_usd=0.4, billed_usd=0.1)) == 0.4
    assert cost_of(harness.bench, trial(), ended_run(cost_usd=0.4, billed_usd=0.6)) == 0.6
    elsewhere = ended_run(cost_usd=0.4, attempt=2)  # the first attempt was another computer's
    assert cost_of(harness.bench, trial(), elsewhere) == pytest.approx(0.9)
