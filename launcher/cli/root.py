"""The group of all commands; a command's module is imported when that command runs, not before."""

from __future__ import annotations

import importlib
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from launcher.cli.command_list import COMMANDS, Entry, root_help


class _Deferred(TyperCommand):
    """Stands in the list of commands; imports the real one when it is its turn."""

    def __init__(self, entry: Entry) -> None:
        super().__init__(name=entry.name, help=entry.summary, short_help=entry.summary)
        self._module = entry.module

    def make_context(self, info_name: Any, args: Any, parent: Any = None, **extra: Any) -> Any:
        command = typer.main.get_command(importlib.import_module(self._module).app)
        return command.make_context(info_name, args, parent=parent, **extra)


class _Root(TyperGroup):
    def format_help(self, ctx: Any, formatter: Any) -> None:
        formatter.write(root_help() + "\n")


def root() -> TyperGroup:
    """Knows every command, and loads the module of the one that is asked for."""
    app = typer.Typer(
        cls=_Root, name="launcher", pretty_exceptions_enable=False, no_args_is_help=True
    )
    app.callback()(_nothing)
    group = typer.main.get_command(app)
    assert isinstance(group, TyperGroup)
    for entry in COMMANDS:
        group.add_command(_Deferred(entry))
    return group


def _nothing() -> None:
    """Rent a GPU for one training run, watch it, keep the result."""
