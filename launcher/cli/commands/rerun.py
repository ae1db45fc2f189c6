"""`launcher rerun`: the settings of an earlier run as a new one."""

from __future__ import annotations

from typing import Annotated

import typer

from launcher.cli.flags import (
    ForceOption,
    JsonOption,
    NoNotifyOption,
    NotifyOption,
    QuietOption,
    RunArgument,
    SetOption,
    YesOption,
    command_app,
)

app = command_app()


@app.command()
def rerun(
    run: RunArgument = "",
    assignments: SetOption = None,
    force: ForceOption = None,
    name: Annotated[
        str, typer.Option(metavar="TEXT", help="Name of the new run, as with deploy.")
    ] = "",
    tag: Annotated[
        list[str] | None, typer.Option(metavar="TAG", help="Tag for the run; repeatable.")
    ] = None,
    notify: NotifyOption = None,
    no_notify: NoNotifyOption = False,
    yes: YesOption = False,
    detach: Annotated[
        bool, typer.Option("--detach", "-d", help="Return once the pod can end itself.")
    ] = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Start a new run with the settings of an earlier one.

    It plans again, shows that plan, and asks before anything is rented, as deploy does. The new run gets a run ID of
    its own and starts from the beginning; `launcher deploy --resume` continues a run instead. --set changes settings.
    """
    from launcher.cli.deploying import deploy_and_follow
    from launcher.cli.options import Asked
    from launcher.cli.session import PLACE_ALONE, run_at
    from launcher.cli.terminal.output import Output
    from launcher.domain.labels import LabelName
    from launcher.domain.plan import Composed
    from launcher.forms.values import parse_assignment
    from launcher.services.common.workbench import Workbench
    from launcher.services.following.find_run import find_run
    from launcher.services.planning.again import settings_again

    async def composed(bench: Workbench) -> Composed:
        earlier = await find_run(bench, run)
        changes = dict(parse_assignment(text) for text in assignments or ())
        output.talk(f"With the settings of {earlier.run_id}.")
        return settings_again(bench.config, earlier).composed(changes)

    output = Output(as_json=as_json, quiet=quiet, streams=True)
    labels = {LabelName.NAME: name, LabelName.TAGS: ",".join(tag or ())}
    asked = Asked({}, forced=tuple(force or ()), notify=tuple(notify or ()), is_silent=no_notify)
    deploy_and_follow(
        asked,
        output,
        is_agreed=yes,
        detach=detach,
        labels=labels,
        composed=run_at(run, composed, PLACE_ALONE),
    )
