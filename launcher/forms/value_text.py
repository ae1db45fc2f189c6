"""A setting and its value as a person reads them."""

from __future__ import annotations

from typing import Any

from pod_image.contract.figures import plain_number, with_unit
from pod_image.contract.settings import SETTINGS


def label_of(name: str) -> str:
    """What a setting is called in the form; its name where it is none of ours."""
    return SETTINGS[name].knob.label if name in SETTINGS else name


def value_text(name: str, value: Any) -> str:
    """A value as a person reads it, with its unit."""
    unit = SETTINGS[name].knob.unit if name in SETTINGS else ""
    if isinstance(value, list):
        return ", ".join(str(one) for one in value) or "–"
    words = plain_number(value) if isinstance(value, float) else str(value)
    return with_unit(value, unit, words) or "–"
