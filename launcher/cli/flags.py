"""The flags that most commands share, and how a command's Typer is made. Loads no settings."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from launcher.cli import offering
from launcher.cli.usage import CommandApp

JsonOption = Annotated[
    bool, typer.Option("--json", help="Print JSON, and nothing else, on stdout.")
]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Print only what you asked for.")]
RunArgument = Annotated[
    str,
    typer.Argument(
        metavar="RUN",
        help="A run, such as run-01. Default: the newest run.",
        autocompletion=offering.runs,
    ),
]
PresetOption = Annotated[
    str | None,
    typer.Option(
        "--preset",
        "-p",
        metavar="NAME",
        help="Preset to start from; see launcher presets list.",
        autocompletion=offering.presets,
    ),
]
FileOption = Annotated[
    Path | None,
    typer.Option(
        "--file", "-f", metavar="FILE", help="Run file: TOML with a preset and [settings]."
    ),
]
SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Any setting by name; repeatable."),
]
ForceOption = Annotated[
    list[str] | None,
    typer.Option("--force", metavar="CODE", help="Ignore this error in the dataset; repeatable."),
]
NotifyOption = Annotated[
    list[str] | None,
    typer.Option(
        "--notify",
        metavar="ADDRESS",
        help=(
            "Notify me there: desktop, ntfy://TOPIC, https://... or any Apprise address; repeatable. Store an "
            "address with a password or token instead: launcher keys set notify."
        ),
    ),
]
NoNotifyOption = Annotated[
    bool, typer.Option("--no-notify", help="Send no notifications, not even to stored addresses.")
]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


def command_app(**options: Any) -> typer.Typer:
    """A Typer for one command or one group of commands."""
    return CommandApp(
        add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False, **options
    )


def group_app(summary: str) -> typer.Typer:
    return command_app(help=summary, no_args_is_help=True)
