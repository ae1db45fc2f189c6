"""Lines by which a command tells how far it is: a JSON object with `step`, and numbers beside it."""

from __future__ import annotations

import json

from pod_image.recipes.command.progress.reading import MOST, Reading, reading_of


def reading_in(line: str) -> Reading | None:
    """The step in a line such as {"step": 10, "loss": 0.5}; None for any other line.

    Known names keep their meaning; every other finite number is a loss of that name.
    """
    row = json_row(line)
    if row is None or not _is_count(row.get("step")):
        return None
    # Text that looks like a number is text here: this line is ours to define.
    return reading_of({name: value for name, value in row.items() if not isinstance(value, str)})


def json_row(line: str) -> dict[str, object] | None:
    """The JSON object that a line is, whatever stands in it. Never raises."""
    if not line.startswith("{"):
        return None
    try:
        document = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MOST
