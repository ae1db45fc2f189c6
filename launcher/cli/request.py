"""From what was typed to composed settings: preset, file, --set and options, in that order of strength."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

import typer

from launcher.api.asked import Asked as RunAsked
from launcher.api.asked import Read, read
from launcher.cli.options import Asked
from launcher.config import read_config
from launcher.domain.plan import Composed
from launcher.forms.values import parse_assignment
from pod_image.contract.knobs import Setting


def composed_from(asked: Asked) -> Composed:
    """The settings of the run. A required one that is missing is asked for where a person sits.

    Raises InvalidRequest or MissingSetting.
    """
    found = read_asked(asked)
    return found.composed(_answers(found.missing))


def read_asked(asked: Asked) -> Read:
    """What was typed, with preset and file read. Raises InvalidRequest."""
    return read(
        RunAsked(
            values=dict(parse_assignment(text) for text in asked.assignments),
            preset=asked.preset or "",
            file=asked.file,
            options=asked.values,
            command=asked.command,
        ),
        read_config(),
    )


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
