"""What one line, bar or row tells of a training, and the names under which people write it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

MOST = 2**53
"""The largest count that every reader of an event can hold."""
MOST_SCALARS = 64
LONGEST_NAME = 100
STEP_NAMES = (
    "step", "global_step", "current_steps", "current_step", "iteration", "iter", "update",
    "updates",
)  # fmt: skip
TOTAL_NAMES = ("total_steps", "max_steps", "total_iterations", "max_iterations")
EPOCH_NAMES = ("epoch", "current_epoch")
SPEED_NAMES = ("steps_per_second",)
LEFT_NAMES = ("seconds_left",)
UNTOLD = frozenset(
    {"timestamp", "time", "wall_time", "schema_version", "percentage", "elapsed", "elapsed_time"}
)
"""Numbers that say when or in what form, and nothing of the training."""


@dataclass(frozen=True)
class Reading:
    """Counts are from the start of the training; `scalars` are what becomes curves, by the trainer's own names."""

    step: float | None = None
    total: float | None = None
    epoch: float | None = None
    speed: float | None = None
    """Steps a second as the command itself says; only our own line is believed in that."""
    seconds_left: float | None = None
    scalars: Mapping[str, float] = field(default_factory=dict)


def number(value: object) -> float | None:
    """A finite number that an event can hold, or the same written as text; None for anything else, also for a bool."""
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    # A whole number of hundreds of digits is none that a float can hold: it is compared before it becomes one.
    is_bounded = abs(value) <= MOST
    return float(value) if is_bounded and math.isfinite(value) else None


def reading_of(row: Mapping[str, object]) -> Reading | None:
    """A row of named values. None when no number in it says anything.

    The first name of each kind that is there is the count; every other number is a scalar. Mappings inside are looked
    through once: trainers put their scalars into `metrics`.
    """
    numbers = dict(_numbers(row))
    step = _taken(numbers, STEP_NAMES)
    total = _taken(numbers, TOTAL_NAMES)
    epoch = _taken(numbers, EPOCH_NAMES)
    speed, left = _taken(numbers, SPEED_NAMES), _taken(numbers, LEFT_NAMES)
    if step is not None and step < 0:
        return None
    scalars = bounded(numbers)
    if step is None and epoch is None and not scalars:
        return None
    return Reading(step, total, epoch, speed, left, scalars)


def bounded(scalars: Mapping[str, float]) -> dict[str, float]:
    """No more scalars, and no longer names, than a line about a step may carry."""
    kept = {name: value for name, value in scalars.items() if len(name) <= LONGEST_NAME}
    return dict(list(kept.items())[:MOST_SCALARS])


def _numbers(row: Mapping[str, object]) -> list[tuple[str, float]]:
    found: list[tuple[str, float]] = []
    for name, value in row.items():
        if isinstance(value, Mapping):
            inner = ((str(key), number(each)) for key, each in value.items())
            found += [(key, each) for key, each in inner if each is not None and key not in UNTOLD]
        elif (each := number(value)) is not None and name not in UNTOLD:
            found.append((str(name), each))
    return found


def _taken(numbers: dict[str, float], names: tuple[str, ...]) -> float | None:
    """The value of the first of the names that is there; it is a count then, and no scalar."""
    for name in names:
        for written in (name, name.capitalize()):
            if written in numbers:
                return numbers.pop(written)
    return None
