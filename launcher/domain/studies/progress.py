"""How a study has come along: the best value after each trial, in the order of their numbers. Pure."""

from __future__ import annotations

from launcher.domain.studies.study import Study

Reached = tuple[int, float]
"""A trial's number, from 1, and a value."""


def values_reached(study: Study) -> list[Reached]:
    """Of each complete trial."""
    return [
        (trial.number + 1, trial.value)
        for trial in study.trials
        if trial.is_measured and trial.value is not None
    ]


def best_so_far(study: Study) -> list[Reached]:
    """The best of all complete trials up to each of them."""
    best: list[Reached] = []
    for number, value in values_reached(study):
        if best and not study.objective.is_better(value, best[-1][1]):
            value = best[-1][1]
        best.append((number, value))
    return best
