"""What a run looks like now, gathered from observations one by one. Prints nothing."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache

from launcher.cli.terminal.layout import lasted, usd
from launcher.cli.terminal.next_steps import in_terminal
from launcher.domain.delivery import missing_text
from launcher.domain.pod_ids import named_pod
from launcher.domain.run import Run
from launcher.domain.run_picture import (
    OF_A_REAL_POD,
    PhasePicture,
    RunPicture,
    after,
    told_cost_usd,
)
from launcher.recipes import recipe_of_run
from launcher.recipes.base import Shown
from launcher.services.common.observations import (
    EventSeen,
    LogSeen,
    PlaceAnswers,
    PlaceSilent,
    PodSeen,
    ReleasedHere,
    RestartSeen,
)
from launcher.services.following.silence import silence_text
from pod_image.contract.bodies import (
    ArmedReport,
    Body,
    CheckpointWritten,
    Ended,
    Heartbeat,
    PhaseChange,
    RunWarning,
    Sample,
    Step,
    Upload,
)
from pod_image.contract.events import Event
from pod_image.contract.figures import counted
from pod_image.contract.outcomes import Phase
from pod_image.contract.results_address import results_kind

_EVERY_RUN = {
    Phase.BOOT: "the pod starts and shows that it can end itself",
    Phase.FETCH: "downloading what the run needs",
    Phase.PREPARE: "installing what the run needs",
    Phase.DELIVER: "delivering the results",
    Phase.RELEASE: "the pod ends itself",
}


@dataclass
class Picture:
    """One run as a terminal shows it. `see` takes observations; the rest is read."""

    run: Run | None = None
    told: RunPicture = field(default_factory=RunPicture)
    """By the pod's events alone."""
    pod_status: str = ""
    warnings: list[str] = field(default_factory=list)
    last_line: str = ""
    is_demo: bool = False
    now: Callable[[], float] = time.monotonic
    _heard_at: float = 0.0
    """By our clock; what the pod says has the pod's."""
    _priced_at: float = 0.0
    _cost_then_usd: float = 0.0

    def see(self, seen: object) -> str:
        """Take in one observation; a line about it where it is worth one, else nothing."""
        match seen:
            case EventSeen(event=event):
                return self._event(event)
            case PodSeen(pod=pod):
                is_news = self.pod_status != pod.status.value
                self.pod_status = pod.status.value
                return f"{named_pod(pod.id)} is {pod.status.value}" if is_news else ""
            case RestartSeen():
                return self._warn("the container was restarted; it resumes or delivers")
            case ReleasedHere(pod_id=pod_id, why=why):
                return f"{named_pod(pod_id)} was released from here: {why}"
            case PlaceSilent() | PlaceAnswers():
                return silence_text(seen)
            case LogSeen(source=source, text=text):
                self.last_line = text if source == "container" else self.last_line
        return ""

    @property
    def shown(self) -> Shown:
        """What there is to show of this run beside what every run has."""
        return _shown_of(self.run.settings_json if self.run else "{}")

    @property
    def phase_share(self) -> float | None:
        state = self._phase_state
        if state.done is None or not state.total:
            return None
        return min(1.0, state.done / state.total)

    @property
    def phase_seconds(self) -> float | None:
        """By the pod's clock until it was last heard, and by ours since; None where its beginning was not heard."""
        began, heard = self._phase_state.started_at, self.told.heard_at
        if began is None or heard is None:
            return None
        return max(0.0, (heard - began).total_seconds()) + self._until - self._heard_at

    @property
    def losses(self) -> list[float]:
        """Those of the loss that people watch, as they came; older ones are means of several."""
        step = self.told.step
        curve = self.told.curves.get(main_loss_name(step, self.shown)) if step else None
        return [value for _, value in curve.shown()] if curve else []

    @property
    def cost_usd(self) -> float:
        """By the pod's last word, and the price for the time since."""
        price = self.run.price_per_hour_usd if self.run else 0.0
        if not self._priced_at:
            return 0.0
        return self._cost_then_usd + price * (self._until - self._priced_at) / 3600.0

    @property
    def _phase_state(self) -> PhasePicture:
        return self.told.phases[self.told.phase] if self.told.phase else PhasePicture()

    @property
    def _until(self) -> float:
        """What counts time and money counts to here: once the run is over, no further."""
        return self.now() if self.told.ended is None else self._heard_at

    def meter(self, cost_usd: float) -> None:
        """The cost is so much at this moment."""
        self._priced_at, self._cost_then_usd = self.now(), cost_usd

    def _event(self, event: Event) -> str:
        self.told, before = after(self.told, event), self.told
        if self.told is not before:
            self._heard_at = self.now()
            cost_usd = told_cost_usd(event.body)
            if cost_usd is not None:
                self.meter(cost_usd)
        return self.text_of(event.body)

    def text_of(self, body: Body) -> str:
        """The line about it alone, where it is worth one."""
        match body:
            case PhaseChange():
                return phase_change_text(body, self.shown)
            case Step():
                return step_text(body, self.shown)
            case ArmedReport(works=True):
                if self.run is not None and self.run.is_cluster:
                    return "armed: the nodes are ready; this computer releases them at the end"
                return "armed: the pod can end itself and no longer needs this computer"
            case ArmedReport():
                return self._warn("the pod cannot end itself")
            case Heartbeat():
                return body.detail
            case RunWarning():
                if self.is_demo and body.code in OF_A_REAL_POD:
                    return ""
                return self._warn(f"{body.message} {in_terminal(body.what_to_do)}".strip())
            case CheckpointWritten():
                return f"checkpoint at step {body.step:,}"
            case Sample():
                return f"sample at step {body.step:,}: {body.path}"
            case Upload():
                where = results_kind(self.run.results_repo if self.run else "")
                return f"{counted(len(body.files), 'file is', 'files are')} in the {where}"
            case Ended():
                missing = missing_text(body.missing_count)
                return f"ended: {body.reason.sentence}" + (f" {missing}." if missing else "")
        return ""

    def _warn(self, text: str) -> str:
        self.warnings.append(text)
        return f"warning: {text}"


