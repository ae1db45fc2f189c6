"""The strip on every page that says which GPUs are rented, and what they have cost so far."""

from __future__ import annotations

from nicegui import context, ui

from launcher.ui.state.rented_row import Rented, rented_now
from launcher.ui.state.site import Site
from launcher.ui.state.sweeps import Swept
from launcher.ui.widgets.elements import Text, attributes, box, button_link, icon


class RentedStrip:
    """Draws itself into the page and keeps itself up to date once a second."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._shown: list[tuple[str, bool]] = []
        self._text: dict[str, Text] = {}
        self._strip = box("section", "rented", aria_label="Rented now")
        self._strip.mark("rented")
        with self._strip:
            self._inner = box("div", "rented-inner")
        self._refresh()
        with context.client.content:
            ui.timer(1.0, self._refresh)

    def _refresh(self) -> None:
        rows = rented_now(self._site.live, self._site.clock.now())
        news = self._site.sweeps.news()
        shape = [(row.run.nonce, bool(row.problem)) for row in rows]
        shape += [(gone.pod_id, bool(gone.trouble)) for gone in news]
        if shape != self._shown:
            self._shown = shape
            self._draw(rows, news)
        for row in rows:
            self._text[row.run.nonce].text = row.text
        self._strip.set_visibility(bool(rows or news))

    def _draw(self, rows: list[Rented], news: list[Swept]) -> None:
        self._inner.clear()
        self._text = {}
        is_bad = any(row.problem for row in rows) or any(gone.trouble for gone in news)
        self._strip.classes(
            add="rented-bad" if is_bad else "", remove="" if is_bad else "rented-bad"
        )
        with self._inner:
            for gone in news:
                _draw_news(gone)
            for row in rows:
                with box("div", "rented-row rented-row-bad" if row.problem else "rented-row"):
                    icon("gpu")
                    words = Text("p", row.text, "rented-words")
                    self._text[row.run.nonce] = words
                    href = f"/runs/{row.run.nonce}"
                    opened = button_link("Open", href)
                    attributes(opened, aria_label=f"Open {row.run.run_id}")
                    ending = button_link("Cancel run", f"{href}?ask=remove")
                    ending.classes("btn-danger")
                    attributes(ending, aria_label=f"Cancel {row.run.run_id} and remove its GPU")


def _draw_news(gone: Swept) -> None:
    """A pod that a sweep has removed just now, or could not remove."""
    said = f"could not be removed: {gone.trouble}" if gone.trouble else f"was removed: {gone.why}"
    with box("div", "rented-row rented-row-bad" if gone.trouble else "rented-row"):
        icon("gpu")
        Text("p", f"A forgotten GPU, {gone.pod_name}, {said}", "rented-words")
        attributes(button_link("Details", "/keys"), aria_label="What was removed and why")
