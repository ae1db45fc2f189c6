"""Two bars of a trainer whose words are known: one counts epochs, and in each of them one counts its steps."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pod_image.recipes.command.progress.bars import Bar
from pod_image.recipes.command.progress.reading import Reading, bounded


@dataclass(frozen=True)
class Behind:
    """What lies before that which the bars of a training count that went on; nothing where it began anew."""

    steps: int = 0
    epochs: int = 0


@dataclass(frozen=True)
class BarNames:
    """The descriptions of both bars."""

    epochs: str
    steps: str


class EpochBars:
    """Give it every bar in order; it answers with a reading where the training got on. Any other bar is none of its.

    When a training goes on, the outer bar counts what is left, and the inner one starts at the step of its epoch.
    """

    def __init__(self, names: BarNames, behind: Behind) -> None:
        self._names, self._behind = names, behind
        self._epochs = 0
        """Full ones."""
        self._all_epochs: float | None = None
        self._finished = 0.0
        """Steps of the epochs that are full."""
        self._done: float | None = None
        self._steps: float = 0.0
        """Of an epoch; the last one told."""

    def read(self, bar: Bar) -> Reading | None:
        if bar.description == self._names.epochs:
            self._all_epochs = bar.total
            self._end_epochs(int(bar.done) - self._epochs)
            # Before the first inner bar nobody knows how many steps that is.
            return self._reading({}) if self._steps else None
        if bar.description != self._names.steps or bar.total is None:
            return None
        if self._done is not None and bar.done < self._done:
            self._end_epochs(1)  # an epoch so short that the outer bar was not drawn for it
        self._done, self._steps = bar.done, bar.total
        return self._reading(bounded(bar.scalars))

    def _end_epochs(self, count: int) -> None:
        if count > 0:
            self._epochs += count
            self._finished += count * self._steps
            self._done = None

    def _reading(self, scalars: dict[str, float]) -> Reading:
        before = self._behind.steps + self._finished
        total = None
        if self._all_epochs is not None:
            total = before + max(self._all_epochs - self._epochs, 0) * self._steps
        return Reading(
            before + (self._done or 0.0), total, self._behind.epochs + self._epochs, scalars=scalars
        )


def behind_in(name: str, expression: str) -> Behind:
    """What a checkpoint's name tells of it by the groups `step`, `epoch` and `epoch_step`; nothing without them."""
    found = re.search(expression, name) if expression else None
    told = {group: int(value) for group, value in (found.groupdict() if found else {}).items()}
    return Behind(max(told.get("step", 0) - told.get("epoch_step", 0), 0), told.get("epoch", 0))
