"""The whole report of a check, in front of the dataset's page: nobody leaves the program for it, nor loses a key."""

from __future__ import annotations

from urllib.parse import quote

from launcher.ui.widgets.dialog import Dialog
from launcher.ui.widgets.elements import attributes, box, button, link

_AS_TALL_AS_IT_IS = """(e) => {
  e.target.style.height = e.target.contentDocument.documentElement.scrollHeight + 2 + 'px';
}"""
"""One scroll bar, that of the dialog."""


class WholeReport:
    """What the last check has made; asked for anew each time it is shown."""

    def __init__(self, name: str) -> None:
        self._address = f"/reports/{quote(name)}"
        self._shown = 0
        self._dialog = Dialog(f"Report on {name}", wide=True).mark("report-dialog")
        with self._dialog.body:
            self._page = box("iframe", "report-page", title=f"Report on {name}", tabindex="0")
            self._page.on("load", js_handler=_AS_TALL_AS_IT_IS)
        with self._dialog.actions:
            button("Close", self._dialog.hide)
            link("In a separate tab", self._address, "btn btn-quiet", new_tab=True)

    def show(self) -> None:
        self._dialog.show()
        self._shown += 1
        attributes(self._page, src=f"{self._address}?shown={self._shown}")
