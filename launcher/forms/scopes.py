"""Settings by what they belong to: what a preset keeps of a run, and what another preset leaves as it was given."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pod_image.contract.knobs import Scope
from pod_image.contract.settings import SETTINGS


def is_of_presets(name: str) -> bool:
    """Whether another preset may take back what a person gave: names of runs, voices and repos stay."""
    return name in SETTINGS and SETTINGS[name].knob.scope is Scope.METHOD


def beside_any_preset(values: Mapping[str, Any]) -> dict[str, Any]:
    """What of these values stays when another preset is chosen."""
    return {name: value for name, value in values.items() if not is_of_presets(name)}


def belonging_to(name: str) -> list[str]:
    """The settings whose values are about that one's value, such as the revision of a dataset."""
    return [other for other, setting in SETTINGS.items() if setting.knob.belongs_to == name]


def kept_by_a_preset(values: Mapping[str, Any]) -> dict[str, Any]:
    """What a preset that is made of these values holds: what can be used again, not which run it was."""
    known = {name: value for name, value in values.items() if name in SETTINGS}
    return {n: value for n, value in known.items() if SETTINGS[n].knob.scope is not Scope.RUN}
