"""The steps of a run: which are through, which is under way, what each took and cost."""

from __future__ import annotations

from nicegui import ui

from launcher.domain.run import Run, RunState
from launcher.domain.run_picture import PhasePicture
from launcher.domain.run_view import RunView
from launcher.ui.frame import Shell
from launcher.ui.text import amount
from launcher.ui.widgets.elements import Text, box, card, heading, icon
from launcher.ui.widgets.run_state import phase_titles
from pod_image.contract.figures import dollars, duration
from pod_image.contract.outcomes import EndReason, Phase


class Phases:
    """An ordered list; a phase's words are set anew, its element is not."""

    def __init__(self, shell: Shell, run: Run, view: RunView) -> None:
        self._shell, self._view = shell, view
        self._rows: dict[Phase, tuple[ui.element, ui.element, Text, str]] = {}
        with card("Steps of the run"), box("ol", "steps phases"):
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
            words.text = " · ".join(
                part for part in (_phase_text(state, is_over=is_over), cost) if part
            )
            words.set_visibility(bool(words.text))


def _mark(kind: str, number: int) -> None:
    if kind == "done":
        icon("check", 14)
    elif kind == "bad":
        icon("cross", 14)
    else:
        Text("span", str(number))


def _phase_text(state: PhasePicture, *, is_over: bool) -> str:
    if state.state == "waiting":
        return ""
    done = ""
    if state.done is not None and state.total and state.state != "done":
        done = amount(state.done, state.total, state.unit)
    word = {"now": "not finished" if is_over else "now", "failed": "ended early"}.get(
        state.state, ""
    )
    detail = state.detail[:160] if state.state != "done" else ""
    return " · ".join(part for part in (word, done, detail) if part)


def _time_and_cents(seconds: float | None, price_per_hour_usd: float) -> str:
    if seconds is None:
        return ""
    return f"{duration(seconds)} · {dollars(price_per_hour_usd * seconds / 3600)}"
