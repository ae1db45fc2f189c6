"""Runs beside each other: what each was, how far it came, what it cost, and which settings differ. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from launcher.domain.run import Run
from launcher.domain.run_picture import RunPicture
from launcher.domain.scores import BestScore, best_score
from launcher.recipes import recipe_of_run
from launcher.recipes.base import Shown
from pod_image.contract.curve import Curve
from pod_image.contract.older_settings import recorded_settings
from pod_image.contract.settings import SETTINGS

MOST_COMPARED = 20
"""Runs beside each other at once."""


class LastLoss(NamedTuple):
    """Where a curve ends, as it was measured: `name` as events have it."""

    name: str
    title: str
    value: float
    step: float

    @property
    def text(self) -> str:
        """Such as "0.42 at step 6,000"."""
        return f"{self.value:.4g} at step {self.step:,.0f}"


@dataclass(frozen=True)
class ComparedRun:
    """A run with what is known of it, and the name that tells it from the others."""

    run: Run
    picture: RunPicture
    name: str

    @property
    def steps(self) -> int | None:
        return self.picture.step.step if self.picture.step is not None else None

    @property
    def best(self) -> BestScore | None:
        return best_score(self.picture)

    @property
    def seconds(self) -> float | None:
        """None while it goes on."""
        return self.run.lasted_seconds()

    @property
    def how_it_ended(self) -> str:
        return self.run.end_sentence or self.run.state.value

    def last_loss(self, name: str, shown: Shown) -> LastLoss | None:
        """Of the curve that they are compared by; None where it has no such curve."""
        last = self.picture.scalars.get(name, Curve()).last
        return None if last is None else LastLoss(name, shown.curve_title(name), last[1], last[0])


class SettingRow(NamedTuple):
    """A setting's value in each of the runs; None where a run has none of that name."""

    name: str
    values: tuple[Any, ...]


def beside_each_other(runs: Sequence[Run], pictures: Iterable[RunPicture]) -> list[ComparedRun]:
    """In their order."""
    return [
        ComparedRun(run, picture, name)
        for run, picture, name in zip(runs, pictures, names_of(runs), strict=True)
    ]


def names_of(runs: Sequence[Run]) -> list[str]:
    """Their ids, and more where two have the same."""
    ids = Counter(run.run_id for run in runs)
    return [
        run.run_id
        if ids[run.run_id] == 1
        else f"{run.run_id} (try {run.attempt}, {run.results_repo})"
        for run in runs
    ]


def common_curve(compared: Sequence[ComparedRun]) -> tuple[str, Shown]:
    """The curve that most of them have, the one that people watch before others, and what it is called; no name
    where none of them has a curve."""
    shown = recipe_of_run(compared[0].run.settings_json).shown
    counts = Counter(name for one in compared for name in one.picture.scalars)
    most = max(counts.values(), default=0)
    return shown.first_curve([each for each, count in counts.items() if count == most]), shown


def differing(*runs: Run) -> list[SettingRow]:
    """Every setting that differs between any two of them."""
    return [row for row in _rows(runs) if any(value != row.values[0] for value in row.values[1:])]


def alike(*runs: Run) -> list[SettingRow]:
    """Every setting that all of them have, with the one value that it has."""
    rows = [row for row in _rows(runs) if all(value == row.values[0] for value in row.values[1:])]
    had = recorded_settings(runs[0].settings_json)
    return [SettingRow(row.name, row.values[:1]) for row in rows if row.name in had]


def _rows(runs: Sequence[Run]) -> list[SettingRow]:
    given = [recorded_settings(run.settings_json) for run in runs]
    return [SettingRow(name, tuple(values.get(name) for values in given)) for name in SETTINGS]
