"""Runs beside each other: curves in one chart, what each was and cost, settings that differ, the same sentences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from nicegui import ui

from launcher.domain.run import Run
from launcher.domain.run_picture import RunPicture
from launcher.forms.value_text import value_text
from launcher.services.following.comparing import (
    MOST_COMPARED,
    ComparedRun,
    SettingRow,
    alike,
    beside_each_other,
    common_curve,
    differing,
)
from launcher.ui.frame import Shell, page
from launcher.ui.state.curves import smoothed, thinned
from launcher.ui.state.site import Site
from launcher.ui.widgets.chart import GREY, zoom_strip
from launcher.ui.widgets.elements import (
    Text,
    attributes,
    box,
    button_link,
    card,
    details,
    empty_state,
    hint,
    link,
    table,
)
from launcher.ui.widgets.one_sample import show_sample
from launcher.ui.widgets.sample_rows import sample_table
from pod_image.contract.curve import Curve, Point
from pod_image.contract.figures import counted, dollars, duration
from pod_image.contract.settings import SETTINGS

POINTS_DRAWN = 400
COLOURS = (
    "#7a5de0", "#d1720f", "#1f8f5f", "#c2447a", "#2f7fc1", "#8a7a10", "#b04a3a", "#4f9aa8",
    "#6b6b75", "#9a5fb5",
)  # fmt: skip
DASHES = ("solid", "dashed", "dotted")
_BY_STEP, _BY_TIME = "step", "time"


def register(site: Site) -> None:
    page(site, "/compare", "Compare runs", _build, current="/runs")


async def _build(
    shell: Shell, a: str = "", b: str = "", runs: str = "", across: str = _BY_STEP
) -> None:
    chosen = runs_named(shell.site, [*runs.split(","), a, b])
    if len(chosen) < 2:
        with empty_state("Choose two runs", "Select two or more runs in the list to compare them."):
            button_link("All runs", "/runs", primary=True)
        return
    views = [await shell.site.live.open_view(run) for run in chosen]
    compared = beside_each_other(chosen, [view.picture for view in views])
    _heads(compared)
    _curves(shell, compared, _BY_TIME if across == _BY_TIME else _BY_STEP)
    _settings(compared)
    _samples(compared)


def runs_named(site: Site, keys: Sequence[str]) -> list[Run]:
    """Each once, in their order, by nonce or by address; one that this computer does not know is left out."""
    wanted = [key.strip() for key in keys if key.strip()]
    found = [site.history.by_nonce(key) for key in wanted]
    if None in found:  # addresses, as people type them
        by_address = {run.address: run for run in reversed(site.history.runs())}
        found = [run or by_address.get(key) for run, key in zip(found, wanted, strict=True)]
    once = {run.nonce: run for run in found if run is not None}
    return list(once.values())[:MOST_COMPARED]


def _heads(compared: Sequence[ComparedRun]) -> None:
    curve, shown = common_curve(compared)
    columns = (
        "Run", "Preset", "GPU", "How it ended", "Steps", "Last loss, unsmoothed", "Best score", "Time", "Cost",
    )  # fmt: skip
    with table("The runs", columns, numeric=(4, 7, 8)):
        for one in compared:
            run, loss, best = one.run, one.last_loss(curve, shown), one.best
            with box("tr"):
                with box("td"):
                    link(one.name, f"/runs/{run.nonce}")
                Text("td", run.preset or "none")
                Text("td", run.gpu_name or "none")
                Text("td", one.how_it_ended)
                Text("td", "–" if one.steps is None else f"{one.steps:,}", "number")
                Text("td", "–" if loss is None else loss.text)
                Text("td", "–" if best is None else best.sentence)
                Text("td", duration(one.seconds, unknown="–"), "number")
                Text("td", dollars(run.known_cost_usd), "number")


def _curves(shell: Shell, compared: Sequence[ComparedRun], across: str) -> None:
    name, shown = common_curve(compared)
    drawn = [one for one in compared if name in one.picture.scalars]
    with card("Curves"):
        if len(drawn) < 2:
            hint("Fewer than two of them have a curve on this computer.")
            return
        hint(f"{shown.curve_title(name)}, smoothed; lower is better.")
        _axis_links(compared, across)
        weight = shell.site.preferences.curve_smoothing
        chart = ui.echart(_option(drawn, name, weight, across), renderer="svg").classes("chart")
        words = "; ".join(f"{one.name}: {end_of_curve(one.picture, name, weight)}" for one in drawn)
        attributes(chart, role="img", aria_label=f"Loss of the runs. {words}")
        Text("p", words, "figure")
        absent = [one.name for one in compared if one not in drawn]
        if absent:
            hint(f"Not known of {', '.join(absent)}.")


def _axis_links(compared: Sequence[ComparedRun], across: str) -> None:
    nonces = quote(",".join(one.run.nonce for one in compared), safe=",")
    with box("nav", "row", aria_label="Across"):
        for key, title in ((_BY_STEP, "By step"), (_BY_TIME, "By time")):
            anchor = link(title, f"/compare?runs={nonces}&across={key}")
            attributes(anchor, aria_current="true" if key == across else None)


def end_of_curve(picture: RunPicture, name: str, weight: float) -> str:
    """Where the line that is drawn ends, such as "1.79 at step 2,400"."""
    step, value = _drawn(picture, name, weight)[-1]
    return f"{value:.4g} at step {step:,.0f}"


def _drawn(picture: RunPicture, name: str, weight: float, across: str = _BY_STEP) -> list[Point]:
    curve = picture.scalars[name]
    points = over_minutes(curve, _began(picture)) if across == _BY_TIME else curve.shown()
    return thinned(smoothed(points, weight), POINTS_DRAWN)


def over_minutes(curve: Curve, began: float) -> list[Point]:
    """Its points by the minutes since `began`, in Unix seconds; of one whose times nobody told none."""
    points, at = curve.shown(), curve.shown_at()
    if len(at) != len(points):
        return []
    return [
        (round((when - began) / 60, 2), value) for (_, value), when in zip(points, at, strict=True)
    ]


def _began(picture: RunPicture) -> float:
    """When the first of its curves begins."""
    return min((at[0] for curve in picture.scalars.values() if (at := curve.shown_at())), default=0)


def _option(
    compared: Sequence[ComparedRun], name: str, weight: float, across: str
) -> dict[str, Any]:
    series = []
    for number, one in enumerate(compared):
        points = _drawn(one.picture, name, weight, across)
        line = {"width": 2.2, "type": DASHES[number % len(DASHES)]}
        series.append(
            {"type": "line", "name": one.name, "data": points, "showSymbol": len(points) < 3,
             "lineStyle": line, "itemStyle": {"color": COLOURS[number % len(COLOURS)]}}
        )  # fmt: skip
    return {
        "animation": False,
        "legend": {"type": "scroll", "top": 0},
        "grid": {"left": 56, "right": 16, "top": 36, "bottom": 60},
        "tooltip": {"trigger": "axis", "confine": True},
        "xAxis": {"type": "value", "name": "minutes" if across == _BY_TIME else "step",
                  "nameLocation": "middle", "nameGap": 26, "splitLine": {"show": False}},
        "yAxis": {"type": "value", "scale": True,
                  "splitLine": {"lineStyle": {"color": GREY, "width": 0.6}}},
        "dataZoom": [zoom_strip(16, 4)],
        "series": series,
    }  # fmt: skip


def _settings(compared: Sequence[ComparedRun]) -> None:
    runs = [one.run for one in compared]
    rows, the_rest = differing(*runs), alike(*runs)
    with card("Settings that differ"):
        if not rows:
            hint("None: their settings are the same.")
        else:
            _settings_table("Settings that differ", [one.name for one in compared], rows)
        if the_rest:
            with details(f"{counted(len(the_rest), 'setting')} alike"):
                _settings_table("Settings that are the same", ["All of them"], the_rest)


def _settings_table(caption: str, columns: Sequence[str], rows: Sequence[SettingRow]) -> None:
    with table(caption, ("Setting", *columns)):
        for name, values in rows:
            with box("tr"):
                Text("td", SETTINGS[name].knob.label)
                for value in values:
                    Text("td", "–" if value is None else value_text(name, value))


def _samples(compared: Sequence[ComparedRun]) -> None:
    texts = [dict(sample_table(list(one.picture.samples), 1).rows) for one in compared]
    counts = Counter(text for each in texts for text in each)
    shared = [text for text, count in counts.items() if count > 1]
    with card("The last samples"):
        if not shared:
            hint("No two of them have a sample in common.")
            return
        with table("The last samples of each", ("Sentence", *(one.name for one in compared))):
            for text in shared:
                with box("tr"):
                    Text("td", f"“{text}”")
                    for one, found in zip(compared, texts, strict=True):
                        with box("td"):
                            samples = list(found.get(text, {}).values())
                            if not samples:
                                Text("span", "–")
                            for sample in samples:
                                show_sample(one.run, sample, f"“{text}” of {one.name}")
