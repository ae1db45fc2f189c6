"""Runs beside each other: curves in one chart, what each was and cost, settings that differ, the same sentences."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple
from urllib.parse import quote

from nicegui import ui

from launcher.domain.run import Run
from launcher.domain.run_view import RunView
from launcher.domain.scores import best_score
from launcher.recipes import recipe_of_run
from launcher.recipes.base import Shown
from launcher.ui.frame import Shell, page
from launcher.ui.state.curves import smoothed, thinned
from launcher.ui.state.site import Site
from launcher.ui.widgets.chart import GREY, curve_title, first_curve, zoom_strip
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
from launcher.ui.widgets.run_state import MOST_COMPARED
from launcher.ui.widgets.sample_rows import sample_table
from launcher.ui.widgets.setting_value import value_text
from pod_image.contract.curve import Point
from pod_image.contract.figures import counted, dollars, duration
from pod_image.contract.older_settings import recorded_settings
from pod_image.contract.settings import SETTINGS

POINTS_DRAWN = 400
COLOURS = (
    "#7a5de0", "#d1720f", "#1f8f5f", "#c2447a", "#2f7fc1", "#8a7a10", "#b04a3a", "#4f9aa8",
    "#6b6b75", "#9a5fb5",
)  # fmt: skip
DASHES = ("solid", "dashed", "dotted")
_BY_STEP, _BY_TIME = "step", "time"


class Compared(NamedTuple):
    """A run with what is known of it, and the name that tells it from the others."""

    run: Run
    view: RunView
    name: str


def register(site: Site) -> None:
    page(site, "/compare", "Compare runs", _build, current="/runs")


async def _build(
    shell: Shell, a: str = "", b: str = "", runs: str = "", across: str = _BY_STEP
) -> None:
    chosen = runs_named(shell.site, [*runs.split(","), a, b])
    if len(chosen) < 2:
        with empty_state("Choose two runs", "Tick two runs or more in the list and compare them."):
            button_link("All runs", "/runs", primary=True)
        return
    views = [await shell.site.live.open_view(run) for run in chosen]
    compared = [
        Compared(run, view, name)
        for run, view, name in zip(chosen, views, names_of(chosen), strict=True)
    ]
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


def names_of(runs: Sequence[Run]) -> list[str]:
    """Their ids, and more where two have the same."""
    ids = Counter(run.run_id for run in runs)
    return [
        run.run_id
        if ids[run.run_id] == 1
        else f"{run.run_id} (try {run.attempt}, {run.results_repo})"
        for run in runs
    ]


def _heads(compared: Sequence[Compared]) -> None:
    columns = ("Run", "Preset", "GPU", "How it ended", "Steps", "Best score", "Time", "Cost")
    with table("The runs", columns, numeric=(4, 6, 7)):
        for run, view, name in compared:
            step, best = view.picture.step, best_score(view.picture)
            with box("tr"):
                with box("td"):
                    link(name, f"/runs/{run.nonce}")
                Text("td", run.preset or "none")
                Text("td", run.gpu_name or "none")
                Text("td", run.end_sentence or run.state.value)
                Text("td", "–" if step is None else f"{step.step:,}", "number")
                Text("td", "–" if best is None else best.sentence)
                Text("td", duration(seconds_of(run), unknown="–"), "number")
                Text("td", dollars(run.known_cost_usd), "number")


def seconds_of(run: Run) -> float | None:
    """From the pod's creation to its end; None of a run that goes on, or never had one."""
    if run.created_at is None or run.ended_at is None:
        return None
    return (run.ended_at - run.created_at).total_seconds()


def _curves(shell: Shell, compared: Sequence[Compared], across: str) -> None:
    shown = recipe_of_run(compared[0].run.settings_json).shown
    drawn, name = _with_the_curve(compared, shown)
    with card("Curves"):
        if len(drawn) < 2:
            hint("Fewer than two of them have a curve on this computer.")
            return
        hint(f"{curve_title(name, shown)}, smoothed; lower is better.")
        _axis_links(compared, across)
        weight = shell.site.preferences.curve_smoothing
        chart = ui.echart(_option(drawn, name, weight, across), renderer="svg").classes("chart")
        words = "; ".join(
            f"{title}: {end_of_curve(view, name, weight)}" for _, view, title in drawn
        )
        attributes(chart, role="img", aria_label=f"Loss of the runs. {words}")
        Text("p", words, "figure")
        absent = [one.name for one in compared if one not in drawn]
        if absent:
            hint(f"Not known of {', '.join(absent)}.")


