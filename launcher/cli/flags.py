"""The flags that most commands share, and how a command's Typer is made. Loads no settings."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

JsonOption = Annotated[bool, typer.Option("--json", help="JSON on stdout and nothing else there.")]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Say only what was asked for.")]
RunArgument = Annotated[
    str, typer.Argument(metavar="[RUN]", help="Such as run-01; the newest run when left out.")
]
PresetOption = Annotated[
    str | None,
    typer.Option(
        "--preset",
        "-p",
        metavar="NAME",
        help="Named settings to start from: launcher presets list.",
    ),
]
FileOption = Annotated[
    Path | None,
    typer.Option("--file", "-f", metavar="FILE", help="TOML with a preset and [settings]."),
]
SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Any setting by name; may be repeated."),
]
ForceOption = Annotated[
    list[str] | None,
    typer.Option(
        "--force", metavar="CODE", help="Let this error of the dataset pass; may be repeated."
    ),
]
NotifyOption = Annotated[
    list[str] | None,
    typer.Option(
        "--notify",
        metavar="ADDRESS",
        help="Tell me there: desktop, ntfy://TOPIC, https://... or any address of Apprise; may be repeated. One with a "
        "password or a token is kept instead: launcher keys set notify.",
    ),
]
NoNotifyOption = Annotated[
    bool, typer.Option("--no-notify", help="Tell nobody, not at addresses that are kept either.")
]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


def command_app(**options: Any) -> typer.Typer:
    """A Typer for one command or one group of commands."""
    return typer.Typer(
        add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False, **options
    )


def group_app(summary: str) -> typer.Typer:
    return command_app(help=summary, no_args_is_help=True)
