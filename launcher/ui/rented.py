"""The strip on every page that says which GPUs are rented, and what they have cost so far."""

from __future__ import annotations

from nicegui import context, ui

from launcher.ui.parts.elements import Text, attributes, box, button_link, icon
from launcher.ui.rented_row import Rented
from launcher.ui.site import Site


class RentedStrip:
    """Draws itself into the page and keeps itself up to date once a second."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._shown: list[tuple[str, bool]] = []
        self._words: dict[str, Text] = {}
        self._strip = box("section", "rented", aria_label="Rented now")
        self._strip.mark("rented")
        with self._strip:
            self._inner = box("div", "rented-inner")
        self._refresh()
        with context.client.content:
            ui.timer(1.0, self._refresh)

    def _refresh(self) -> None:
        rows = self._site.live.rented(self._site.clock.now())
        shape = [(row.run.nonce, bool(row.problem)) for row in rows]
        if shape != self._shown:
            self._shown = shape
            self._draw(rows)
        for row in rows:
            self._words[row.run.nonce].text = row.words
        self._strip.set_visibility(bool(rows))

    def _draw(self, rows: list[Rented]) -> None:
        self._inner.clear()
        self._words = {}
        self._strip.classes(
            add="rented-bad" if any(row.problem for row in rows) else "",
            remove="" if any(row.problem for row in rows) else "rented-bad",
        )
        with self._inner:
            for row in rows:
                with box("div", "rented-row rented-row-bad" if row.problem else "rented-row"):
                    icon("gpu")
                    words = Text("p", row.words, "rented-words")
                    self._words[row.run.nonce] = words
                    href = f"/runs/{row.run.nonce}"
                    opened = button_link("Open", href)
                    attributes(opened, aria_label=f"Open {row.run.run_id}")
                    ending = button_link("Stop and remove", f"{href}?ask=remove")
                    ending.classes("btn-danger")
                    attributes(ending, aria_label=f"Stop and remove the GPU of {row.run.run_id}")
