"""Speed and machine of a run over time: each GPU's use, memory and temperature, processor, memory and disk."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from launcher.domain.run import Run, RunState
from launcher.domain.run_picture import Gauge, GaugeKind, RunPicture
from launcher.domain.run_view import RunView
from launcher.services.following.measured import measured_by_place, measured_text
from launcher.ui.frame import Shell, in_background
from launcher.ui.pages.run.live.curves import GROUP, SECONDS_BETWEEN
from launcher.ui.state.curves import plotted, plotted_over_time
from launcher.ui.text import pace, when
from launcher.ui.widgets.elements import Text, box, card, heading, hint
from launcher.ui.widgets.plot import Plot, PlotLine
from pod_image.contract.bodies import MachineReading
from pod_image.contract.curve import Curve
from pod_image.contract.events import Stamped

STALE_SECONDS = 30.0
HEIGHT = 84
ASK_PLACE_SECONDS = 60.0
NOTHING = "The machine reports how busy it is once it has started."


@dataclass(frozen=True)
class Panel:
    """One small plot: a title, its newest value in words, its lines, and where its scale ends, if anywhere."""

    name: str
    title: str
    words: str
    lines: tuple[PlotLine, ...]
    unit: str = ""
    high: float | None = None


class Gauges:
    """The card. A plot comes when what it shows is first told, and stays from then on."""

    def __init__(self, shell: Shell, run: Run, view: RunView) -> None:
        self._shell, self._view = shell, view
        self._origin = (run.created_at or run.planned_at).timestamp()
        self._panels: dict[str, tuple[Text, Plot]] = {}
        self._drawn: object = None
        self._drawn_at = 0.0
        self._asked_at = -math.inf
        with card(classes="gauges"):
            with box("div", "row spread"):
                heading(2, "Speed and machine")
                self._heard = hint(NOTHING)
            self._by_place = hint("").mark("measured-by-place")
            self._by_place.set_visibility(False)
            self._place = box("div", "gauge-grid")

    def refresh(self, run: Run) -> None:
        picture = self._view.picture
        if picture.machine is not None:
            self._heard.text = _heard(self._shell, run, picture.machine)
        now = self._shell.site.unix_seconds()
        if abs(now - self._asked_at) >= ASK_PLACE_SECONDS:
            self._asked_at = now
            in_background(self._ask_place(run), "what the provider measures of a silent run")
        key = (picture.gauges, picture.speed)
        if key == self._drawn or 0 <= now - self._drawn_at < SECONDS_BETWEEN:
            return
        self._drawn, self._drawn_at = key, now
        for panel in panels_of(picture):
            if panel.name not in self._panels:
                self._panels[panel.name] = self._new(panel)
            words, plot = self._panels[panel.name]
            words.text = panel.words
            plot.show(panel.lines, **({} if panel.high is None else {"high": panel.high}))

    async def _ask_place(self, run: Run) -> None:
        """Of a run that says nothing, the provider may know how busy its hardware is."""
        if run.state is RunState.ENDED:
            self._by_place.set_visibility(False)
            return
        bench = (await self._shell.session()).bench
        measured = await measured_by_place(bench, run, self._view.picture)
        self._by_place.text = f"{measured_text(measured)}." if measured else ""
        self._by_place.set_visibility(measured is not None)

    def _new(self, panel: Panel) -> tuple[Text, Plot]:
        with self._place, box("div", "gauge"):
            with box("div", "gauge-head"):
                Text("span", panel.title)
                words = Text("span", "")
            plot = Plot(
                panel.title, axis="time", origin=self._origin, unit=panel.unit, low=0, height=HEIGHT,
                legend=False, group=GROUP,
            )  # fmt: skip
        return words, plot


def panels_of(picture: RunPicture) -> list[Panel]:
    """Everything that was told so far, and no more."""
    panels = []
    if picture.speed.last is not None:
        line = PlotLine("speed", "Speed", tuple(plotted(picture.speed)))
        panels.append(Panel("speed", "Speed", pace(picture.speed.last[1]), (line,), "steps/s"))
    if picture.machine is None:
        return panels
    for kind, title, unit in _KINDS:
        told = gauge_of(kind, picture.machine.body)
        lines = _lines(kind, picture.gauges)
        if lines:
            panels.append(Panel(kind, title, told.words, lines, unit, told.high))
    return panels


_KINDS: tuple[tuple[GaugeKind, str, str], ...] = (
    ("gpu_use", "GPU at work", "%"),
    ("gpu_memory", "GPU memory", "GB"),
    ("gpu_temperature", "GPU temperature", "°C"),
    ("processor", "Processor", "%"),
    ("memory", "Memory", "GB"),
    ("disk", "Disk free", "GB"),
)


def _lines(kind: GaugeKind, gauges: Mapping[Gauge, Curve]) -> tuple[PlotLine, ...]:
    return tuple(
        PlotLine(
            f"{kind} {gauge.gpu}" if gauge.gpu is not None else kind,
            "" if gauge.gpu is None else f"GPU {gauge.gpu + 1}",
            tuple(plotted_over_time(curve)),
        )
        for gauge, curve in gauges.items()
        if gauge.kind == kind
    )


class Told(NamedTuple):
    """The newest reading in words, and where its scale ends; both empty where it was not told this time."""

    words: str = ""
    high: float | None = None


def gauge_of(kind: GaugeKind, machine: MachineReading) -> Told:
    """Of several GPUs the lowest and the highest."""
    match kind:
        case "gpu_use":
            return Told(_span([each.use_percent for each in machine.gpus], ".0f", "%"), 100.0)
        case "gpu_memory":
            total = max((each.memory_total_gb or 0.0 for each in machine.gpus), default=0.0)
            of = f" of {total:.0f}" if total else ""
            used = [each.memory_used_gb for each in machine.gpus]
            return Told(_span(used, ".1f", f"{of} GB".strip()), total or None)
        case "gpu_temperature":
            return Told(_span([each.temperature_c for each in machine.gpus], ".0f", "°C"), 100.0)
        case "processor":
            return Told(_span([machine.cpu_percent], ".0f", "%"), 100.0)
        case "memory":
            of = f" of {machine.memory_total_gb:.0f}" if machine.memory_total_gb else ""
            words = _span([machine.memory_used_gb], ".1f", f"{of} GB".strip())
            return Told(words, machine.memory_total_gb or None)
        case "disk":
            return Told(_span([machine.disk_free_gb], ".0f", "GB free"))


def _span(values: Sequence[float | None], digits: str, unit: str) -> str:
    """Such as "97 %", "91 to 97 %"; nothing where nothing was told."""
    told = sorted({format(each, digits) for each in values if each is not None}, key=float)
    return f"{' to '.join([told[0], *told[1:][-1:]])} {unit}" if told else ""


def _heard(shell: Shell, run: Run, machine: Stamped[MachineReading]) -> str:
    now = shell.site.clock.now()
    if run.state is RunState.ENDED:
        return "As it was when the machine last reported."
    age = (now - machine.at).total_seconds()
    if age > STALE_SECONDS:
        return f"Last update {when(machine.at, now)}; these figures may be out of date."
    return "Live."
