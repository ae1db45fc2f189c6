"""A curve that stays small however long a run is: older detail is averaged away evenly. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, floor, log10
from typing import NamedTuple

Point = tuple[float, float]

LARGEST = 1e303
"""No loss any more; a scale can still be reckoned of it."""
_SMALLEST_RANGE = 1e-300

_RECENT = 64
"""Points that are added one by one; the older ones are copied once for so many, as a curve is never changed."""


class Curve(NamedTuple):
    """Points (step, value) in order; fewer than `2 * keep` are held. Each stands for `stride` points that came."""

    keep: int = 1000
    stride: int = 1
    older: tuple[Point, ...] = ()
    recent: tuple[Point, ...] = ()
    last: Point | None = None
    first_value: float | None = None
    waiting_sum: float = 0.0
    """Of those that came since the newest held point."""
    waiting: int = 0
    older_at: tuple[float, ...] = ()
    recent_at: tuple[float, ...] = ()
    last_at: float | None = None
    """When each of the points came, in Unix seconds; of a curve that is not told so, nothing."""

    @property
    def points(self) -> tuple[Point, ...]:
        return self.older + self.recent

    def with_point(self, step: float, value: float, at: float | None = None) -> Curve:
        """With one more. `at`, when it came, is given for all points of a curve or for none."""
        if not abs(value) <= LARGEST:
            return self  # a chart cannot show it; the pod warns in words of what is no number
        keep, stride, older, recent, _, first, total, waiting, older_at, recent_at, _ = self
        if first is None:
            first = value
        total, waiting = total + value, waiting + 1
        if waiting < stride:
            return Curve(
                keep, stride, older, recent, (step, value), first, total, waiting, older_at, recent_at, at
            )  # fmt: skip
        recent = (*recent, (step, total / waiting))
        if at is not None:
            recent_at = (*recent_at, at)
        if len(recent) >= _RECENT or len(older) + len(recent) >= 2 * keep:
            older, recent = older + recent, ()
            older_at, recent_at = older_at + recent_at, ()
        if len(older) >= 2 * keep:
            older, stride = _halved(older), 2 * stride
            older_at = older_at[1::2]  # as of the steps
        return Curve(
            keep, stride, older, recent, (step, value), first, 0.0, 0, older_at, recent_at, at
        )

    def shown(self) -> list[Point]:
        """The points to draw, the newest one among them."""
        newest = [self.last] if self.waiting and self.last else []
        return [*self.points, *newest]

    def shown_at(self) -> list[float]:
        """When each of `shown` came; nothing where nobody told."""
        newest = [self.last_at] if self.waiting and self.last_at is not None else []
        return [*self.older_at, *self.recent_at, *newest]


def _halved(points: tuple[Point, ...]) -> tuple[Point, ...]:
    # The step of the later one: a curve's end must not lie before what it stands for.
    pairs = zip(points[::2], points[1::2], strict=True)
    return tuple((later[0], (earlier[1] + later[1]) / 2) for earlier, later in pairs)


def scale_of(values: Sequence[float], ticks: int = 4) -> tuple[float, float, list[float]]:
    """The range to draw values in, and round numbers in it: about so many. Some values may be all the same."""
    low, high = min(values), max(values)
    if high - low <= max(abs(high) * 1e-9, _SMALLEST_RANGE):
        low, high = low - (abs(low) or 1.0) * 0.5, high + (abs(high) or 1.0) * 0.5
    rough = (high - low) / ticks
    size = 10.0 ** floor(log10(rough))
    gap = next((size * times for times in (1, 2, 5) if size * times >= rough), size * 10)
    return low, high, [number * gap for number in range(ceil(low / gap), floor(high / gap) + 1)]
