"""The loss curves of a run: raw and dim, smoothed and clear, with marks for what was saved and spoken."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from typing import Any

from nicegui import ui

from launcher.domain.run_view import RunView
from launcher.recipes.base import Shown
from launcher.ui.state.curves import smoothed, thinned
from launcher.ui.state.site import Site
from launcher.ui.widgets.elements import Text, attributes, box, hint
from launcher.ui.widgets.inputs import Field, options
from pod_image.contract.curve import Curve
from pod_image.contract.scores import kind_of

POINTS_DRAWN = 400
"""Of each line: what the page's width can show, and 15 kB of message."""
MARKS_DRAWN = 40
ACCENT, GREY = "#7a5de0", "rgba(128,124,136,0.35)"
SECONDS_BETWEEN = 2.0
_SMOOTHINGS = {"0": "none", "0.6": "a little", "0.8": "medium", "0.95": "strong"}


def first_curve(names: Sequence[str], shown: Shown) -> str:
    """The curve that is looked at first; nothing where there is none."""
    return shown.main_loss if shown.main_loss in names else next(iter(names), "")


def curve_title(name: str, shown: Shown) -> str:
    return shown.loss_titles.get(name) or kind_of(name).title


class LossChart:
    """One loss at a time; `refresh` draws only what is new and at most every `SECONDS_BETWEEN`."""

    def __init__(self, site: Site, view: RunView, shown: Shown) -> None:
        self._site, self._view, self._shown = site, view, shown
        self._name = ""
        self._drawn: object = None
        self._drawn_at = 0.0
        self._names: list[str] = []
        self._last_text = Text("p", "", "figure").mark("last-loss")
        with box("div", "row") as self._controls:
            self._pick = Field("curve", "Curve", kind="select", on_commit=self._choose)
            preferences = site.preferences
            Field(
                "smoothing",
                "Smoothing",
                kind="select",
                value=f"{preferences.curve_smoothing:g}",
                options=options(_SMOOTHINGS),
                on_commit=self._set_smoothing,
            )
            self._log = Field(
                "log-scale",
                "Log scale",
                kind="switch",
                value=preferences.curve_log_scale,
                on_commit=self._set_log,
            )
        self._chart = ui.echart(_empty_option(), renderer="svg").classes("chart")
        attributes(
            self._chart, role="img", aria_label="Loss over steps; the last values stand above"
        )
        self._nothing = hint("The curve begins with the first steps of training.")
        self._how = hint(
            "Lower is better. The faint line is every measurement, the clear one is smoothed. A ring marks "
            "a saved checkpoint, a dot a sample. Drag across the strip below the chart to zoom. Listening "
            "tells more than the curve."
        )
        self.refresh()

    def refresh(self) -> None:
        names = list(self._view.picture.scalars)
        if names != self._names:
            self._take_names(names)
        curve = self._view.picture.scalars.get(self._name)
        self._show(curve is not None)
        if curve is None or curve.last is None:
            return
        self._last_text.text = self._text(curve)
        now = self._site.unix_seconds()
        key = (
            self._name, curve.last, self._site.preferences.curve_smoothing,
            self._site.preferences.curve_log_scale, len(self._view.picture.checkpoints),
            len(self._view.picture.samples),
        )  # fmt: skip
        if key == self._drawn or now - self._drawn_at < SECONDS_BETWEEN:
            return
        self._drawn, self._drawn_at = key, now
        self._draw(curve)

    def _take_names(self, names: list[str]) -> None:
        self._names = names
        if self._name not in names:
            self._name = first_curve(names, self._shown)
        choices = {name: curve_title(name, self._shown) for name in names}
        self._pick.show(options=options(choices), value=self._name)

    def _show(self, is_there: bool) -> None:
        for part in (self._controls, self._chart, self._last_text, self._how):
            part.set_visibility(is_there)
        self._nothing.set_visibility(not is_there)

    def _text(self, curve: Curve) -> str:
        assert curve.last is not None
        step, value = curve.last
        since = ""
        if curve.first_value:
            since = f", {100 * (value / curve.first_value - 1):+.0f} % since the start"
        return f"{curve_title(self._name, self._shown)}: {value:.4g} at step {step:,.0f}{since}"

    def _draw(self, curve: Curve) -> None:
        points = curve.shown()
        clear = smoothed(points, self._site.preferences.curve_smoothing)
        self._chart.options.clear()
        self._chart.options.update(
            _option(
                thinned(points, POINTS_DRAWN),
                thinned(clear, POINTS_DRAWN),
                on_the_line(clear, [one.step for one in self._view.picture.checkpoints]),
                on_the_line(
                    clear,
                    [
                        one.body.step
                        for one in self._view.picture.samples
                        if one.body.kind != "reference"
                    ],
                ),
                log=self._site.preferences.curve_log_scale,
            )
        )
        self._chart.update()

    def _choose(self, name: object) -> None:
        self._name = str(name)
        self._redraw()

    def _set_smoothing(self, value: object) -> None:
        self._site.prefer(curve_smoothing=float(str(value)))
        self._redraw()

    def _set_log(self, value: object) -> None:
        self._site.prefer(curve_log_scale=bool(value))
        self._redraw()

    def _redraw(self) -> None:
        self._drawn, self._drawn_at = None, 0.0
        self.refresh()


