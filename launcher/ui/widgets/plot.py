"""Lines over steps or time in the browser, and its Python side: what is new is sent, and nothing twice."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from nicegui import events, ui

from launcher.ui.state.curves import Increments, Plotted

COLOURS = 8
"""That the style sheet has; further lines begin again with another dash."""


class PlotLine(NamedTuple):
    """`last` is its newest value in words. Only what is `is_on` is drawn, and its points sent."""

    key: str
    title: str
    points: Sequence[Plotted] = ()
    last: str = ""
    is_on: bool = True


class Plot(ui.element, component="plot.js", dependencies=["plot_scales.js"]):
    """`show` what there is as often as one likes: an open page is told what it does not have yet.

    `on_toggle` hears which line a person switched on or off.
    """

    def __init__(
        self, label: str, *, on_toggle: Callable[[str], None] | None = None, **props: Any
    ) -> None:
        super().__init__()
        self._props.update({"label": label, "lines": [], **props})
        self._increments = Increments()
        self._lines: Sequence[PlotLine] = ()
        self._is_ready = False
        self.on("ready", self._ready)
        if on_toggle is not None:
            self.on("toggle", lambda event: on_toggle(str(event.args)))

    @property
    def is_ignoring_events(self) -> bool:
        """Never: the browser draws it once, perhaps while it is hidden for want of values, and asks for points then."""
        return False

    @property
    def lines(self) -> Sequence[PlotLine]:
        """As they were shown last."""
        return self._lines

    def show(self, lines: Sequence[PlotLine], **props: Any) -> None:
        """These are the lines from now on, and these their settings."""
        self._lines = lines
        shown = [_on_wire(number, line) for number, line in enumerate(lines)]
        changed = {
            name: value
            for name, value in {"lines": shown, **props}.items()
            if self._props.get(name) != value
        }
        if changed:
            self._props.update(changed)
            self.update()
        self._send()

    def _ready(self, _: events.GenericEventArguments) -> None:
        """The browser draws it for the first time, or anew: it has no points."""
        self._is_ready = True
        self._increments = Increments()
        self._send()

    def _send(self) -> None:
        if not self._is_ready:
            return
        new = [
            [line.key, found[0], [list(point) for point in found[1]]]
            for line in self._lines
            if line.is_on and (found := self._increments.of(line.key, line.points)) is not None
        ]
        if new:
            self.run_method("put", new)


def _on_wire(number: int, line: PlotLine) -> dict[str, Any]:
    return {
        "key": line.key,
        "title": line.title,
        "on": line.is_on,
        "last": line.last,
        "colour": number % COLOURS,
        "dash": number // COLOURS % 4,
    }
