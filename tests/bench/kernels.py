"""What a GPU did while some steps were taken, by torch's profiler: how much of the time, in how many kernels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

LONGEST = 8


class KernelProfile:
    """Begins when it is made; `figures` ends it. On a CPU operations stand for kernels, to try it."""

    def __init__(self, device: str) -> None:
        from torch.profiler import ProfilerActivity, profile

        is_gpu = device == "cuda"
        self._profile = profile(
            activities=[ProfilerActivity.CUDA if is_gpu else ProfilerActivity.CPU]
        )
        self._kind = "CUDA" if is_gpu else "CPU"
        self._profile.start()

    def figures(self, seconds: float, steps: int) -> dict[str, Any]:
        """`seconds` is the wall time of the steps, with the device's work ended before and after."""
        self._profile.stop()
        found: Any = self._profile.profiler
        events = [
            (each.name(), each.start_ns(), each.duration_ns())
            for each in found.kineto_results.events()
            if each.device_type().name == self._kind and each.duration_ns() > 0
        ]
        spent: Counter[str] = Counter()
        for name, _, nanoseconds in events:
            spent[name] += nanoseconds
        whole = sum(spent.values()) or 1
        return {
            "busy": round(
                union_ns((start, start + lasted) for _, start, lasted in events) / seconds / 1e9, 3
            ),
            "kernels_per_step": round(len(events) / steps),
            "longest": {name[:60]: round(ns / whole, 3) for name, ns in spent.most_common(LONGEST)},
        }


def union_ns(intervals: Iterable[tuple[int, int]]) -> int:
    """How long at least one of them lasts: what overlaps counts once."""
    total, reached = 0, None
    for start, end in sorted(intervals):
        begin = start if reached is None else max(start, reached)
        total += max(0, end - begin)
        reached = end if reached is None else max(reached, end)
    return total
