"""A study and its trials as they are kept, and the one place that decides what may be spent. Pure.

Money: what the trials have cost and the worst case of those that live never exceed the budget together, as every
trial is begun by `Study.claimed` alone, and a run never costs more than its caps allow.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from launcher.domain.studies.objective import Objective, Point
from launcher.domain.studies.search_space import Dimension, Value

MOST_TRIALS = 2_000
MOST_AT_A_TIME = 100
MOST_BUDGET_USD = 1e9
"""Beyond it a figure is a mistake of typing; a study that is read is held to the same."""
EVERY_STEPS = 100
"""How far apart the objective is compared, unless somebody says otherwise."""
MOST_LAUNCHES = 3
"""Of one trial, where the place had nothing or its launch was cut off."""
MOST_FAILED_IN_A_ROW = 3
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,24}")
_DUST_USD = 1e-9
"""Sums of cents are not exact."""


class SamplerName(StrEnum):
    TPE = "tpe"
    RANDOM = "random"
    GRID = "grid"


class PrunerName(StrEnum):
    MEDIAN = "median"
    HALVING = "halving"
    HYPERBAND = "hyperband"
    NONE = "none"


class TrialState(StrEnum):
    WAITING = "waiting"
    """Its values are known, nothing is rented for it."""
    LIVE = "live"
    """Money is set aside for it: it may have a pod."""
    COMPLETE = "complete"
    PRUNED = "pruned"
    """Stopped early; what it had made is delivered."""
    FAILED = "failed"

    @property
    def is_over(self) -> bool:
        return self not in (TrialState.WAITING, TrialState.LIVE)


@dataclass(frozen=True)
class Claim:
    """Who launches a trial: a computer by an id of its own, since when, in which account of which place."""

    by: str
    at: datetime
    place: str = ""
    account_id: str = ""


@dataclass(frozen=True)
class Trial:
    number: int
    params: Mapping[str, Value]
    state: TrialState = TrialState.WAITING
    is_typed: bool = False
    """Its values were given by a person, not by the sampler."""
    run_id: str = ""
    launches: int = 0
    claim: Claim | None = None
    reserved_usd: float = 0.0
    """What it may still cost at most, while it lives."""
    boot_usd: float = 0.0
    """The part of that for pods that never come up."""
    spent_usd: float = 0.0
    """What its runs have cost that are over."""
    value: float | None = None
    points: tuple[Point, ...] = ()
    step: int | None = None
    """Where the value was reached."""
    sample: str = ""
    """Path in the results repo of the newest sample."""
    reason: str = ""
    """Why it ended so, as a sentence."""
    ended_at: datetime | None = None
    told_instead: tuple[str, ...] = ()
    """What its run told, where it finished and never told the objective."""
    kept_by_sampler: Mapping[str, Any] = field(default_factory=dict)
    """What Optuna wrote down for itself."""

    @property
    def committed_usd(self) -> float:
        return self.spent_usd + (self.reserved_usd if self.state is TrialState.LIVE else 0.0)

    @property
    def is_measured(self) -> bool:
        return self.state is TrialState.COMPLETE and self.value is not None


@dataclass(frozen=True)
class Asked:
    """What a study is: chosen when it is created, and only ever added to."""

    name: str
    created_at: datetime
    preset: str
    preset_values: Mapping[str, Any]
    given: Mapping[str, Any]
    """Settings that all trials share, as they were typed."""
    space: tuple[Dimension, ...]
    objective: Objective
    budget_usd: float
    sampler: SamplerName = SamplerName.TPE
    pruner: PrunerName = PrunerName.MEDIAN
    every_steps: int = EVERY_STEPS
    """How far apart the objective is compared."""
    seed: int = 0
    at_most: int = 1
    most_trials: int | None = None
    patience: int | None = None
    """Trials in a row without a better one, after which it is over."""
    forced: tuple[str, ...] = ()


class OverBudget(Exception):
    """The trial cannot be begun now. `is_final`: it could not be begun if all that lives cost nothing more either."""

    def __init__(self, needed_usd: float, left_usd: float, *, is_final: bool) -> None:
        super().__init__(f"{needed_usd:.2f} of {left_usd:.2f} dollars")
        self.needed_usd, self.left_usd, self.is_final = needed_usd, left_usd, is_final


class TooManyLive(Exception):
    """As many trials live as may at a time."""


@dataclass(frozen=True)
class Study:
    """Everything that is known of a study at one commit of its results repo."""

    asked: Asked
    trials: tuple[Trial, ...] = ()
    stopped: str = ""
    """Why no trial is begun any more, where a person said so."""

    @property
    def name(self) -> str:
        return self.asked.name

    @property
    def objective(self) -> Objective:
        return self.asked.objective

    @property
    def live(self) -> tuple[Trial, ...]:
        return self.of(TrialState.LIVE)

    def of(self, *states: TrialState) -> tuple[Trial, ...]:
        return tuple(trial for trial in self.trials if trial.state in states)

    @property
    def spent_usd(self) -> float:
        return math.fsum(trial.spent_usd for trial in self.trials)

    @property
    def reserved_usd(self) -> float:
        """The worst case of what lives."""
        return math.fsum(trial.reserved_usd for trial in self.live)

    @property
    def left_usd(self) -> float:
        """What is neither spent nor set aside."""
        return self.asked.budget_usd - math.fsum(trial.committed_usd for trial in self.trials)

    @property
    def best(self) -> Trial | None:
        return next(iter(self.ranked), None)

    @property
    def ranked(self) -> list[Trial]:
        """Complete trials, the best first; of equals the earlier."""
        measured = [trial for trial in self.trials if trial.is_measured]
        sign = 1.0 if self.objective.direction.value == "minimize" else -1.0
        return sorted(measured, key=lambda trial: sign * (trial.value or 0.0))

    def claimed(self, trial: Trial, claim: Claim, worst_usd: float, boot_usd: float) -> Study:
        """With this trial begun: what it may cost is set aside from here on.

        The one way in which a trial comes to live. Raises OverBudget, TooManyLive; ValueError for a trial that is
        none of the study's next ones.
        """
        is_next = trial.number == len(self.trials)
        if not is_next and self.trials[trial.number].state is not TrialState.WAITING:
            raise ValueError(f"trial {trial.number} has started already")
        if len(self.live) >= self.asked.at_most:
            raise TooManyLive
        needed = worst_usd + boot_usd
        if not math.isfinite(needed) or needed < 0:
            raise ValueError("what a trial may cost is a number")
        if needed > self.left_usd + _DUST_USD:
            without_live = self.left_usd + self.reserved_usd
            raise OverBudget(needed, self.left_usd, is_final=needed > without_live + _DUST_USD)
        launches = trial.launches + 1
        begun = replace(
            trial,
            state=TrialState.LIVE,
            claim=claim,
            launches=launches,
            run_id=run_id_of(self.name, trial.number, launches),
            reserved_usd=needed,
            boot_usd=boot_usd,
        )
        return self.with_trial(begun)

    def settled(self, number: int, state: TrialState, cost_usd: float, **changes: Any) -> Study:
        """With this live trial over, or waiting again: what its run has cost counts, and no more is set aside."""
        trial = self.trials[number]
        if trial.state is not TrialState.LIVE:
            raise ValueError(f"trial {number} does not live")
        return self.with_trial(
            replace(
                trial,
                state=state,
                spent_usd=trial.spent_usd + cost_usd,
                reserved_usd=0.0,
                boot_usd=0.0,
                claim=None if state is TrialState.WAITING else trial.claim,
                **changes,
            )
        )

    def with_trial(self, trial: Trial) -> Study:
        trials = list(self.trials)
        trials[trial.number : trial.number + 1] = [trial]
        return replace(self, trials=tuple(trials))


def is_study_name(name: str) -> bool:
    """Whether it can name a study, its folder, and begin the ids of its runs."""
    return _NAME.fullmatch(name) is not None


def run_id_of(name: str, number: int, launches: int) -> str:
    """`calm-007`; a second launch of the same trial is another run."""
    again = f"-{launches}" if launches > 1 else ""
    return f"{name}-{number + 1:03}{again}"
