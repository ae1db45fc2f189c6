"""`launcher plan`: what a run would do and cost."""

from __future__ import annotations

from typing import Annotated

import typer

from launcher.cli.flags import JsonOption, QuietOption, command_app
from launcher.cli.options import Asked, asks_for_a_run

app = command_app()


@app.command()
@asks_for_a_run
def plan(
    asked: Asked,
    all_settings: Annotated[
        bool, typer.Option("--all", help="Show all settings, including defaults.")
    ] = False,
    curl: Annotated[
        bool, typer.Option("--curl", help="Print the requests as curl commands.")
    ] = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Show what a run would do and cost: dataset checked, GPU chosen, price known. Nothing is rented.

    Every setting of a run is an option here, as for deploy.
    """
    from launcher.api.desk import Desk
    from launcher.cli.documents.plan import plan_document
    from launcher.cli.notifying import with_addresses
    from launcher.cli.request import composed_from
    from launcher.cli.session import find_for, run, with_secrets
    from launcher.cli.shown_plan import plan_as_asked
    from launcher.cli.terminal.output import Output
    from launcher.cli.terminal.plan_view import curl_text, plan_text
    from launcher.services.planning.plan import raise_errors

    composed = composed_from(asked)
    keys = with_secrets(find_for(composed.settings), composed.settings, is_needed=False)
    keys = with_addresses(keys, asked.notify, is_off=asked.is_silent)
    made = run(keys, lambda bench: plan_as_asked(Desk.at(bench, keys), asked, composed))
    Output(as_json=as_json, quiet=quiet).answer(
        plan_document(made),
        lambda: curl_text(made) if curl else plan_text(made, everything=all_settings),
        quiet=f"{made.run_id} {made.offer.gpu_name} {made.worst_case_usd:.2f}",
    )
    raise_errors(made)
