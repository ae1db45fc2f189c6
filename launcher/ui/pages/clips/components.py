"""The page's own elements and their Python side: the list of clips, and the sound of one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from nicegui import events, ui

from launcher.ui.widgets.long_list import LongList


class ClipList(LongList, component="clip_list.js"):
    """Thousands of clips. `rows(start, count)` gives those that come into view; `on_pick` hears which was chosen."""

    def __init__(
        self,
        label: str,
        rows: Callable[[int, int], Sequence[dict[str, Any]]],
        on_pick: Callable[[int], Any],
    ) -> None:
        super().__init__(label, rows, current=0)
        self._on_pick = on_pick
        self.on("pick", self._picked)

    def show(self, total: int, current: int) -> None:
        """The clips have changed, in number or in what stands in their rows."""
        self.changed(total, current=current)

    def choose(self, current: int) -> None:
        self._props["current"] = current
        self.update()

    def focus(self) -> None:
        """Give it the keyboard, unless a text is being typed by then."""
        self.run_method("focusUnlessTyping")

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
