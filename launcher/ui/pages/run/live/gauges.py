"""The machine of a run: how busy, how full, how warm; and how long ago it last said so."""

from __future__ import annotations

from nicegui import ui

from launcher.domain.run import Run, RunState
from launcher.domain.run_view import RunView
from launcher.ui.frame import Shell
from launcher.ui.text import when
from launcher.ui.widgets.elements import Text, attributes, box, card, hint
from pod_image.contract.bodies import MachineReading
from pod_image.contract.events import Stamped

STALE_SECONDS = 30.0


class Gauges:
    """A figure and a bar for each thing the machine tells; drawn anew only when it tells of other things."""

    def __init__(self, shell: Shell, view: RunView) -> None:
        self._shell, self._view = shell, view
        self._titles: list[str] = []
        self._gauges: dict[str, tuple[Text, ui.element]] = {}
        with card("Machine"):
            self._heard = hint("The machine reports how busy it is once it has started.")
            self._place = box("div", "grid-3")

    def refresh(self, run: Run) -> None:
        machine = self._view.picture.machine
        if machine is None:
            return
        rows = gauge_rows(machine.body)
        self._take_titles([title for title, _, _ in rows])
        for title, words, share in rows:
            text, meter = self._gauges[title]
            text.text = words
            if meter.props.get("value") != f"{share:.1f}":
                attributes(meter, value=f"{share:.1f}")
        self._heard.text = _heard(self._shell, run, machine)

    def _take_titles(self, titles: list[str]) -> None:
        if titles == self._titles:
            return
        self._titles = titles
        self._place.clear()
        self._gauges.clear()
        with self._place:
            for title in titles:
                with box("div", "gauge"):
                    with box("div", "gauge-head"):
                        Text("span", title)
                        words = Text("span", "")
                    meter = box("progress", aria_label=title, max="100", value="0")
                    meter.set_visibility(title != "Disk")
                self._gauges[title] = (words, meter)


def gauge_rows(machine: MachineReading) -> list[tuple[str, str, float]]:
    """(title, value in words, share in percent) of everything the machine tells."""
    rows: list[tuple[str, str, float]] = []
    for number, gpu in enumerate(machine.gpus, start=1):
        name = "GPU" if len(machine.gpus) == 1 else f"GPU {number}"
        if gpu.use_percent is not None:
            rows.append((f"{name} at work", f"{gpu.use_percent:.0f} %", gpu.use_percent))
        if gpu.memory_used_gb is not None and gpu.memory_total_gb:
            words = f"{gpu.memory_used_gb:.1f} of {gpu.memory_total_gb:.0f} GB"
            rows.append((f"{name} memory", words, 100 * gpu.memory_used_gb / gpu.memory_total_gb))
        if gpu.temperature_c is not None:
            rows.append((f"{name} temperature", f"{gpu.temperature_c:.0f} °C", gpu.temperature_c))
    if machine.cpu_percent is not None:
        rows.append(("Processor", f"{machine.cpu_percent:.0f} %", machine.cpu_percent))
    if machine.memory_used_gb is not None and machine.memory_total_gb:
        words = f"{machine.memory_used_gb:.1f} of {machine.memory_total_gb:.0f} GB"
        rows.append(("Memory", words, 100 * machine.memory_used_gb / machine.memory_total_gb))
    if machine.disk_free_gb is not None:
        rows.append(("Disk", f"{machine.disk_free_gb:.0f} GB free", 0.0))
    return [(title, words, min(100.0, max(0.0, share))) for title, words, share in rows]


def _heard(shell: Shell, run: Run, machine: Stamped[MachineReading]) -> str:
    now = shell.site.clock.now()
    if run.state is RunState.ENDED:
        return "The last figures before the machine was removed."
    age = (now - machine.at).total_seconds()
    if age > STALE_SECONDS:
        return f"Last heard {when(machine.at, now)}; these figures may be old."
    return "Live."
