"""What `launcher offers` does, by this name and by its older one."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from launcher.cli.documents.plan import offers_document
from launcher.cli.options import Asked
from launcher.cli.request import read_asked
from launcher.cli.session import PLACE_ALONE, find, find_place, run
from launcher.cli.terminal.offers_view import offers_text
from launcher.cli.terminal.output import Output
from launcher.cli.terminal.typed_time import read_time
from launcher.errors import InvalidRequest, NothingAvailable
from launcher.forms.fields import form_field
from launcher.services.common.places import place_of
from launcher.services.common.workbench import Workbench
from launcher.services.planning.offers import OffersFound, look_for_offers
from launcher.services.planning.offers import wait_for_stock as wait
from pod_image.contract.settings import SETTINGS

EVERYWHERE = "all"
"""What --provider takes for every provider."""


def show_offers(
    output: Output, asked: Asked, wait_for_stock: str = "", *, here_too: bool = True
) -> None:
    """`here_too`: this computer is asked beside what can be rented. Raises NothingAvailable where no offer fits."""
    longest = read_time(wait_for_stock) if wait_for_stock else timedelta(0)
    named = asked.values.get("provider")
    choices = (EVERYWHERE, *form_field(SETTINGS["provider"]).choices)
    if named is not None and named not in choices:
        raise InvalidRequest(
            f"--provider must be one of {', '.join(choices)}; {named!r} was given."
        )
    is_at_all = named == EVERYWHERE
    if is_at_all:
        rest = dict(asked.values)
        del rest["provider"]
        asked = replace(asked, values=rest)
    read = read_asked(asked)
    settings, is_at_one = read.unchecked(), "provider" in read.given and not is_at_all

    async def look(bench: Workbench) -> OffersFound:
        places: list[str] = []  # all
        if is_at_one:
            places = [place_of(settings).name]
        elif not here_too and not is_at_all:
            places = _to_rent_at(bench)
        if longest:
            return await wait(bench, settings, places, longest)
        return await look_for_offers(bench, settings, places)

    keys = find_place(settings) if is_at_one else find(optional=PLACE_ALONE, everywhere=True)
    found = run(keys, look)
    output.answer(
        offers_document(found),
        lambda: offers_text(found),
        quiet="\n".join(f"{each.place.name} {each.offer.gpu_type}" for each in found.fitting),
    )
    if not (found.fitting if is_at_one else found.has_gpu) and not longest:
        raise NothingAvailable(
            "No GPU that fits is available now.",
            hint="Wait with --wait-for-stock 2h, or allow more GPU types or providers.",
        )


def _to_rent_at(bench: Workbench) -> list[str]:
    rented = [each.place.name for each in bench.everywhere() if each.place.is_rented]
    return rented or [bench.place.name]
