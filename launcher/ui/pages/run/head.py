"""The head of a run's page: state, money, time; and what can be done to it."""

from __future__ import annotations

from nicegui import ui

from launcher.domain.cost import cost_usd
from launcher.domain.run import Run, RunState
from launcher.domain.run_view import RunView
from launcher.services.common.places import place_of_run
from launcher.ui.frame import Shell
from launcher.ui.next_steps import on_page
from launcher.ui.pages.run.actions import RunActions
from launcher.ui.pages.run.how_far import progress
from launcher.ui.pages.run.notices import Standing, draw_notices, start_text
from launcher.ui.state.rented_row import rented_now
from launcher.ui.text import amount, at_moment, clock, pace, per_hour
from launcher.ui.widgets.elements import Text, badge, box, para
from launcher.ui.widgets.labelled_bar import LabelledBar
from launcher.ui.widgets.run_state import phase_titles, state_text
from pod_image.contract.figures import dollars, duration
from pod_image.contract.outcomes import EndReason

_FIGURES = ("Cost so far", "Expected total", "Running for", "Time left", "Speed", "GPU")
_WHILE_IT_RUNS = ("Expected total", "Time left", "Speed")


class RunHead:
    """Kept up to date by `refresh`; says in words what goes on and what went wrong."""

    def __init__(self, shell: Shell, run: Run, view: RunView) -> None:
        self._shell, self._view = shell, view
        self._said = ""
        self._notices_for: object = None
        with box("section", "card run-head", aria_label="State of the run"):
            with box("div", "row run-now"):
                self._badge = badge("")
                self._now = para("", "now-words")
            self.actions = RunActions(shell, run, view)
            self._figures: dict[str, Text] = {}
            self._titles: dict[str, Text] = {}
            self._places: dict[str, ui.element] = {}
            with box("div", "run-bars"):
                self._progress = LabelledBar("Progress")
                self._money = LabelledBar("Cost")
            with box("dl", "facts"):
                for name in _FIGURES:
                    with box("div") as place:
                        self._places[name], self._titles[name] = place, Text("dt", name)
                        self._figures[name] = Text("dd", "")
        self._notices = box("div", "stack-small")
        self.refresh(run)

    def refresh(self, run: Run) -> None:
        words, tone = state_text(run)
        self._badge.text = words
        self._badge.classes(replace=f"badge badge-{tone}")
        self._now.text = self._sentence(run)
        self._show_figures(run)
        self.actions.refresh(run)
        self._show_notices(run)
        if words != self._said:
            if self._said:
                self._shell.announce(f"{run.run_id}: {words}")
            self._said = words

    def _sentence(self, run: Run) -> str:
        view = self._view
        if run.state is RunState.ENDED:
            if run.end_reason is EndReason.LOST:
                return "The GPU is gone; this program did not remove it."
            now = self._shell.site.clock.now()
            ended = f" {at_moment(run.ended_at, now)}" if run.ended_at else ""
            return f"GPU removed{ended}." if run.shown_pod_id else "There was never a GPU."
        if not (run.pod_id or run.is_from_repo):
            return "Renting a GPU…"
        if view.picture.armed is None and run.armed_at is None:
            now = self._shell.site.clock.now()
            return start_text(now - (run.created_at or run.planned_at))
        if view.picture.phase is None:
            return "Running; it ends by itself."
        state = view.picture.phases[view.picture.phase]
        done = ""
        if state.done is not None and state.total:
            done = f", {amount(state.done, state.total, state.unit)}"
        if view.picture.step is not None and view.picture.phase.value == "train":
            total = (
                f" of {view.picture.step.total_steps:,}" if view.picture.step.total_steps else ""
            )
            done = f", step {view.picture.step.step:,}{total}"
        title = phase_titles(run).get(view.picture.phase, view.picture.phase.value)
        return f"{title}{done}"

    def _show_figures(self, run: Run) -> None:
        now = self._shell.site.clock.now()
        lasted = run.lasted_seconds(None if run.state is RunState.ENDED else now)
        seconds = lasted or 0.0
        spent = max(cost_usd(run.price_per_hour_usd, seconds), run.cost_usd or 0.0)
        if run.state is RunState.ENDED:
            spent = run.known_cost_usd or 0.0
        step = self._view.picture.step
        forecast = step.cost_at_end_usd if step is not None else None
        left = step.seconds_left if step is not None else None
        is_over = run.state is RunState.ENDED
        self._set("Cost so far", dollars(spent))
        self._set("Expected total", _known(forecast, dollars(forecast)))
        self._set("Running for", "not yet" if lasted is None else clock(seconds))
        soon = "under a minute" if left is not None and left < 60 else duration(left)
        self._set("Time left", _known(left, soon))
        self._set("GPU", f"{run.gpu_name}, {per_hour(run.price_per_hour_usd)}")
        speed = step.steps_per_second if step is not None else None
        self._set("Speed", "not known yet" if speed is None else pace(speed))
        for name in _WHILE_IT_RUNS:
            self._places[name].set_visibility(not is_over)
        self._titles["Cost so far"].text = "Cost" if is_over else "Cost so far"
        self._titles["Running for"].text = "Ran for" if is_over else "Running for"
        share = min(1.0, spent / run.most_usd) if run.most_usd else 0.0
        self._money.show(f"{share:.0%} of {dollars(run.most_usd)} at most", share)
        self._show_progress(is_over=is_over)

    def _show_progress(self, *, is_over: bool) -> None:
        """How far the phase under way is, and how long the run still takes; nothing where nobody knows."""
        done = None if is_over else progress(self._view.picture)
        self._progress.set_visibility(done is not None)
        if done is not None:
            self._progress.show(done.words, done.share)

    def _set(self, name: str, text: str) -> None:
        self._figures[name].text = text

    def _show_notices(self, run: Run) -> None:
        """Drawn anew only when what there is to say has changed."""
        standing = self._standing(run)
        if standing.key == self._notices_for:
            return
        self._notices_for = standing.key
        self._notices.clear()
        with self._notices:
            draw_notices(standing)

    def _standing(self, run: Run) -> Standing:
        site, view = self._shell.site, self._view
        launch = site.live.launches.of_run(run.nonce)
        rented = rented_now(site.live, site.clock.now())
        is_going = launch is not None and bool(launch.messages) and not launch.is_over
        return Standing(
            run=run,
            problem=next((row.problem for row in rented if row.run.nonce == run.nonce), ""),
            stage=launch.messages[-1].text if launch is not None and is_going else "",
            error=on_page(launch.error.message) if launch and launch.error else "",
            trouble=site.live.troubles.get(run.nonce, ""),
            has_key=site.can_rent(self._shell.tab, place_of_run(run)),
            is_watched=site.live.is_watched(run.nonce),
            restarts=view.restarts,
            heard_at=view.picture.heard_at,
        )


def _known(value: float | None, words: str) -> str:
    return "not known yet" if value is None else words
