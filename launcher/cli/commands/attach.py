"""`launcher attach`: take over a run that another computer began."""

from __future__ import annotations

from typing import Annotated

import typer

from launcher.cli import offering
from launcher.cli.documents.runs import attached_document
from launcher.cli.flags import JsonOption, QuietOption, command_app
from launcher.cli.session import find
from launcher.cli.session import run as at_bench
from launcher.cli.terminal.command_line import command_line
from launcher.cli.terminal.output import Output
from launcher.cli.terminal.runs_table import runs_table
from launcher.config import read_config
from launcher.domain.run import Run, RunState
from launcher.domain.run_address import RunAddress, run_address
from launcher.errors import InvalidRequest
from launcher.services.following.look_around import attach as take_over

app = command_app()


@app.command()
def attach(
    address: Annotated[
        str,
        typer.Argument(
            metavar="REPO[/RUN]",
            help="A results repo or one run in it, such as me/voice/run-01, or the address of its page.",
            autocompletion=offering.results_repos,
        ),
    ],
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Add the runs of a results repo to this computer: one, or all of them.

    A public repo needs no token. With the RunPod key you can follow and end a run as if it had started here.
    """
    named = _address(address)
    found = at_bench(find(), lambda bench: take_over(bench, named))
    Output(as_json=as_json, quiet=quiet).answer(
        attached_document(found),
        lambda: _text(found),
        quiet="\n".join(run.address for run in found),
    )


def _address(typed: str) -> RunAddress:
    named = run_address(typed, read_config().hub_url)
    if named is None:
        raise InvalidRequest(
            f"{typed!r} is not a results repo.",
            hint="Write OWNER/NAME, OWNER/NAME/RUN, or paste the address of its page.",
        )
    return named


def _text(found: list[Run]) -> str:
    return "\n".join([runs_table(found), "", _next_command(found[0])])


def _next_command(run: Run) -> str:
    if run.state is RunState.ENDED:
        return f"Its files: {command_line('results', run.address)}"
    return f"Follow it: {command_line('watch', run.address)}"
