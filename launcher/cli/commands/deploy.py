"""`launcher deploy`: show the plan, ask, rent, follow."""

from __future__ import annotations

from typing import Annotated

import typer

from launcher.cli.flags import JsonOption, QuietOption, YesOption, command_app
from launcher.cli.options import Asked, asks_for_a_run

app = command_app()


@app.command()
@asks_for_a_run
def deploy(
    asked: Asked,
    plan_hash: Annotated[
        str | None,
        typer.Option(
            "--plan",
            metavar="HASH",
            help="Launch exactly this plan, as launcher plan showed it within the last hour.",
        ),
    ] = None,
    name: Annotated[
        str, typer.Option(metavar="TEXT", help="What to call the run: launcher label changes it.")
    ] = "",
    tag: Annotated[
        list[str] | None, typer.Option(metavar="TAG", help="A tag for it; may be repeated.")
    ] = None,
    yes: YesOption = False,
    detach: Annotated[
        bool, typer.Option("--detach", "-d", help="Return as soon as the pod needs nobody.")
    ] = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Show the plan, ask, rent a GPU, and follow the run to its end.

    The pod ends itself when the run is over, at the caps, and when this computer is gone. Ctrl-C before it
    has proved that it can releases it; after that, Ctrl-C only stops watching.

    With --json each thing that happens is one line: the plan, the launch, what the pod says; the last is the run.
    """
    from launcher.cli.deploying import deploy_and_follow
    from launcher.cli.terminal.output import Output
    from launcher.domain.labels import LabelName

    output = Output(as_json=as_json, quiet=quiet, streams=True)
    labels = {LabelName.NAME: name, LabelName.TAGS: ",".join(tag or ())}
    deploy_and_follow(
        asked, output, is_agreed=yes, detach=detach, plan_hash=plan_hash, labels=labels
    )