def _with_the_curve(compared: Sequence[Compared], shown: Shown) -> tuple[list[Compared], str]:
    """The curve that most of them have, the one that people watch before others; and who has it."""
    counts = Counter(name for one in compared for name in one.view.picture.scalars)
    most = max(counts.values(), default=0)
    name = first_curve([each for each, count in counts.items() if count == most], shown)
    return [one for one in compared if name in one.view.picture.scalars], name


def _axis_links(compared: Sequence[Compared], across: str) -> None:
    nonces = quote(",".join(one.run.nonce for one in compared), safe=",")
    with box("nav", "row", aria_label="Across"):
        for key, title in ((_BY_STEP, "By step"), (_BY_TIME, "By time")):
            anchor = link(title, f"/compare?runs={nonces}&across={key}")
            attributes(anchor, aria_current="true" if key == across else None)


def end_of_curve(view: RunView, name: str, weight: float) -> str:
    """Where the line that is drawn ends, such as "1.79 at step 2,400"."""
    step, value = _drawn(view, name, weight)[-1]
    return f"{value:.4g} at step {step:,.0f}"


def _drawn(view: RunView, name: str, weight: float) -> list[Point]:
    return thinned(smoothed(view.picture.scalars[name].shown(), weight), POINTS_DRAWN)


def over_minutes(points: Sequence[Point], times: Sequence[Point]) -> list[Point]:
    """Points by step as points by the minutes since the first step that was told; without times none."""
    if not times:
        return []
    steps, began = [step for step, _ in times], times[0][1]

    def minutes(step: float) -> float:
        at = min(bisect_left(steps, step), len(steps) - 1)
        if at == 0 or steps[at] <= steps[at - 1]:
            return (times[at][1] - began) / 60
        share = (min(step, steps[at]) - steps[at - 1]) / (steps[at] - steps[at - 1])
        return (times[at - 1][1] + share * (times[at][1] - times[at - 1][1]) - began) / 60

    return [(round(minutes(step), 2), value) for step, value in points]


def _option(compared: Sequence[Compared], name: str, weight: float, across: str) -> dict[str, Any]:
    series = []
    for number, (_, view, title) in enumerate(compared):
        points = _drawn(view, name, weight)
        if across == _BY_TIME:
            points = over_minutes(points, view.picture.times.shown())
        line = {"width": 2.2, "type": DASHES[number % len(DASHES)]}
        series.append(
            {"type": "line", "name": title, "data": points, "showSymbol": len(points) < 3,
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


def differing(*runs: Run) -> list[tuple[Any, ...]]:
    """(setting, its value in each of the runs) of everything that differs between any two."""
    given = [recorded_settings(run.settings_json) for run in runs]
    rows = [(name, *(values.get(name) for values in given)) for name in SETTINGS]
    return [row for row in rows if any(value != row[1] for value in row[2:])]


def _settings(compared: Sequence[Compared]) -> None:
    runs = [one.run for one in compared]
    rows = differing(*runs)
    first = recorded_settings(runs[0].settings_json)
    differ = {row[0] for row in rows}
    alike = [(name, first[name]) for name in SETTINGS if name in first and name not in differ]
    with card("Settings that differ"):
        if not rows:
            hint("None: they were started alike.")
        else:
            _settings_table("Settings that differ", [one.name for one in compared], rows)
        if alike:
            with details(f"{counted(len(alike), 'setting')} alike"):
                _settings_table("Settings that are alike", ["All of them"], alike)


def _settings_table(caption: str, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
    with table(caption, ("Setting", *columns)):
        for name, *values in rows:
            with box("tr"):
                Text("td", SETTINGS[name].knob.label)
                for value in values:
                    Text("td", "–" if value is None else value_text(name, value))


def _samples(compared: Sequence[Compared]) -> None:
    texts = [dict(sample_table(list(one.view.picture.samples), 1).rows) for one in compared]
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
                    for (run, _, name), found in zip(compared, texts, strict=True):
                        with box("td"):
                            samples = list(found.get(text, {}).values())
                            if not samples:
                                Text("span", "–")
                            for sample in samples:
                                show_sample(run, sample, f"“{text}” of {name}")
