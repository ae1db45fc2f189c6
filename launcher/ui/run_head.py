"""The head of a run's page: state, money, time; and what can be done to it."""

from __future__ import annotations

from launcher.domain.cost import cost_usd
from launcher.domain.run import Run, RunState
from launcher.ui.frame import Shell
from launcher.ui.parts.elements import (
    Text,
    attributes,
    badge,
    box,
    button_link,
    link,
    notice,
    para,
    say,
)
from launcher.ui.run_actions import RunActions
from launcher.ui.run_view import RunView
from launcher.ui.run_words import PHASE_TITLES, state_words
from launcher.ui.words import amount, clock, dollars, duration, per_hour, time_of_day


class RunHead:
    """Kept up to date by `refresh`; says in words what goes on and what went wrong."""

    def __init__(self, shell: Shell, run: Run, view: RunView) -> None:
        self._shell, self._view = shell, view
        self._said = ""
        self._notices_for: object = None
        with box("section", "card", aria_label="State of the run"):
            with box("div", "row"):
                self._badge = badge("")
                self._now = para("", "now-words")
            self._figures: dict[str, Text] = {}
            with box("dl", "facts"):
                for name in (
                    "Cost so far",
                    "Expected at the end",
                    "Running for",
                    "Time left",
                    "GPU",
                ):
                    with box("div"):
                        Text("dt", name)
                        self._figures[name] = Text("dd", "")
            self._meter = box("progress", aria_label="Cost so far, of the cost cap", max="100")
            self.actions = RunActions(shell, run, view)
        self._notices = box("div", "stack-small")
        self.refresh(run)

    def refresh(self, run: Run) -> None:
        words, tone = state_words(run)
        self._badge.text = words
        self._badge.classes(replace=f"badge badge-{tone}")
        self._now.text = self._sentence(run)
        self._show_figures(run)
        self.actions.refresh(run)
        self._show_notices(run)
        if words != self._said:
            if self._said:
                self._shell.announce(f"{run.run_id} is now: {words}")
            self._said = words

    def _sentence(self, run: Run) -> str:
        view = self._view
        if run.state is RunState.ENDED:
            ended = f" at {time_of_day(run.ended_at)}" if run.ended_at else ""
            return f"GPU removed{ended}." if run.pod_id else "Nothing was rented."
        if not run.pod_id:
            return "Renting a GPU…"
        if view.armed is None and run.armed_at is None:
            return "The GPU is being prepared; it can take some minutes."
        if view.phase is None:
            return "Running; it ends by itself."
        state = view.phases[view.phase]
        done = ""
        if state.done is not None and state.total:
            done = f", {amount(state.done, state.total, state.unit)}"
        if view.step is not None and view.phase.value == "train":
            total = f" of {view.step.total_steps:,}" if view.step.total_steps else ""
            done = f", step {view.step.step:,}{total}"
        return f"{PHASE_TITLES[view.phase]}{done}"

    def _show_figures(self, run: Run) -> None:
        now = self._shell.site.clock.now()
        start = run.created_at
        end = run.ended_at if run.state is RunState.ENDED else now
        seconds = max(0.0, (end - start).total_seconds()) if start and end else 0.0
        spent = max(cost_usd(run.price_per_hour_usd, seconds), run.cost_usd or 0.0)
        if run.state is RunState.ENDED:
            spent = run.billed_usd if run.billed_usd is not None else run.cost_usd or 0.0
        step = self._view.step
        forecast = step.cost_at_end_usd if step is not None else None
        left = step.seconds_left if step is not None else None
        is_over = run.state is RunState.ENDED
        self._set("Cost so far", f"{dollars(spent)} of {dollars(run.max_cost_usd)} at most")
        self._set("Expected at the end", "over" if is_over else _known(forecast, dollars(forecast)))
        self._set("Running for", clock(seconds) if start else "not yet")
        soon = "under a minute" if left is not None and left < 60 else duration(left)
        self._set("Time left", "over" if is_over else _known(left, soon))
        self._set("GPU", f"{run.gpu_name}, {per_hour(run.price_per_hour_usd)}")
        share = min(100.0, 100.0 * spent / run.max_cost_usd) if run.max_cost_usd else 0.0
        attributes_if_changed(self._meter, value=f"{share:.1f}")

    def _set(self, name: str, text: str) -> None:
        self._figures[name].text = text

    def _show_notices(self, run: Run) -> None:
        """Drawn anew only when what there is to say has changed."""
        live = self._shell.site.live
        launch = live.launch_of(run.nonce)
        problem = next(
            (
                row.problem
                for row in live.rented(self._shell.site.clock.now())
                if row.run.nonce == run.nonce
            ),
            "",
        )
        stage = (
            launch.messages[-1].text if launch and launch.messages and not launch.is_over else ""
        )
        error = launch.error.message if launch and launch.error else ""
        trouble = live.troubles.get(run.nonce, "")
        has_key = bool(self._shell.site.sessions.keys_of(self._shell.tab).runpod)
        is_watched = live.is_watched(run.nonce)
        facts = (
            run.state, run.end_reason, run.detail, problem, stage[:200], error, trouble,
            has_key, is_watched, self._view.restarts,
        )  # fmt: skip
        if facts == self._notices_for:
            return
        self._notices_for = facts
        self._notices.clear()
        with self._notices:
            if problem:
                _alarm(problem)
            if run.state is RunState.ENDED:
                _ended(run, self._view)
            else:
                _under_way(run, stage, error, trouble, has_key=has_key, is_watched=is_watched)
            if self._view.restarts and run.state is not RunState.ENDED:
                say(
                    "note",
                    "The machine was started again",
                    "It goes on from the newest checkpoint.",
                )


