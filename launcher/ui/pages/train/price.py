"""The price beside the settings: what a run would cost, how long it takes, and what stands in its way."""

from __future__ import annotations

from launcher.recipes import recipe_of
from launcher.services.common.places import place_of
from launcher.ui.next_steps import on_page
from launcher.ui.pages.train.pricing import Quote
from launcher.ui.text import per_hour
from launcher.ui.widgets.elements import Text, box, facts, heading, hint, say
from pod_image.contract.figures import about, dollars, roughly


class Price:
    """Draws itself where it is made; `show` brings it up to date and sends the figure first."""

    def __init__(self) -> None:
        heading(2, "Price")
        self._price = Text("p", "", "price").mark("price")
        self._text = box("div", "stack-small")

    @property
    def text(self) -> str:
        return str(self._price.text)

    def show(self, found: Quote) -> None:
        self._price.text = price_text(found)
        self._text.clear()
        with self._text:
            facts(_facts(found), "facts-list")
            if why := why_at_most(found):
                hint(why)
            _remarks(found)


def price_text(found: Quote) -> str:
    """The expected cost where there is an estimate, else the most it can be."""
    if found.estimate is None or found.offer is None:
        return f"at most {dollars(found.worst_case_usd)}"
    return about(min(found.estimate.cost_usd, found.worst_case_usd))


def why_at_most(found: Quote) -> str:
    """Why it can cost more than its hours on the GPU that is shown; empty where it cannot."""
    if found.offer is None or found.dearest_per_hour_usd <= found.offer.price_per_hour_usd:
        return ""
    dearest = per_hour(found.dearest_per_hour_usd)
    return (
        f"“At most” is on the most expensive GPU that is tried if the others are taken, {dearest}."
    )


def _facts(found: Quote) -> list[tuple[str, str]]:
    pairs = []
    if found.offer is not None:
        price = per_hour(found.offer.price_per_hour_usd)
        pairs.append(("GPU", f"{found.offer.gpu_name}, {price}"))
    if found.estimate is None:
        return [*pairs, ("Time", "at most " + roughly(found.hours_until_capped))]
    hours = min(found.estimate.hours, found.hours_until_capped)
    return [
        ("Time", "about " + roughly(hours)),
        *pairs,
        ("At most", dollars(found.worst_case_usd)),
    ]


def _remarks(found: Quote) -> None:
    if found.problem:
        say("warning", on_page(found.problem), on_page(found.hint))
    elif found.is_cut_short:
        say(
            "warning",
            "A limit ends this run before it is finished",
            "It then tries to deliver what it has.",
        )
    elif found.estimate is None:
        hint(_why_no_estimate(found))
    else:
        hint(f"Based on the {found.estimate.basis}.")


def _why_no_estimate(found: Quote) -> str:
    if found.offer is None:
        return f"An estimate needs the {place_of(found.settings).title} key."
    if recipe_of(found.settings).speech_wanted(found.settings) is not None:
        return "Choose a dataset to see an estimate."
    return "How long this takes is not known in advance. It ends at your limits at the latest."
