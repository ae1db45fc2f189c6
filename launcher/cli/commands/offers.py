"""`launcher offers`: what can be rented now, at every place, and what this job would take and cost there."""

from __future__ import annotations

from typing import Annotated

import typer

from launcher.cli.flags import JsonOption, QuietOption, command_app
from launcher.cli.options import Asked, asks_for_settings

app = command_app()


@app.command()
@asks_for_settings
def offers(
    asked: Asked,
    wait_for_stock: Annotated[
        str,
        typer.Option(
            metavar="TIME", help="Wait up to this long for a GPU that fits, such as 2h or 30m."
        ),
    ] = "",
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """GPUs that can be rented now, with the expected time and cost of this job on each, cheapest first.

    This computer and every provider that you have a key for are asked, as with --provider all; --provider NAME asks
    one alone. The settings of a run are options here, the same as for plan. Time and cost are known from your own
    runs with the same settings, or from a dataset that you name. Nothing is rented.

    An older name of this command is `launcher gpus`.
    """
    from launcher.cli.asked_offers import show_offers
    from launcher.cli.terminal.output import Output

    show_offers(Output(as_json=as_json, quiet=quiet), asked, wait_for_stock)