def on_the_line(
    clear: list[tuple[float, float]], steps: Iterable[float]
) -> list[tuple[float, float]]:
    """A point on the clear line for each of the steps, the newest ones; none after the line's end."""
    points = []
    for step in sorted(set(steps)):
        at = bisect_left(clear, (step,))
        if at < len(clear):
            points.append((step, clear[at][1]))
    return points[-MARKS_DRAWN:]


def _empty_option() -> dict[str, Any]:
    return _option([], [], [], [], log=False)


def _option(
    raw: list[tuple[float, float]],
    clear: list[tuple[float, float]],
    saved: list[tuple[float, float]],
    spoken: list[tuple[float, float]],
    *,
    log: bool,
) -> dict[str, Any]:
    line = {"type": "line", "showSymbol": False, "animation": False}
    return {
        "animation": False,
        "grid": {"left": 56, "right": 16, "top": 16, "bottom": 72},
        "tooltip": {"trigger": "axis", "confine": True},
        "xAxis": {
            "type": "value", "min": "dataMin", "max": "dataMax", "name": "step",
            "nameLocation": "middle", "nameGap": 26, "splitLine": {"show": False},
            "nameTextStyle": {"color": "#807c88"}, "axisLine": {"lineStyle": {"color": GREY}},
        },
        "yAxis": {
            "type": "log" if log else "value", "scale": True,
            "splitLine": {"lineStyle": {"color": GREY, "width": 0.6}},
        },
        "dataZoom": [zoom_strip(20, 6), {"type": "inside", "zoomOnMouseWheel": "ctrl"}],
        "series": [
            {**line, "name": "measured", "data": raw, "lineStyle": {"width": 1, "opacity": 0.45},
             "itemStyle": {"color": "#8f80c9"}},
            {**line, "name": "smoothed", "data": clear, "lineStyle": {"width": 2.4},
             "itemStyle": {"color": ACCENT}},
            {"type": "scatter", "name": "saved", "data": saved, "symbolSize": 15, "animation": False,
             "itemStyle": {"color": "transparent", "borderColor": ACCENT, "borderWidth": 1.6}},
            {"type": "scatter", "name": "spoke", "data": spoken, "symbolSize": 7, "animation": False,
             "itemStyle": {"color": "#d1720f"}},
        ],
    }  # fmt: skip


def zoom_strip(height: int, bottom: int) -> dict[str, Any]:
    """The strip below a chart, in our colours."""
    return {
        "type": "slider", "height": height, "bottom": bottom, "borderColor": GREY, "showDetail": False,
        "backgroundColor": "transparent", "fillerColor": "rgba(122,93,224,0.16)",
        "handleStyle": {"color": ACCENT, "borderColor": ACCENT},
        "moveHandleStyle": {"color": ACCENT, "opacity": 0.5},
        "emphasis": {"handleStyle": {"color": "#5638b8"}},
        "dataBackground": {"lineStyle": {"color": GREY}, "areaStyle": {"color": GREY, "opacity": 0.2}},
        "selectedDataBackground": {"lineStyle": {"color": ACCENT},
                                   "areaStyle": {"color": ACCENT, "opacity": 0.12}},
    }  # fmt: skip
