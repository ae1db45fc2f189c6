"""When a study begins no further trial, and why. Pure."""

from __future__ import annotations

from datetime import datetime

from launcher.domain.studies.search_space import grid_points
from launcher.domain.studies.study import (
    MOST_FAILED_IN_A_ROW,
    MOST_TRIALS,
    SamplerName,
    Study,
    Trial,
    TrialState,
)
from pod_image.contract.figures import counted, dollars


def why_over(study: Study, since: datetime | None = None) -> str:
    """Empty while further trials may be begun. What the money says is decided where a trial is begun.

    `since`: failures before that are past, and somebody tries again.
    """
    if study.stopped:
        return study.stopped
    asked = study.asked
    silent = next((trial for trial in study.trials if trial.told_instead), None)
    if silent is not None:
        return (
            f"{silent.run_id} told no {study.objective.name}, which is the objective. It reported "
            f"{', '.join(silent.told_instead)}."
        )
    failed = failed_in_a_row(study, since)
    if failed >= MOST_FAILED_IN_A_ROW:
        return f"The last {counted(failed, 'trial')} failed."
    if study.of(TrialState.WAITING):
        return ""  # they were begun before, or a person asked for exactly these
    begun = len(study.trials)
    if asked.most_trials is not None and begun >= asked.most_trials:
        return f"It has its {counted(asked.most_trials, 'trial')}."
    if begun >= MOST_TRIALS:
        return f"A study has {MOST_TRIALS:,} trials at most."
    stale = without_improvement(study)
    if asked.patience is not None and stale >= asked.patience:
        return f"The last {counted(stale, 'trial')} brought no improvement."
    if asked.sampler is SamplerName.GRID and begun_on_grid(study) >= grid_points(asked.space):
        return "Every combination of the grid has been tried."
    return ""


def most_more_usd(study: Study, why: str) -> float:
    """The most that running it on may still cost; `why`: that no further trial starts, where that is so."""
    left_usd = 0.0 if why else max(0.0, study.left_usd)
    return left_usd + study.reserved_usd


def spent_words(study: Study, needed_usd: float) -> str:
    """Why the budget is used up."""
    return (
        f"One more trial may cost {dollars(needed_usd)}; {dollars(max(0.0, study.left_usd))} of "
        f"{dollars(study.asked.budget_usd)} are left."
    )


def begun_on_grid(study: Study) -> int:
    """Trials that stand for a combination of the grid; those that a person typed come beside it."""
    return sum(not trial.is_typed for trial in study.trials)


def failed_in_a_row(study: Study, since: datetime | None = None) -> int:
    """Of the trials that ended last, as far as they ended since then."""
    count = 0
    for trial in _by_end(study, TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAILED):
        is_past = since and trial.ended_at and trial.ended_at < since
        if trial.state is not TrialState.FAILED or is_past:
            break
        count += 1
    return count


def without_improvement(study: Study) -> int:
    """Trials that ended since the best one did, complete or pruned."""
    best = study.best
    if best is None:
        return 0
    ended = [trial.number for trial in _by_end(study, TrialState.COMPLETE, TrialState.PRUNED)]
    return ended.index(best.number)


def _by_end(study: Study, *states: TrialState) -> list[Trial]:
    """The one that ended last first."""
    ended = [(trial.ended_at, trial.number, trial) for trial in study.of(*states) if trial.ended_at]
    return [trial for *_, trial in sorted(ended, key=lambda each: each[:2], reverse=True)]
