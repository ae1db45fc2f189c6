"""`launcher offers`: what can be rented now, at every place, and what this job would take and cost there."""

from __future__ import annotations

from typing import Annotated

import typer

from launcher.cli.flags import JsonOption, QuietOption, command_app
from launcher.cli.options import Asked, asks_for_settings

app = command_app()
"""What --provider takes for every place."""


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
    """
    from launcher.cli.asked_offers import show_offers
    from launcher.cli.terminal.output import Output

    longest = read_time(wait_for_stock) if wait_for_stock else timedelta(0)
    is_at_all = asked.values.get("provider") == EVERYWHERE
    if is_at_all:
        rest = {name: value for name, value in asked.values.items() if name != "provider"}
        asked = replace(asked, values=rest)
    read = read_asked(asked)
    settings, is_at_one = read.unchecked(), "provider" in read.given and not is_at_all
    places = [place_of(settings).name] if is_at_one else []
    found = run(
        find_place(settings) if is_at_one else find(optional=PLACE_ALONE, everywhere=True),
        lambda bench: (
            wait(bench, settings, places, longest)
            if longest
            else look_for_offers(bench, settings, places)
        ),
    )
    Output(as_json=as_json, quiet=quiet).answer(
        offers_document(found),
        lambda: offers_text(found),
        quiet="\n".join(f"{each.place.name} {each.offer.gpu_type}" for each in found.fitting),
    )
    if not found.fitting and not longest:
        raise NothingAvailable(
            "No GPU that fits is available now.",
            hint="Wait with --wait-for-stock 2h, or allow more GPU types or providers.",
        )
