"""Lines by which a command tells how far it is: a JSON object with `step`, and numbers beside it."""

from __future__ import annotations

import json
import math

from pod_image.contract.bodies import Step

_MOST = 2**53
_WHOLE = {"step", "total_steps", "epoch"}
_NAMED = ("step", "total_steps", "epoch", "steps_per_second", "seconds_left")


def step_in(line: str) -> Step | None:
    """The step in a line such as {"step": 10, "loss": 0.5}; None for any other line.

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
    for name in _WHOLE & named.keys():
        named[name] = int(named[name])  # many trainers tell the epoch as 2.5
    losses = {
        name: float(value)
        for name, value in document.items()
        if name not in _NAMED and _is_number(value)
    }
    return Step(**named, losses=losses)


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MOST


def _is_number(value: object) -> bool:
    """No bool, no NaN, nothing that a float cannot hold."""
    if isinstance(value, int):
        return not isinstance(value, bool) and abs(value) <= _MOST
    return isinstance(value, float) and math.isfinite(value)
