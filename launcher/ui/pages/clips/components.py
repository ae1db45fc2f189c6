"""The page's own elements and their Python side: the list of clips, and the sound of one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from nicegui import events, ui


class ClipList(ui.element, component="clip_list.js"):
    """Thousands of clips. `rows(start, count)` gives those that come into view; `on_pick` hears which was chosen."""

    def __init__(
        self,
        label: str,
        rows: Callable[[int, int], Sequence[dict[str, Any]]],
        on_pick: Callable[[int], Any],
    ) -> None:
        super().__init__()
        self._rows, self._on_pick = rows, on_pick
        self._props.update({"label": label, "total": 0, "version": 0, "current": 0})
        self.on("window", self._wanted)
        self.on("pick", self._picked)

    def show(self, total: int, current: int) -> None:
        """The clips have changed, in number or in what stands in their rows."""
        version = int(self._props["version"]) + 1
        self._props.update({"total": total, "version": version, "current": current})
        self.update()

    def choose(self, current: int) -> None:
        self._props["current"] = current
        self.update()

    def focus(self) -> None:
        self.run_method("focus")

    def _wanted(self, event: events.GenericEventArguments) -> None:
        start, count = max(0, int(event.args["start"])), min(500, max(0, int(event.args["count"])))
        self.run_method("fill", start, list(self._rows(start, count)), self._props["version"])

    def _picked(self, event: events.GenericEventArguments) -> Any:
        return self._on_pick(int(event.args))


class ClipSound(ui.element, component="clip_sound.js"):
    """The outline and the playing of one clip. `start`, `end` and `cut` are its handles, in seconds."""

    def __init__(self, src: str, peaks: str, name: str, seconds: float) -> None:
        super().__init__()
        self._props.update({"src": src, "peaks": peaks, "name": name, "seconds": seconds})
        self.start, self.end, self.cut = 0.0, seconds, seconds / 2
        self.on("marks", self._marked)

    def _marked(self, event: events.GenericEventArguments) -> None:
        marks = event.args
        self.start, self.end, self.cut = (float(marks[one]) for one in ("start", "end", "cut"))
