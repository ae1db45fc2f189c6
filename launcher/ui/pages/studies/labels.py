"""What settings of a study are called."""

from __future__ import annotations

from pod_image.contract.settings import SETTINGS


def label_of(name: str) -> str:
    """What a setting is called in the form; its name where it is none of ours."""
    return SETTINGS[name].knob.label if name in SETTINGS else name