def _known(value: float | None, words: str) -> str:
    return "not known yet" if value is None else words


def attributes_if_changed(element: object, **values: str) -> None:
    props = element.props  # type: ignore[attr-defined]
    if any(props.get(name) != value for name, value in values.items()):
        attributes(element, **values)  # type: ignore[arg-type]


def _alarm(problem: str) -> None:

    with notice(
        "bad",
        f"This may still cost money: {problem}.",
        "Press “Stop and remove” above. If that fails, open RunPod's console and terminate the pod by hand.",
        alert=True,
    ):
        link("Open RunPod's console", "https://www.runpod.io/console/pods", new_tab=True)


def _ended(run: Run, view: RunView) -> None:
    reason = run.end_reason
    tone = "good" if reason is not None and reason.is_success else "warning"
    if reason is not None and reason.value in ("failed", "trainer_died", "boot_failed", "lost"):
        tone = "bad"
    title = reason.sentence if reason is not None else "The run is over."
    hint = view.ended.hint if view.ended is not None else ""
    detail = "" if run.detail == title else run.detail
    say(tone, title, " ".join(part for part in (detail, hint) if part))  # type: ignore[arg-type]


def _under_way(
    run: Run, stage: str, error: str, trouble: str, *, has_key: bool, is_watched: bool
) -> None:

    if error:
        say("bad", "The launch failed", error, alert=True)
    elif stage:
        say(
            "note",
            stage,
            "Until the GPU reports itself ready, this program watches over it: leave it running. You may "
            "close this tab.",
        )
    elif trouble:
        say(
            "warning",
            "No contact with the GPU",
            f"{trouble} It may still run and cost money; its caps hold without us. Trying again.",
        )
    elif not is_watched and not has_key and run.pod_id:
        with notice(
            "note",
            "These are the last known figures",
            f"The run goes on and ends by itself, at {dollars(run.max_cost_usd)} or "
            f"{run.max_hours:g} hours at the latest. Enter the RunPod key to see it live.",
        ):
            button_link("Enter the key", "/keys", symbol="key", primary=True)