@cache
def _shown_of(settings_json: str) -> Shown:
    return recipe_of_run(settings_json).shown


def phase_change_text(change: PhaseChange, shown: Shown) -> str:
    """A line for the beginning and the end of a phase; how it gets on is none."""
    if change.state == "started":
        return f"{change.phase.value}: {phase_text(change.phase, shown)}"
    if change.state == "ended":
        seconds = f" after {lasted(change.seconds)}" if change.seconds is not None else ""
        return f"{change.phase.value} done{seconds}"
    return ""


def phase_text(phase: Phase, shown: Shown) -> str:
    """What happens in a phase, as half a sentence."""
    own = shown.phases.get(phase)
    return own.sentence if own else _EVERY_RUN.get(phase, phase.value)


def main_loss_name(step: Step, shown: Shown) -> str:
    """The loss people watch where the recipe names one, else the first."""
    return shown.main_loss if shown.main_loss in step.losses else next(iter(step.losses), "")


def step_text(step: Step, shown: Shown) -> str:
    """One line about a step: how far, loss, speed, time left, money."""
    parts = [step_count(step), *step_figures(step, shown)]
    if step.cost_usd is not None:
        at_end = f", {usd(step.cost_at_end_usd)} at the end" if step.cost_at_end_usd else ""
        parts.append(f"{usd(step.cost_usd)} so far{at_end}")
    return ", ".join(parts)


def step_count(step: Step) -> str:
    total = f" of {step.total_steps:,}" if step.total_steps else ""
    return f"step {step.step:,}{total}"


def step_figures(step: Step, shown: Shown, drawn_losses: str = "") -> list[str]:
    """Loss, speed and time left, as far as they are known."""
    parts = []
    loss = step.losses.get(main_loss_name(step, shown))
    if loss is not None:
        parts.append(f"loss {loss:.3f} {drawn_losses}".rstrip())
    if step.steps_per_second:
        parts.append(f"{step.steps_per_second:.2f} steps/s")
    if step.seconds_left is not None:
        parts.append(f"{lasted(step.seconds_left)} left")
    return parts
