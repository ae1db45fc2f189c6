"""What a run that is over means for its trial: its state, its value and what it has cost. Pure but for the history."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from launcher.domain.run import Run
from launcher.domain.run_picture import RunPicture
from launcher.domain.studies.objective import merged, points_of, told_names, value_of
from launcher.domain.studies.study import MOST_LAUNCHES, Study, Trial, TrialState
from launcher.services.common.workbench import Workbench
from launcher.services.launching.clean_up import INTERRUPTED
from pod_image.contract.outcomes import EndReason
from pod_image.contract.paths import ResultsFolder, safe_path
from pod_image.contract.plain import plain_line

_REACHED = (EndReason.FINISHED, EndReason.TIME_CAP, EndReason.COST_CAP)
"""Ends at which a run has all that it could have: every trial has the same caps."""


@dataclass(frozen=True)
class Outcome:
    state: TrialState
    cost_usd: float
    changes: dict[str, Any] = field(default_factory=dict)


def outcome_of(bench: Workbench, study: Study, trial: Trial, run: Run, told: RunPicture) -> Outcome:
    """Of a run that has ended. One that never came up is the place's doing: its trial waits to be launched again."""
    cost = cost_of(bench, trial, run)
    if _never_came_up(run):
        # A launch that found nothing to rent has cost nothing, and is tried as often as it takes.
        is_last = trial.launches >= MOST_LAUNCHES and bool(run.shown_pod_id)
        why = _sentence(run)
        if is_last:
            return Outcome(TrialState.FAILED, cost, {"reason": why, "ended_at": bench.clock.now()})
        return Outcome(TrialState.WAITING, cost, {"reason": why})
    name = study.objective.name
    value = value_of(told, name)
    changes: dict[str, Any] = {
        "value": value,
        "points": merged(trial.points, dict(points_of(told, name, study.asked.every_steps))),
        "step": _step(told, name),
        "sample": _sample(run, told),
        "reason": _sentence(run),
        "ended_at": run.ended_at or bench.clock.now(),
    }
    if run.end_reason in _REACHED and value is None:
        changes["reason"] = (
            f"It reported no {name}." if told.last_seq else "None of its results can be read."
        )
        if told.last_seq:
            changes["told_instead"] = tuple(told_names(told)[:20]) or ("nothing",)
    return Outcome(_state(run, value), cost, changes)


def cost_of(bench: Workbench, trial: Trial, run: Run) -> float:
    """What the trial's run has cost, every attempt of it. What nobody can tell counts as all that was set aside."""
    known = bench.runs.attempts(run.results_repo, run.run_id)
    attempts = [each for each in known if not each.is_from_repo] or [run]
    cost = math.fsum(_cost(each, trial) for each in attempts)
    unseen = run.attempt - len(attempts)
    return cost + (trial.boot_usd if unseen > 0 else 0.0)


def _cost(attempt: Run, trial: Trial) -> float:
    known = [each for each in (attempt.cost_usd, attempt.billed_usd) if each is not None]
    if known:
        return max(known)  # a bill lags, and may be of the first hour alone
    return trial.reserved_usd if attempt.shown_pod_id else 0.0


def _never_came_up(run: Run) -> bool:
    if run.armed_at is not None:
        return False
    is_cut_off = run.end_reason is EndReason.ABORTED and run.detail.startswith(INTERRUPTED)
    return run.end_reason is EndReason.BOOT_FAILED or is_cut_off


def _state(run: Run, value: float | None) -> TrialState:
    if run.end_reason is EndReason.STOPPED:
        return TrialState.PRUNED
    if run.end_reason in _REACHED and value is not None:
        return TrialState.COMPLETE
    return TrialState.FAILED


def _sentence(run: Run) -> str:
    reason = run.end_reason or EndReason.LOST
    detail = plain_line(run.detail) if run.detail != reason.sentence else ""
    return f"{reason.sentence} {detail}".strip()[:300]


def _step(told: RunPicture, name: str) -> int | None:
    if told.best is not None and name in told.best.scores:
        return told.best.step
    curve = told.scalars.get(name)
    return int(curve.last[0]) if curve is not None and curve.last is not None else None


def _sample(run: Run, told: RunPicture) -> str:
    made = [each.body.path for each in told.samples if each.body.kind == "sample"]
    path = safe_path(made[-1]) if made else None
    return ResultsFolder(run.run_id).path(path) if path else ""
