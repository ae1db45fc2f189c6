"""A curve in one line of text."""

from __future__ import annotations

import math
import sys
from typing import TextIO

_BLOCKS = " ▁▂▃▄▅▆▇█"


def sparkline(values: list[float], cells: int = 16, *, stream: TextIO | None = None) -> str:
    """The values as small bars, the newest on the right; each bar is the mean of its share of them.

    Empty where `stream`, standard error unless told, cannot show bars.
    """
    values = [value for value in values if math.isfinite(value)]
    if len(values) < 2 or not _can_draw(stream or sys.stderr):
        return ""
    size = max(1, -(-len(values) // cells))
    means = [
        sum(values[i : i + size]) / len(values[i : i + size]) for i in range(0, len(values), size)
    ]
    low, high = min(means), max(means)
    if high <= low:
        return _BLOCKS[4] * len(means)
    return "".join(_BLOCKS[1 + round((mean - low) / (high - low) * 7)] for mean in means)


def _can_draw(stream: TextIO) -> bool:
    return (getattr(stream, "encoding", "") or "").lower().replace("-", "") in ("utf8", "utf16")
