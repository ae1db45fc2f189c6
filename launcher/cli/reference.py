"""The help of every command as one page of Markdown: `python -m launcher.cli.reference`."""

from __future__ import annotations

import importlib
import os
import sys
from typing import Any

import typer

from launcher.cli.table import COMMANDS

_COLUMNS = "88"


def reference() -> str:
    """Each command, and each command of a group, with its own help text."""
    parts = []
    for entry in COMMANDS:
        command = typer.main.get_command(importlib.import_module(entry.module).app)
        context = command.make_context(f"launcher {entry.name}", ["--help"], resilient_parsing=True)
        parts.append(_section(f"launcher {entry.name}", context))
        for name, child in getattr(command, "commands", {}).items():
            child_context = child.make_context(
                f"launcher {entry.name} {name}", ["--help"], resilient_parsing=True
            )
            parts.append(_section(f"launcher {entry.name} {name}", child_context))
    return "\n".join(parts)


def _section(title: str, context: Any) -> str:
    return f"## {title}\n\n```text\n{context.get_help().strip()}\n```\n"


if __name__ == "__main__":
    os.environ["COLUMNS"] = _COLUMNS  # the page must not depend on the terminal it was made in
    os.environ["LINES"] = "40"
    sys.stdout.write(reference())
