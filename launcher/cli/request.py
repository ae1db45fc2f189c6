"""From what was typed to composed settings: preset, file, --set and options, in that order of strength."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import typer

from launcher.cli.options import Typed
from launcher.config import read_config
from launcher.domain.plan import Composed
from launcher.forms.run_file import RunFile, read_run_file
from launcher.forms.values import parse_assignment
from launcher.presets import find_preset
from launcher.services.compose import compose, missing
from pod_image.contract.knobs import Setting


def composed_from(
    preset: str | None,
    file: Path | None,
    assignments: Sequence[str] | None,
    typed: Typed,
    command: Sequence[str] = (),
) -> Composed:
    """The settings of the run. A required one that is missing is asked for where a person sits.

    `command` are the words after `--`: what the recipe `command` runs. Raises InvalidRequest or MissingSetting.
    """
    from_file = read_run_file(file) if file else RunFile()
    name = preset or from_file.preset
    chosen = find_preset(read_config(), name) if name else None
    given: dict[str, Any] = {
        **from_file.values,
        **dict(parse_assignment(text) for text in assignments or ()),
        **typed.values,
    }
    if command:
        given["argv"] = list(command)
    given |= _asked(missing(compose(chosen, given, check_required=False).settings))
    return compose(chosen, given)


def _asked(absent: Sequence[Setting]) -> Mapping[str, Any]:
    """Answers for required settings; none without a terminal, so that the error names the flag."""
    if not sys.stdin.isatty():
        return {}
    answers: dict[str, Any] = {}
    for setting in absent:
        if setting.name == "argv":
            continue  # words of a command are not split here: a shell does that better
        typer.echo(setting.help, err=True)
        answers[setting.name] = typer.prompt(setting.knob.label, err=True).strip()
    return answers
