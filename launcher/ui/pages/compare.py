"""Two runs beside each other: curves in one chart, settings that differ, samples of the same sentence."""

from __future__ import annotations

from typing import Any

from nicegui import ui

from launcher.domain.run import Run
from launcher.domain.run_view import RunView
from launcher.recipes import recipe_of_run
from launcher.ui.frame import Shell, page
from launcher.ui.state.curves import smoothed, thinned
from launcher.ui.state.site import Site
from launcher.ui.widgets.chart import ACCENT, GREY, curve_title, first_curve, zoom_strip
from launcher.ui.widgets.elements import (
    Text,
    attributes,
    box,
    button_link,
    card,
    empty_state,
    hint,
    link,
    table,
)
from launcher.ui.widgets.one_sample import show_sample
from launcher.ui.widgets.sample_rows import sample_table
from launcher.ui.widgets.setting_value import value_text
from pod_image.contract.curve import Point
from pod_image.contract.figures import dollars
from pod_image.contract.older_settings import recorded_settings
from pod_image.contract.settings import SETTINGS

POINTS_DRAWN = 400


def register(site: Site) -> None:
    page(site, "/compare", "Compare two runs", _build, current="/runs")


async def _build(shell: Shell, a: str = "", b: str = "") -> None:
    found = [shell.site.history.by_nonce(nonce) for nonce in (a, b)]
    runs = [run for run in found if run is not None]
    if len(runs) < 2:
        with empty_state(
            "Choose two runs", "Tick two runs in the list and press “Compare the two”."
        ):
            button_link("All runs", "/runs", primary=True)
        return
    views = [await shell.site.live.open_view(run) for run in runs]
    names = _names(runs)
    _heads(runs, names)
    _curves(shell, runs, views, names)
    _differences(runs, names)
    _samples(runs, views, names)


def _names(runs: list[Run]) -> list[str]:
    if runs[0].run_id != runs[1].run_id:
        return [run.run_id for run in runs]
    return [f"{run.run_id} (try {run.attempt}, {run.results_repo})" for run in runs]


def _heads(runs: list[Run], names: list[str]) -> None:
    with table("The two runs", ("Run", "Preset", "GPU", "Cost"), numeric=(3,)):
        for run, name in zip(runs, names, strict=True):
            with box("tr"):
                with box("td"):
                    link(name, f"/runs/{run.nonce}")
                Text("td", run.preset or "none")
                Text("td", run.gpu_name)
                Text("td", dollars(run.cost_usd), "number")


def _curves(shell: Shell, runs: list[Run], views: list[RunView], names: list[str]) -> None:
    shared = [name for name in views[0].picture.curves if name in views[1].picture.curves]
    with card("Loss"):
        if not shared:
            hint("At least one of the two has no curve on this computer.")
            return
        shown = recipe_of_run(runs[0].settings_json).shown
        name = first_curve(shared, shown)
        hint(f"{curve_title(name, shown)}, smoothed; lower is better.")
        weight = shell.site.preferences.curve_smoothing
        chart = ui.echart(_option(views, names, name, weight), renderer="svg").classes("chart")
        words = "; ".join(
            f"{title}: {end_of_curve(view, name, weight)}"
            for view, title in zip(views, names, strict=True)
        )
        attributes(chart, role="img", aria_label=f"Loss of both runs over steps. {words}")
        Text("p", words, "figure")


def end_of_curve(view: RunView, name: str, weight: float) -> str:
    """Where the line that is drawn ends, such as "1.79 at step 2,400"."""
    step, value = _drawn(view, name, weight)[-1]
    return f"{value:.4g} at step {step:,.0f}"


def _drawn(view: RunView, name: str, weight: float) -> list[Point]:
    return thinned(smoothed(view.picture.curves[name].shown(), weight), POINTS_DRAWN)


def _option(views: list[RunView], names: list[str], name: str, weight: float) -> dict[str, Any]:
    colours, dashes = (ACCENT, "#d1720f"), ("solid", "dashed")
    series = []
    for view, title, colour, dash in zip(views, names, colours, dashes, strict=True):
        points = _drawn(view, name, weight)
        line = {"width": 2.2, "type": dash}
        series.append(
            {"type": "line", "name": title, "data": points, "showSymbol": False,
             "lineStyle": line, "itemStyle": {"color": colour}}
        )  # fmt: skip
    return {
        "animation": False,
        "legend": {"top": 0},
        "grid": {"left": 56, "right": 16, "top": 36, "bottom": 60},
        "tooltip": {"trigger": "axis", "confine": True},
        "xAxis": {"type": "value", "name": "step", "nameLocation": "middle", "nameGap": 26,
                  "splitLine": {"show": False}},
        "yAxis": {"type": "value", "scale": True,
                  "splitLine": {"lineStyle": {"color": GREY, "width": 0.6}}},
        "dataZoom": [zoom_strip(16, 4)],
        "series": series,
    }  # fmt: skip


def differing(a: Run, b: Run) -> list[tuple[str, Any, Any]]:
    """(setting, value of the first, value of the second) of everything that differs."""
    first, second = recorded_settings(a.settings_json), recorded_settings(b.settings_json)
    names = [name for name in SETTINGS if first.get(name) != second.get(name)]
    return [(name, first.get(name), second.get(name)) for name in names]


def _differences(runs: list[Run], names: list[str]) -> None:
    rows = differing(*runs)
    with card("Settings that differ"):
        if not rows:
            hint("None: the two were started alike.")
            return
        with table("Settings that differ", ("Setting", *names)):
            for name, one, other in rows:
                with box("tr"):
                    Text("td", SETTINGS[name].knob.label)
                    for value in (one, other):
                        Text("td", "–" if value is None else value_text(name, value))


def _samples(runs: list[Run], views: list[RunView], names: list[str]) -> None:
    tables = [sample_table(list(view.picture.samples), 1) for view in views]
    texts = [dict(one.rows) for one in tables]
    shared = [text for text in texts[0] if text in texts[1]]
    with card("The last samples"):
        if not shared:
            hint("The two have no sample in common.")
            return
        with table("The last samples of both", ("Sentence", *names)):
            for text in shared:
                with box("tr"):
                    Text("td", f"“{text}”")
                    for run, found, name in zip(runs, texts, names, strict=True):
                        for sample in found[text].values():
                            with box("td"):
                                show_sample(run, sample, f"“{text}” of {name}")
