"""Curves as they are drawn: smoothing, thinning, and what of them a browser does not have yet. Pure."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import NamedTuple

from pod_image.contract.curve import Curve, Point


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
    """At most `limit` points: the highest and the lowest of each stretch, so that spikes stay visible; and the last,
    since a curve ends where its figure says.
    """
    if len(points) <= limit:
        return list(points)
    buckets = max(1, (limit - 1) // 2)
    out: list[Point] = []
    for number in range(buckets):
        stretch = points[number * len(points) // buckets : (number + 1) * len(points) // buckets]
        low = min(stretch, key=lambda point: point[1])
        high = max(stretch, key=lambda point: point[1])
        out.extend(sorted({low, high}))
    if out[-1] != points[-1]:
        del out[max(1, limit - 1) :]
        out.append(points[-1])
    return out


class Plotted(NamedTuple):
    """A point as a browser draws it: by its step, or by when it came, in Unix seconds."""

    step: float
    at: float
    value: float


def plotted(curve: Curve) -> list[Plotted]:
    """The points of a curve of steps; of one that was not told when they came, that is the step."""
    points, at = curve.shown(), curve.shown_at()
    if len(at) != len(points):
        at = [step for step, _ in points]
    return [
        Plotted(step, round(when, 1), _short(value))
        for (step, value), when in zip(points, at, strict=True)
    ]


def plotted_over_time(curve: Curve) -> list[Plotted]:
    """The points of a curve whose steps are Unix seconds."""
    return [Plotted(at, round(at, 1), _short(value)) for at, value in curve.shown()]


class Moments:
    """When the steps of a curve came, also where it began again from a checkpoint: the last time counts."""

    def __init__(self, curve: Curve) -> None:
        self._steps = [step for step, _ in curve.shown()]
        self._at = curve.shown_at()
        falls = [n for n in range(1, len(self._steps)) if self._steps[n] < self._steps[n - 1]]
        self._laps = [*zip([0, *falls], [*falls, len(self._steps)], strict=True)][::-1]

    def of(self, step: float) -> float | None:
        """Unix seconds; None after the end of the curve."""
        if not self._at or len(self._at) != len(self._steps):
            return None
        for first, end in self._laps:
            if self._steps[first] <= step:
                place = bisect_left(self._steps, step, first, end)
                if place < end:
                    return self._at[place]
                return self._at[place] if end < len(self._steps) else None
        return self._at[0]


def _short(value: float) -> float:
    # More digits than a picture has pixels are a third of the message.
    return float(f"{value:.6g}")


class Increments:
    """What a browser has of each line, so that it is sent what is new alone."""

    def __init__(self) -> None:
        self._sent: dict[str, Sequence[Plotted]] = {}

    def of(self, key: str, points: Sequence[Plotted]) -> tuple[int, list[Plotted]] | None:
        """From which place on the line is another, and what stands there from now on; None where nothing is new."""
        known = self._sent.get(key, ())
        pairs = enumerate(zip(known, points, strict=False))
        start = next((n for n, (old, new) in pairs if old != new), min(len(known), len(points)))
        if start == len(known) == len(points):
            return None
        self._sent[key] = list(points)
        return start, list(points[start:])
