"""The bell of every page: what was told of runs since this program began, and the browser's own notices of it."""

from __future__ import annotations

import json

from nicegui import context, ui

from launcher.ui.state.site import Site
from launcher.ui.state.told_here import Entry
from launcher.ui.text import when
from launcher.ui.widgets.elements import Text, attributes, box, button, hint, icon, link, para

_ALLOWED = {
    "granted": "This browser shows them while a page of this program is open.",
    "denied": "This browser blocks notifications from this page. To allow them, click the icon in front of the "
    "address, choose to allow notifications, and reload the page.",
}
"""By the browser's word for it; launcher.js shows the one that fits."""
_ASK = "(e) => window.launcherBell.ask(e.currentTarget)"


class Bell:
    """Draws itself into the header and keeps itself up to date once a second. One click lets the browser tell, too."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._shown = self._seen = site.told.newest
        with box("details", "bell") as self._bell:
            self._summary = box("summary", "chip")
            with self._summary:
                icon("bell", 16)
                self._word = Text("span", "", "bell-word")
            with box("div", "bell-panel", role="region", aria_label="Notifications"):
                self._list = box("div", "stack-small").mark("bell-list")
                allow = button("Show them in this browser, too", symbol="bell", kind="quiet")
                allow.on("click", js_handler=_ASK)
                allow.classes("bell-ask")
                for allowed, words in _ALLOWED.items():
                    attributes(hint(words), data_allowed=allowed, hidden=True)
                hint(
                    "To be notified elsewhere, such as on a phone, enter an address on the Keys page."
                )
        self._bell.mark("bell")
        self._bell.on("toggle", self._opened, js_handler="(e) => emit(e.target.open)")
        self._draw()
        with context.client.content:
            ui.timer(1.0, self._refresh)

    def _opened(self) -> None:
        self._seen = self._site.told.newest
        self._draw()

    def _refresh(self) -> None:
        newest = self._site.told.newest
        if newest == self._shown:
            return
        fresh = self._site.told.since(self._shown)
        self._shown = newest
        self._draw()
        notices = [{"tag": each.id, "title": each.title, "body": each.text} for each in fresh]
        ui.run_javascript(f"window.launcherBell.tell({json.dumps(notices)})")

    def _draw(self) -> None:
        told = self._site.told
        unseen = len(told.since(self._seen))
        # Short, since the row of the header is full: its name says what is new.
        self._word.text = f"{unseen} new" if unseen else "Notifications"
        attributes(self._summary, aria_label=f"Notifications: {unseen} new" if unseen else None)
        self._bell.classes(add="bell-new" if unseen else "", remove="" if unseen else "bell-new")
        self._list.clear()
        with self._list:
            if not told.entries:
                para("No notifications since this program started.")
                return
            with box("ol", "bell-entries"):
                for each in told.entries:
                    self._draw_entry(each)

    def _draw_entry(self, entry: Entry) -> None:
        with box("li", "bell-entry bell-trouble" if entry.is_trouble else "bell-entry"):
            Text("strong", entry.title)
            Text("p", entry.text, "small")
            with box("div", "row small soft"):
                Text("span", when(entry.at, self._site.clock.now()))
                if entry.link:
                    results = link("Results", entry.link, new_tab=True)
                    attributes(results, aria_label=f"Results of “{entry.title}”")
