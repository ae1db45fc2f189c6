"""From what was typed to composed settings: preset, file, --set and options, in that order of strength."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import typer

from launcher.cli.options import Asked
from launcher.config import read_config
from launcher.domain.plan import Composed
from launcher.forms.local_names import anchored
from launcher.forms.run_file import RunFile, read_run_file
from launcher.forms.values import parse_assignment
from launcher.presets import Preset, find_preset
from launcher.services.planning.compose import compose, missing
from pod_image.contract.knobs import Setting
from pod_image.contract.settings import SETTINGS


def composed_from(asked: Asked) -> Composed:
    """The settings of the run. A required one that is missing is asked for where a person sits.

    Raises InvalidRequest or MissingSetting.
    """
    from_file = read_run_file(asked.file) if asked.file else RunFile()
    name = asked.preset or from_file.preset
    chosen = find_preset(read_config(), name) if name else None
    typed = {**dict(parse_assignment(text) for text in asked.assignments), **asked.values}
    in_file = _not_replaced(from_file.values, asked.values)
    if asked.file:
        in_file = anchored(in_file, asked.file.parent)
    given: dict[str, Any] = {**in_file, **anchored(typed, Path.cwd())}
    if asked.command:
        given[_setting_of_the_command(chosen, given)] = list(asked.command)
    given |= _answers(missing(compose(chosen, given, check_required=False).settings))
    return compose(chosen, given, notes=from_file.notes)


def _not_replaced(values: Mapping[str, Any], typed: Mapping[str, Any]) -> dict[str, Any]:
    """What a file says, without the further datasets of another choice: who types one types all."""
    replaced = {SETTINGS[name].knob.further for name in typed}
    return {name: value for name, value in values.items() if name not in replaced}


def _setting_of_the_command(chosen: Preset | None, given: Mapping[str, Any]) -> str:
    """Which setting takes the words after `--`: the one of the recipe that runs, as far as that is known here."""
    usual = {name: setting.default for name, setting in SETTINGS.items()}
    values = {**usual, **(chosen.values if chosen else {}), **given}
    takers = [setting for setting in SETTINGS.values() if setting.knob.is_command]
    return next((taker for taker in takers if taker.applies(values)), takers[0]).name


def _answers(absent: Sequence[Setting]) -> Mapping[str, Any]:
    """Answers for required settings; none without a terminal, so that the error names the flag."""
    if not sys.stdin.isatty():
        return {}
    answers: dict[str, Any] = {}
    for setting in absent:
        if setting.knob.is_command:
            continue  # words of a command are not split here: a shell does that better
        typer.echo(setting.help, err=True)
        answers[setting.name] = typer.prompt(setting.knob.label, err=True).strip()
    return answers
