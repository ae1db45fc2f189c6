"""Every command with its options, and how a text names one."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from typing import Any

import typer

from launcher.cli.command_list import COMMANDS

HINTED_COMMAND = re.compile(r"(?<![\w-])launcher ([a-z][a-z-]*)(?: ([a-z][a-z-]*))?")
HINTED_OPTION = re.compile(r"(?<![\w-])--([a-z][a-z-]+)")


def commands() -> Iterator[tuple[str, Any]]:
    """Every command by its words, those of groups included."""
    for entry in COMMANDS:
        command = typer.main.get_command(importlib.import_module(entry.module).app)
        yield entry.name, command
        for name, child in getattr(command, "commands", {}).items():
            yield f"{entry.name} {name}", child


EVERY = dict(commands())
