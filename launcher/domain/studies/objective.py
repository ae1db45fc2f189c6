"""What a study wants to be low or high: a loss or a score of its runs, by the name that their events have. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from launcher.domain.run_picture import RunPicture
from launcher.errors import InvalidRequest
from pod_image.contract.scores import KINDS, kind_of

Point = tuple[int, float]
"""A step, and the objective there."""
MOST_POINTS = 200


class Direction(StrEnum):
    MINIMIZE = "minimize"
    MAXIMIZE = "maximize"


@dataclass(frozen=True)
class Objective:
    name: str
    direction: Direction = Direction.MINIMIZE

    @property
    def title(self) -> str:
        return kind_of(self.name).title

    def text(self, value: float | None) -> str:
        return "" if value is None else kind_of(self.name).text(value)

    def column(self, values: Iterable[float | None]) -> list[str]:
        """Of values under each other: all with the same number of decimals."""
        return kind_of(self.name).column(values)

    def is_better(self, value: float, than: float) -> bool:
        return value < than if self.direction is Direction.MINIMIZE else value > than

    def best(self, values: Sequence[float]) -> float | None:
        if not values:
            return None
        return min(values) if self.direction is Direction.MINIMIZE else max(values)


def objective(name: str, direction: str = "") -> Objective:
    """What was asked for; losses and unknown scores are lowered unless somebody says otherwise.

    Raises InvalidRequest for a score where neither end is the better one and nobody says which.
    """
    name = name.strip()
    if not name or len(name) > 100 or any(letter.isspace() for letter in name):
        raise InvalidRequest(
            "The objective is the name of a loss or a score that the runs report.",
            hint=f"For example {next(iter(KINDS))}.",
        )
    if direction:
        return Objective(name, Direction(direction))
    if kind_of(name).is_lower_better is None:
        raise InvalidRequest(
            f"It is not known whether a low or a high {name} is better.",
            hint="Say which is wanted: minimize or maximize.",
        )
    return Objective(name)


def value_of(found: RunPicture, name: str) -> float | None:
    """What the run has reached: of a score what its best checkpoint has, since that one is delivered; of a loss the
    last value. None where it told no such thing.
    """
    if found.best is not None and name in found.best.scores:
        return found.best.scores[name]
    curve = found.scalars.get(name)
    return curve.last[1] if curve is not None and curve.last is not None else None


def points_of(found: RunPicture, name: str, every_steps: int) -> tuple[Point, ...]:
    """The objective by step, one point for each `every_steps`, so that runs which tell at other steps can be compared.

    A point is the first value that was told from its step on, so it does not change while the run goes on.
    """
    curve = found.scalars.get(name)
    points: dict[int, float] = {}
    for step, value in curve.shown() if curve is not None else ():
        points.setdefault(int(step) // every_steps * every_steps, value)
    return tuple(sorted(points.items())[:MOST_POINTS])


def told_names(found: RunPicture) -> list[str]:
    """What could be an objective, by what the run told."""
    return sorted(found.scalars)


def merged(kept: Sequence[Point], more: Mapping[int, float]) -> tuple[Point, ...]:
    """Points that were reported stay as they were; later ones are added."""
    return tuple(sorted({**more, **dict(kept)}.items())[:MOST_POINTS])
