"""The settings of an earlier run, for another one: its preset, and what was chosen beside it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from launcher.config import Config
from launcher.domain.plan import Composed
from launcher.domain.run import Run
from launcher.errors import InvalidRequest
from launcher.forms.fields import RECIPE
from launcher.presets import Preset, find_preset
from launcher.services.planning.compose import compose, compose_so_far, that_apply, usual_value
from pod_image.contract.older_settings import taken_over


@dataclass(frozen=True)
class Again:
    """`given`: the values that are not usual beside the preset; without the run id, which is for one run alone.

    `notes`: what this release calls otherwise, or does not take.
    """

    preset: Preset | None
    given: dict[str, Any]
    notes: tuple[str, ...] = ()

    def composed(self, changes: Mapping[str, Any]) -> Composed:
        """The settings with these changed. What no longer applies beside a change is left out; a change that does not
        apply itself is refused. Raises InvalidRequest or MissingSetting."""
        beside = self.preset.values if self.preset else {}
        applying = that_apply({**self.given, **changes}, beside=beside)
        return compose(self.preset, {**applying, **changes}, notes=self.notes)


def settings_again(config: Config, run: Run, more: Mapping[str, Any] | None = None) -> Again:
    """The settings of a run of the history, with `more` over them. Raises InvalidRequest for what no setting can be."""
    found = taken_over(json.loads(run.settings_json), of_another_release=True)
    given: dict[str, Any] = {**found.values}
    given.pop("run_id", None)
    notes = tuple(f"Run {run.run_id}: {note}" for note in found.notes)
    preset, given = _without_what_is_usual(config, run.preset, {**given, **(more or {})})
    return Again(preset, given, notes)


def _without_what_is_usual(
    config: Config, name: str, given: dict[str, Any]
) -> tuple[Preset | None, dict[str, Any]]:
    """The preset, where there still is one of that name, and what of the values it does not bring itself."""
    wanted = compose_so_far(None, given).settings
    preset = None
    with suppress(InvalidRequest):
        preset = find_preset(config, name) if name else None
    fewer = {one: value for one, value in given.items() if one == RECIPE}
    for one, value in given.items():
        if value != usual_value(preset, fewer, one):
            fewer[one] = value
    # What a value usually is may hang on another: where the rest does not come to the same, all of it stays.
    without_recipe = {one: value for one, value in fewer.items() if one != RECIPE}
    for enough in (without_recipe, fewer):
        with suppress(InvalidRequest):
            if compose_so_far(preset, enough).settings == wanted:
                return preset, enough
    return None, given
