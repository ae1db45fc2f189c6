"""A question in front of the page: the browser's own dialog, with its focus and Escape."""

from __future__ import annotations

from nicegui import ui

from launcher.ui.widgets.elements import Text, attributes, box


class Dialog(ui.element):
    """Fill `body` and `actions`; `show` opens it, `hide` closes it. Escape and the close event both hide."""

    def __init__(self, title: str, *, wide: bool = False) -> None:
        super().__init__("dialog")
        self.classes("dialog dialog-wide" if wide else "dialog")
        title_id = f"dialog-title-{self.id}"
        attributes(self, aria_labelledby=title_id)
        with self, box("div", "dialog-frame"):
            self.title = Text("h2", title)
            attributes(self.title, id=title_id)
            self.body = box("div", "dialog-body")
            self.actions = box("div", "dialog-actions row")

    def show(self) -> None:
        self.run_method("showModal")

    def hide(self) -> None:
        self.run_method("close")
