"""How far the run has got: what watchdog, forecast, record and last word read. Fed by events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pod_image.agent.course import Course
from pod_image.agent.gpu_idle import GpuIdleMeter
from pod_image.agent.pace import PaceMeter
from pod_image.agent.upload_pace import UploadPace
from pod_image.contract.bodies import (
    Body,
    CheckpointWritten,
    PhaseChange,
    PhaseSeconds,
    Sample,
    Step,
)
from pod_image.contract.outcomes import Phase
from pod_image.contract.record import KeptCheckpoint

_LOSS_WINDOW = 5
_GETTING_ON = (Step, CheckpointWritten, Sample, PhaseChange)


@dataclass
class Losses:
    """Mean of the first and of the last five values of the loss that a recipe names first."""

    first_values: list[float] = field(default_factory=list)
    last_values: list[float] = field(default_factory=list)

    def add(self, losses: Mapping[str, float]) -> None:
        if not losses:
            return
        value = next(iter(losses.values()))
        if len(self.first_values) < _LOSS_WINDOW:
            self.first_values.append(value)
        self.last_values = [*self.last_values, value][-_LOSS_WINDOW:]

    @property
    def first(self) -> float | None:
        return _mean(self.first_values)

    @property
    def last(self) -> float | None:
        return _mean(self.last_values)


@dataclass
class Progress:
    """Times are the cloud's, unix seconds; they are None until the thing has happened."""

    phase: Phase = Phase.BOOT
    phase_started_at: float = 0.0
    progress_at: float = 0.0
    """When the run last got on: a step, or a sign of getting on in a phase without steps."""
    first_step_at: float | None = None
    gpu_busy_at: float | None = None
    """When a GPU last did something; None as long as no GPU can be read."""
    step: int = 0
    total_steps: int | None = None
    seconds_left: float | None = None
    upload: UploadPace = field(default_factory=UploadPace)
    to_go_bytes: int = 0
    """About how much would have to be delivered if the work ended now."""
    checkpoint: KeptCheckpoint | None = None
    sample_path: str | None = None
    """The newest sample on disk, below the run's folder."""
    losses: Losses = field(default_factory=Losses)
    course: Course = field(default_factory=Course)
    pace: PaceMeter = field(default_factory=PaceMeter)
    gpu_idle: GpuIdleMeter = field(default_factory=GpuIdleMeter)
    phases: dict[Phase, float] = field(default_factory=dict)

    def enter(self, phase: Phase, now: float) -> None:
        self.phase = phase
        self.gpu_idle.enter(phase, now)
        self.phase_started_at = self.progress_at = now

    def leave(self, now: float) -> float:
        """The phase is over. Returns its seconds."""
        seconds = max(0.0, now - self.phase_started_at)
        self.phases[self.phase] = self.phases.get(self.phase, 0.0) + seconds
        return seconds

    def phase_seconds(self) -> tuple[PhaseSeconds, ...]:
        return tuple(
            PhaseSeconds(name=name, seconds=round(seconds, 2))
            for name, seconds in self.phases.items()
        )

    def heard(self, body: Body, now: float) -> None:
        """Take in one event of the recipe."""
        if isinstance(body, _GETTING_ON):
            self.progress_at = now
        self.course.heard(body)
        match body:
            case Step():
                self._stepped(body, now)
            case CheckpointWritten():
                self.checkpoint = KeptCheckpoint(step=body.step, paths=(body.path,))
            case Sample():
                self.sample_path = body.path

    def _stepped(self, step: Step, now: float) -> None:
        if self.first_step_at is None:
            self.first_step_at = now
        self.pace.stepped(step)
        self.step = max(self.step, step.step)
        self.total_steps = step.total_steps or self.total_steps
        self.seconds_left = seconds_left(step)
        self.losses.add(step.losses)


def seconds_left(step: Step) -> float | None:
    """What a step says about the time left, or what follows from its speed."""
    if step.seconds_left is not None:
        return step.seconds_left
    if not step.total_steps or not step.steps_per_second:
        return None
    return max(0.0, (step.total_steps - step.step) / step.steps_per_second)


def _mean(values: list[float]) -> float | None:
    return sum(values) / len(values) if values else None
