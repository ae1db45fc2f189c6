"""Settings of earlier releases: what is called otherwise now, and what is none any more. The one place that knows.

Whoever renames a setting or takes one away gives it a line here: presets, run files and runs of the history go on.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

RENAMED: dict[str, str] = {}
"""What a setting was called, and what it is called now."""
RETIRED: dict[str, str] = {
    "compile": "training steps are now recorded as CUDA graphs, which need no compiler (graphs)",
}
"""A setting that is none any more, and what became of it: words that follow a colon."""


def todays_name(name: str) -> str:
    while name in RENAMED:
        name = RENAMED[name]
    return name


def under_todays_names(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values with nothing left out; where an old and a new name are both given, the new one counts."""
    old_first = sorted(values.items(), key=lambda item: item[0] not in RENAMED)
    return {todays_name(name): value for name, value in old_first}


def recorded_settings(settings_json: str) -> dict[str, Any]:
    """The settings of a run as the history has them, under today's names; what is none any more stands too.

    Raises ValueError for a text that holds no settings at all.
    """
    values = json.loads(settings_json)
    if not isinstance(values, dict):
        raise ValueError("settings are an object")
    return under_todays_names(values)
