"""`launcher deploy`: show the plan, ask, rent, follow."""

from __future__ import annotations

from datetime import timedelta
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
            help="Launch exactly this plan, shown by launcher plan within the last hour.",
        ),
    ] = None,
    name: Annotated[
        str, typer.Option(metavar="TEXT", help="Name of the run; launcher label changes it.")
    ] = "",
    tag: Annotated[
        list[str] | None, typer.Option(metavar="TAG", help="Tag for the run; repeatable.")
    ] = None,
    wait_for_stock: Annotated[
        str,
        typer.Option(
            metavar="TIME",
            help="Wait this long for a GPU that fits, such as 2h or 30m; with --yes it is rented as soon as there is "
            "one.",
        ),
    ] = "",
    yes: YesOption = False,
    detach: Annotated[
        bool, typer.Option("--detach", "-d", help="Return once the pod can end itself.")
    ] = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Show the plan, ask, rent a GPU and follow the run to its end.

    The pod ends itself when the run is over or reaches a cap, even if this computer is off. Until the pod has
    shown that it can end itself, Ctrl-C releases it; after that, Ctrl-C only stops watching.

    With --json every event is one line: the plan, the launch, what the pod says. The last line is the run.
    """
    from launcher.cli.deploying import deploy_and_follow
    from launcher.cli.terminal.output import Output
    from launcher.cli.terminal.typed_time import read_time
    from launcher.domain.labels import LabelName

    output = Output(as_json=as_json, quiet=quiet, streams=True)
    labels = {LabelName.NAME: name, LabelName.TAGS: ",".join(tag or ())}
    deploy_and_follow(
        asked,
        output,
        is_agreed=yes,
        detach=detach,
        plan_hash=plan_hash,
        labels=labels,
        longest=read_time(wait_for_stock) if wait_for_stock else timedelta(0),
    )
