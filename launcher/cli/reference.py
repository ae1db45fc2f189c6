"""Every command as one page of Markdown: `python -m launcher.cli.reference`.

Made from the declarations, not from rendered help, so that it depends neither on a terminal nor on typer's layout.
"""

from __future__ import annotations

import importlib
import inspect
import sys
from typing import Any

import typer

from launcher.cli.command_list import COMMANDS
from launcher.cli.usage import argument_words
from pod_image.contract.settings import SETTINGS

_SETTINGS_LINE = (
    "Every setting of [settings.md](settings.md) is an option too, such as `--batch-size`."
)


def reference() -> str:
    """Each command, and each command of a group, with its words, arguments and options."""
    parts = []
    for entry in COMMANDS:
        if not entry.section:
            continue  # an older name of another one
        command = typer.main.get_command(importlib.import_module(entry.module).app)
        parts.append(_section(f"launcher {entry.name}", command))
        for name, child in getattr(command, "commands", {}).items():
            parts.append(_section(f"launcher {entry.name} {name}", child))
    return "\n".join(parts)


def _section(title: str, command: Any) -> str:
    parts = [f"## {title}", "", inspect.cleandoc(command.help or ""), ""]
    takes_settings = set(SETTINGS) <= {param.name for param in command.params}
    shown = [param for param in command.params if not getattr(param, "hidden", False)]
    own = [param for param in shown if not (takes_settings and param.name in SETTINGS)]
    if own:
        parts += ["| Option | What it does |", "| --- | --- |"]
        parts += [f"| {_name(param)} | {_help(param)} |" for param in own]
        parts.append("")
    if takes_settings:
        parts += [_SETTINGS_LINE, ""]
    return "\n".join(parts)


def _name(param: Any) -> str:
    if param.param_type_name == "argument":
        return f"`{_in_a_cell(argument_words(param))}`"
    names = " ".join(f"`{name}`" for name in (*param.opts, *param.secondary_opts))
    return f"{names} {_in_a_cell(param.metavar)}" if param.metavar else names


def _help(param: Any) -> str:
    text = _in_a_cell(" ".join((param.help or "").split()))
    default = getattr(param.default, "value", param.default)
    is_worth_saying = isinstance(default, str | int | float) and not isinstance(default, bool)
    return (
        f"{text} Default: {_in_a_cell(str(default))}."
        if is_worth_saying and default != ""
        else text
    )


def _in_a_cell(text: str) -> str:
    """A bar ends the cell of a table, in code too."""
    return text.replace("|", "\\|")


if __name__ == "__main__":
    sys.stdout.write(reference())
