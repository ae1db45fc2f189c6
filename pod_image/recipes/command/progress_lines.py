"""Lines by which a command tells how far it is: a JSON object with `step`, and numbers beside it."""

from __future__ import annotations

import json
import math
from typing import Any

_NAMED = ("step", "total_steps", "epoch", "steps_per_second", "seconds_left")


def step_in(line: str) -> dict[str, Any] | None:
    """The `step` event in a line such as {"step": 10, "loss": 0.5}; None for any other line.

    Known names keep their meaning; every other finite number is a loss of that name.
    """
    if not line.startswith("{"):
        return None
    try:
        document = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(document, dict) or not _is_count(document.get("step")):
        return None
    named = {name: document[name] for name in _NAMED if _is_number(document.get(name))}
    losses = {
        name: float(value)
        for name, value in document.items()
        if name not in _NAMED and _is_number(value)
    }
    return {"event": "step", **named, "losses": losses}


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
