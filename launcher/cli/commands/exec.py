"""`launcher exec`: one command beside a run, in its pod."""

from __future__ import annotations

from typing import Annotated

import typer

from launcher.cli import offering
from launcher.cli.beside import run_beside, show_done
from launcher.cli.flags import JsonOption, command_app
from launcher.cli.terminal.output import Output

app = command_app()


@app.command(name="exec")
def execute(
    run: Annotated[
        str, typer.Argument(metavar="RUN", help="Such as run-01.", autocompletion=offering.runs)
    ],
    command: Annotated[
        list[str], typer.Argument(metavar="-- COMMAND...", help="The command and its arguments.")
    ],
    as_json: JsonOption = False,
) -> None:
    """Run a command in the pod of a run, next to what runs there, and print what it printed.

    It gets 20 seconds, because RunPod ends such a call after 25, and no input. It starts in the run's work folder, as
    the user of the run's own programs. No key is in its environment, and secrets in its output are masked as in the
    log. There is no shell unless you name one: -- sh -c 'ls out | wc -l'. The exit code is the
    command's; 124 if it took too long. Hugging Face Jobs has no such call.
    """
    output = Output(as_json=as_json)
    raise typer.Exit(show_done(run_beside(run, command), command, output))
