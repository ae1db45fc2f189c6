"""What a run looks like now, gathered from observations one by one. Prints nothing."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from launcher.cli.terminal.layout import lasted, usd
from launcher.cli.terminal.next_steps import in_terminal
from launcher.domain.delivery import missing_text
from launcher.domain.run import Run
from launcher.recipes import recipe_of_run
from launcher.recipes.base import Shown
from launcher.services.common.observations import (
    EventSeen,
    LogSeen,
    PodSeen,
    ReleasedHere,
    RestartSeen,
)
from pod_image.contract.bodies import (
    ArmedReport,
    Body,
    CheckpointWritten,
    Ended,
    Heartbeat,
    MachineReading,
    PhaseChange,
    RunWarning,
    Sample,
    Step,
    Upload,
)
from pod_image.contract.events import Event, Stamped, tells
from pod_image.contract.outcomes import Phase

_EVERY_RUN = {
    Phase.BOOT: "the pod starts and proves that it can end itself",
    Phase.FETCH: "the dataset is fetched",
    Phase.DELIVER: "the results go to Hugging Face",
    Phase.RELEASE: "the pod ends itself",
}


@dataclass
class Picture:
    """The present state of one run. `see` takes observations; the rest is read."""

    run: Run | None = None
    pod_status: str = ""
    phase: Phase | None = None
    phase_share: float | None = None
    step: Step | None = None
    machine: MachineReading | None = None
    ended: Stamped[Ended] | None = None
    losses: list[float] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    last_line: str = ""
    now: Callable[[], float] = time.monotonic
    _phase_began: float = 0.0
    _priced_at: float = 0.0
    _cost_then_usd: float = 0.0
    _over_at: float | None = None

    def see(self, seen: object) -> str:
        """Take in one observation; a line about it where it is worth one, else nothing."""
        match seen:
            case EventSeen(event=event):
                return self._event(event)
            case PodSeen(pod=pod):
                is_news = self.pod_status != pod.status.value
                self.pod_status = pod.status.value
                return f"pod {pod.id} is {pod.status.value}" if is_news else ""
            case RestartSeen():
                return self._warn("the container was started again; it resumes or delivers")
            case ReleasedHere(pod_id=pod_id, why=why):
                return f"pod {pod_id} was released from here: {why}"
            case LogSeen(source=source, text=text):
                self.last_line = text if source == "container" else self.last_line
        return ""

    @property
    def shown(self) -> Shown:
        """What there is to show of this run beside what every run has."""
        return recipe_of_run(self.run.settings_json if self.run else "{}").shown

    @property
    def phase_seconds(self) -> float:
        return self._until - self._phase_began if self.phase else 0.0

    @property
    def _until(self) -> float:
        """What counts time and money counts to here: once the run is over, no further."""
        return self.now() if self._over_at is None else self._over_at

    @property
    def cost_usd(self) -> float:
        """By the pod's last word, and the price for the time since."""
        price = self.run.price_per_hour_usd if self.run else 0.0
        if not self._priced_at:
            return 0.0
        return self._cost_then_usd + price * (self._until - self._priced_at) / 3600.0

    def meter(self, cost_usd: float) -> None:
        """The cost is so much at this moment."""
        self._priced_at, self._cost_then_usd = self.now(), cost_usd

    def _event(self, event: Event) -> str:
        if tells(event, Ended):
            self.ended = event
        return self._said(event.body)

    def _said(self, event: Body) -> str:
        match event:
            case PhaseChange():
                return self._phase(event)
            case Step():
                return self._step(event)
            case ArmedReport():
                return self._armed(event)
            case Heartbeat():
                self._take_cost(event.cost_usd)
                return event.detail
            case MachineReading():
                self.machine = event
            case RunWarning():
                return self._warn(f"{event.message} {in_terminal(event.what_to_do)}".strip())
            case CheckpointWritten():
                return f"checkpoint at step {event.step:,}"
            case Sample():
                return f"sample at step {event.step:,}: {event.path}"
            case Upload():
                return f"{len(event.files)} files are in the results repo"
            case Ended():
                self._take_cost(event.cost_usd)
                self._over_at = self.now()
                missing = missing_text(event.missing_count)
                return f"ended: {event.reason.sentence}" + (f" {missing}." if missing else "")
        return ""

    def _phase(self, event: PhaseChange) -> str:
        seconds = f" after {lasted(event.seconds)}" if event.seconds is not None else ""
        if event.state == "ended":
            return f"{event.phase.value} done{seconds}"
        if event.state == "started":
            self.phase, self._phase_began = event.phase, self.now()
            self.phase_share = None
            return f"{event.phase.value}: {phase_text(event.phase, self.shown)}"
        if event.done is not None and event.total:
            self.phase_share = min(1.0, event.done / event.total)
        return ""

    def _step(self, event: Step) -> str:
        self.step = event
        loss = main_loss(event, self.shown)
        if loss is not None:
            self.losses.append(loss)
        self._take_cost(event.cost_usd)
        return step_text(event, self.shown)

    def _armed(self, event: ArmedReport) -> str:
        if event.works:
            return "armed: the pod can end itself and needs nobody from here on"
        return self._warn("the pod cannot end itself")

    def _take_cost(self, cost_usd: float | None) -> None:
        if cost_usd is not None:
            self.meter(cost_usd)

    def _warn(self, text: str) -> str:
        self.warnings.append(text)
        return f"warning: {text}"


def phase_text(phase: Phase, shown: Shown) -> str:
    """What happens in a phase, as half a sentence."""
    own = shown.phases.get(phase)
    return own.sentence if own else _EVERY_RUN.get(phase, phase.value)


def main_loss(event: Step, shown: Shown) -> float | None:
    """The loss people watch where the recipe names one, else the first."""
    return event.losses.get(shown.main_loss, next(iter(event.losses.values()), None))


def step_text(event: Step, shown: Shown) -> str:
    """One line about a step: how far, loss, speed, time left, money."""
    total = f" of {event.total_steps:,}" if event.total_steps else ""
    parts = [f"step {event.step:,}{total}"]
    loss = main_loss(event, shown)
    if loss is not None:
        parts.append(f"loss {loss:.3f}")
    if event.steps_per_second:
        parts.append(f"{event.steps_per_second:.2f} steps/s")
    if event.seconds_left is not None:
        parts.append(f"{lasted(event.seconds_left)} left")
    if event.cost_usd is not None:
        at_end = f", {usd(event.cost_at_end_usd)} at the end" if event.cost_at_end_usd else ""
        parts.append(f"{usd(event.cost_usd)} so far{at_end}")
    return ", ".join(parts)
