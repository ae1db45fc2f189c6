"""The state of a run in words and colour, the same on every page."""

from __future__ import annotations

from launcher.domain.delivery import missing_text
from launcher.domain.run import Run, RunState
from launcher.ui.widgets.elements import Text, badge
from pod_image.contract.outcomes import EndReason, Phase

_EVERY_RUN = {
    Phase.BOOT: "Start the machine",
    Phase.FETCH: "Fetch the dataset",
    Phase.DELIVER: "Deliver the results",
    Phase.RELEASE: "Remove the GPU",
}
_STATES = {
    RunState.PLANNED: ("planned", "plain"),
    RunState.LAUNCHING: ("starting", "live"),
    RunState.RUNNING: ("running", "live"),
    RunState.ENDING: ("finishing", "live"),
}
_ENDS = {
    EndReason.FINISHED: ("finished", "good"),
    EndReason.STOPPED: ("stopped", "good"),
    EndReason.TIME_CAP: ("time cap", "warning"),
    EndReason.COST_CAP: ("cost cap", "warning"),
    EndReason.GPU_IDLE: ("GPU idle", "warning"),
    EndReason.STALLED: ("stalled", "warning"),
    EndReason.TRAINER_DIED: ("training crashed", "bad"),
    EndReason.FAILED: ("failed", "bad"),
    EndReason.BOOT_FAILED: ("did not start", "bad"),
    EndReason.ABORTED: ("cancelled", "warning"),
    EndReason.LOST: ("lost", "bad"),
}


def phase_titles(run: Run) -> dict[Phase, str]:
    """The steps of a run in order: those of every run, and the ones that its recipe has."""
    from launcher.recipes import recipe_of_run

    own = {
        phase: words.title for phase, words in recipe_of_run(run.settings_json).shown.phases.items()
    }
    titles = {**_EVERY_RUN, **own}
    return {phase: titles[phase] for phase in Phase if phase in titles}


def state_text(run: Run) -> tuple[str, str]:
    """Words and tone."""
    if run.state is not RunState.ENDED:
        return _STATES[run.state]
    words, tone = _ENDS[run.end_reason] if run.end_reason is not None else ("ended", "plain")
    missing = missing_text(run.not_delivered)
    return (f"{words}, {missing}", "bad") if missing else (words, tone)


def states_named(word: str) -> tuple[str, ...]:
    """States and end reasons, as the history writes them, whose words on the page hold this one."""
    states = [(one.value, words) for one, (words, _) in _STATES.items()]
    ends = [(one.value, words) for one, (words, _) in _ENDS.items()]
    return tuple(value for value, words in states + ends if word.casefold() in words.casefold())


def state_badge(run: Run) -> Text:
    return badge(*state_text(run))
