"""Thousands of rows of which those in view are on the page: what every such list of ours shares."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from nicegui import events, ui

_MOST_AT_ONCE = 500


class LongList(ui.element, dependencies=["long_list.js"]):
    """`rows(start, count)` gives those that come into view. A list of its own draws them: see `long_list.js`."""

    def __init__(
        self, label: str, rows: Callable[[int, int], Sequence[dict[str, Any]]], **more: Any
    ) -> None:
        super().__init__()
        self._rows = rows
        self._props.update({"label": label, "total": 0, "version": 0, **more})
        self.on("window", self._wanted)

    def changed(self, total: int, **more: Any) -> None:
        """So many rows from now on, and what stands in them may be another; they are asked for anew."""
        version = int(self._props["version"]) + 1
        self._props.update({"total": total, "version": version, **more})
        self.update()

    def _wanted(self, event: events.GenericEventArguments) -> None:
        start = max(0, int(event.args["start"]))
        count = min(_MOST_AT_ONCE, max(0, int(event.args["count"])))
        self.run_method("fill", start, list(self._rows(start, count)), self._props["version"])
