"""Overview of a run: phases with times and cents, loss curves, the receipt."""

from __future__ import annotations

from collections.abc import Callable

from nicegui import ui

from launcher.domain.run import Run, RunState
from launcher.domain.run_picture import PhasePicture
from launcher.domain.run_view import RunView
from launcher.recipes import recipe_of_run
from launcher.services.following.receipts import receipt
from launcher.ui.frame import Shell
from launcher.ui.next_steps import on_page
from launcher.ui.text import amount
from launcher.ui.widgets.chart import LossChart
from launcher.ui.widgets.elements import (
    Text,
    box,
    card,
    details,
    facts,
    heading,
    hint,
    icon,
    notice,
    para,
)
from launcher.ui.widgets.run_state import phase_titles
from pod_image.contract.figures import counted, dollars, duration
from pod_image.contract.outcomes import EndReason, Phase


async def draw(shell: Shell, run: Run, view: RunView) -> Callable[[Run], None]:
    with box("div", "grid-side"):
        with card("Loss", classes="chart-card"):
            chart = LossChart(shell.site, view, recipe_of_run(run.settings_json).shown)
        with box("div", "stack"):
            with card("Steps of the run"):
                phases = _Phases(shell, run, view)
            remarks = box("div")
    bill = box("div")
    bill_for: list[object] = []
    remarked = [0]

    def refresh(now: Run) -> None:
        chart.refresh()
        phases.refresh(now)
        if remarked[0] != len(view.picture.warnings):
            remarked[0] = len(view.picture.warnings)
            remarks.clear()
            with remarks:
                _remarks(view, is_demo=bool(shell.site.demo))
        key = (now.state, now.billed_usd, now.cost_usd)
        if now.state is RunState.ENDED and bill_for != [key]:
            bill_for[:] = [key]
            bill.clear()
            with bill:
                _receipt(shell, now)

    refresh(run)
    return refresh


class _Phases:
    """An ordered list; a phase's words are set anew, its element is not."""

    def __init__(self, shell: Shell, run: Run, view: RunView) -> None:
        self._shell, self._view = shell, view
        self._rows: dict[Phase, tuple[ui.element, ui.element, Text, str]] = {}
        with box("ol", "steps phases"):
            for phase, title in phase_titles(run).items():
                with box("li", "step") as row:
                    mark = box("span", "step-mark", aria_hidden="true")
                    with box("div", "step-body"):
                        heading(3, title)
                        words = Text("p", "", "hint figure")
                self._rows[phase] = (row, mark, words, "")

    def refresh(self, run: Run) -> None:
        is_over = run.state is RunState.ENDED
        now = (is_over and run.ended_at) or self._shell.site.clock.now()
        for number, phase in enumerate(self._rows, start=1):
            state = self._view.picture.phases[phase]
            row, mark, words, drawn = self._rows[phase]
            kind = {"now": "now", "done": "done", "failed": "bad"}.get(state.state, "todo")
            if phase is Phase.RELEASE and is_over and run.shown_pod_id:
                # The pod cannot tell of its own end; that it is gone was looked up.
                kind = "todo" if run.end_reason is EndReason.LOST else "done"
            elif is_over and kind == "now":
                kind = "bad"  # its last word was of this phase
            if kind != drawn:
                row.classes(replace=f"step step-{kind}")
                mark.clear()
                with mark:
                    _mark(kind, number)
                self._rows[phase] = (row, mark, words, kind)
            seconds = state.seconds
            if seconds is None and state.state == "now" and state.started_at is not None:
                seconds = max(0.0, (now - state.started_at).total_seconds())
            cost = _time_and_cents(seconds, run.price_per_hour_usd)
            words.text = " · ".join(part for part in (_phase_text(state), cost) if part)
            words.set_visibility(bool(words.text))


def _mark(kind: str, number: int) -> None:
    if kind == "done":
        icon("check", 14)
    elif kind == "bad":
        icon("cross", 14)
    else:
        Text("span", str(number))


def _phase_text(state: PhasePicture) -> str:
    if state.state == "waiting":
        return ""
    done = ""
    if state.done is not None and state.total and state.state != "done":
        done = amount(state.done, state.total, state.unit)
    word = {"now": "now", "failed": "ended early"}.get(state.state, "")
    detail = state.detail[:160] if state.state != "done" else ""
    return " · ".join(part for part in (word, done, detail) if part)


def _time_and_cents(seconds: float | None, price_per_hour_usd: float) -> str:
    if seconds is None:
        return ""
    return f"{duration(seconds)} · {dollars(price_per_hour_usd * seconds / 3600)}"


OF_A_REAL_POD = frozenset({"shared_user"})
"""Remarks on the image of a pod: in the demo, where the pod is a process, they mean nothing."""


def _remarks(view: RunView, *, is_demo: bool) -> None:
    shown = [one for one in view.picture.warnings if not (is_demo and one.code in OF_A_REAL_POD)]
    if not shown:
        return
    with details(f"{counted(len(shown), 'remark')} of the machine", marker="remarks"):
        for warning in reversed(shown):
            with notice("warning", ""):
                para(warning.message)
                if warning.what_to_do:
                    hint(on_page(warning.what_to_do))


def _receipt(shell: Shell, run: Run) -> None:
    found = receipt(shell.site.history, run)
    with card("Receipt"):
        facts(
            [
                ("Planned", dollars(found.planned_usd)),
                ("Metered by the GPU", dollars(found.metered_usd)),
                (
                    f"Billed by {shell.site.place.title}",
                    dollars(found.billed_usd) if found.billed_usd is not None else "not yet",
                ),
                ("Could have cost at the most", dollars(found.worst_case_usd)),
                ("Lasted", duration(found.seconds)),
                *([("No GPU busy", found.gpu_idle_text)] if found.gpu_idle_text else []),
            ]
        )
