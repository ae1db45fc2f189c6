"""Settings as a program or a command line gives them: preset, file, values, in that order of strength."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from launcher.config import Config
from launcher.domain.plan import Composed
from launcher.forms.local_names import anchored
from launcher.forms.run_file import RunFile, read_run_file
from launcher.presets import Preset, find_preset
from launcher.services.planning.compose import compose, missing
from pod_image.contract.knobs import Setting
from pod_image.contract.settings import SETTINGS, RunSettings


@dataclass(frozen=True)
class Asked:
    """A run as it was asked for. `values` are settings by their names; what was not given is not there.

    `options`: those of the values that were given one by one; of a setting that may be given again, all of them
    replace what the file says. `command`: the words of a program to run.
    """

    values: Mapping[str, Any] = field(default_factory=dict)
    preset: str = ""
    file: Path | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    command: Sequence[str] = ()


@dataclass(frozen=True)
class Read:
    """The same once preset and file were read: what is composed of it, now or with more answers."""

    preset: Preset | None
    given: Mapping[str, Any]
    notes: tuple[str, ...] = ()

    @property
    def missing(self) -> list[Setting]:
        """The required settings that nobody has given."""
        return missing(self.unchecked())

    def unchecked(self) -> RunSettings:
        """What the settings are so far, required ones that are missing left empty. Raises InvalidRequest."""
        return compose(self.preset, self.given, check_required=False).settings

    def composed(self, answers: Mapping[str, Any] | None = None) -> Composed:
        """Raises InvalidRequest or MissingSetting."""
        return compose(self.preset, {**self.given, **(answers or {})}, notes=self.notes)


def read(asked: Asked, config: Config) -> Read:
    """Raises InvalidRequest for a file or a preset that is not there, or cannot be read."""
    from_file = read_run_file(asked.file) if asked.file else RunFile()
    name = asked.preset or from_file.preset
    chosen = find_preset(config, name) if name else None
    in_file = _not_replaced(from_file.values, asked.options)
    if asked.file:
        in_file = anchored(in_file, asked.file.parent)
    named = {name: _plain(value) for name, value in {**asked.values, **asked.options}.items()}
    given: dict[str, Any] = {**in_file, **anchored(named, Path.cwd())}
    if asked.command:
        given[_setting_of_the_command(chosen, given)] = list(asked.command)
    return Read(chosen, given, from_file.notes)


def _plain(value: Any) -> Any:
    """A path as text: settings are what can be written down."""
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value


def _not_replaced(values: Mapping[str, Any], typed: Mapping[str, Any]) -> dict[str, Any]:
    """What a file says, without the further datasets of another choice: who types one types all."""
    replaced = {SETTINGS[name].knob.further for name in typed if name in SETTINGS}
    return {name: value for name, value in values.items() if name not in replaced}


def _setting_of_the_command(chosen: Preset | None, given: Mapping[str, Any]) -> str:
    """Which setting takes the words of a program: the one of the recipe that runs, as far as that is known here."""
    usual = {name: setting.default for name, setting in SETTINGS.items()}
    values = {**usual, **(chosen.values if chosen else {}), **given}
    takers = [setting for setting in SETTINGS.values() if setting.knob.is_command]
    return next((taker for taker in takers if taker.applies(values)), takers[0]).name
