"""Curves as they are drawn: smoothing, thinning. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from pod_image.contract.curve import Point


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
