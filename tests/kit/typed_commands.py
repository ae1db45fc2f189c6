"""Whether the command line takes what a text says to type."""

from __future__ import annotations

import shlex
from typing import Any

import typer

from launcher.cli.root import root


def check(typed: str) -> list[str]:
    """Have the command line read it; returns its words. Raises what typer raises for words that it does not take."""
    words = shlex.split(typed)
    assert words[0] == "launcher"
    group: Any = root()
    context = typer.Context(group, info_name="launcher")
    _, command, rest = group.resolve_command(context, words[1:])
    made: Any = command.make_context(words[1], list(rest), parent=context)
    below = [*getattr(made, "_protected_args", []), *made.args]
    if below and getattr(made.command, "commands", None):
        name, child, rest = made.command.resolve_command(made, below)
        child.make_context(name, list(rest), parent=made)
    return words
