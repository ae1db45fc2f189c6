"""Curves that stay small however long a run is: bounded points, smoothing, thinning. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

Point = tuple[float, float]


@dataclass
class Curve:
    """Points (step, value) in order; at most `2 * keep` are held, older detail is averaged away evenly.

    Each held point stands for `stride` points that came.
    """

    keep: int = 1000
    stride: int = 1
    points: list[Point] = field(default_factory=list)
    last: Point | None = None
    first_value: float | None = None
    _pending: list[Point] = field(default_factory=list)

    def add(self, step: float, value: float) -> None:
        if value != value or value in (float("inf"), float("-inf")):
            return  # a chart cannot show it; the pod warns of it in words
        self.last = (step, value)
        if self.first_value is None:
            self.first_value = value
        self._pending.append((step, value))
        if len(self._pending) < self.stride:
            return
        self.points.append(_mean(self._pending))
        self._pending.clear()
        if len(self.points) >= 2 * self.keep:
            self._halve()

    def shown(self) -> list[Point]:
        """The points to draw, the newest one among them."""
        newest = [self.last] if self._pending and self.last else []
        return [*self.points, *newest]

    def _halve(self) -> None:
        pairs = zip(self.points[::2], self.points[1::2], strict=True)
        self.points = [_mean(pair) for pair in pairs]
        self.stride *= 2


def smoothed(points: Sequence[Point], weight: float) -> list[Point]:
    """Exponential mean with the start corrected (as in Adam): 0 changes nothing, 0.99 is nearly flat."""
    if not 0.0 <= weight < 1.0:
        raise ValueError(f"a smoothing weight is from 0 up to 1, not {weight}")
    mean, correction, out = 0.0, 1.0, []
    for step, value in points:
        mean = weight * mean + (1.0 - weight) * value
        correction *= weight
        out.append((step, mean / (1.0 - correction)))
    return out


def thinned(points: Sequence[Point], limit: int) -> list[Point]:
    """At most `limit` points: the highest and the lowest of each stretch, so that spikes stay visible."""
    if len(points) <= limit:
        return list(points)
    buckets = max(1, limit // 2)
    out: list[Point] = []
    for number in range(buckets):
        stretch = points[number * len(points) // buckets : (number + 1) * len(points) // buckets]
        low = min(stretch, key=lambda point: point[1])
        high = max(stretch, key=lambda point: point[1])
        out.extend(sorted({low, high}))
    return out


def _mean(points: Sequence[Point]) -> Point:
    # The step of the last one: a curve's end must not lie before what it stands for.
    return points[-1][0], sum(value for _, value in points) / len(points)
