"""A bar that says what it is a bar of."""

from __future__ import annotations

from launcher.ui.widgets.elements import Text, attributes, box


class LabelledBar:
    """`show` sets its words and how full it is, 0 to 1."""

    def __init__(self, title: str) -> None:
        with box("div", "labelled-bar") as self._place:
            with box("div", "labelled-bar-words"):
                Text("span", title)
                self._words = Text("span", "", "figure")
            self._bar = box("progress", aria_label=title, max="100", value="0")

    def show(self, words: str, share: float) -> None:
        self._words.text = words
        value = f"{100 * min(1.0, max(0.0, share)):.1f}"
        if self._bar.props.get("value") != value:
            attributes(self._bar, value=value, aria_valuetext=words)

    def set_visibility(self, is_visible: bool) -> None:
        self._place.set_visibility(is_visible)
