"""What is known of one run, put together from its events. Bounded memory; pure, no clock, no page."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime

from launcher.ui.state.curves import Curve
from pod_image.contract.bodies import (
    ArmedReport,
    CheckpointWritten,
    CommandReceipt,
    Ended,
    Heartbeat,
    MachineReading,
    PhaseChange,
    RunWarning,
    Sample,
    Step,
    Upload,
    UploadedFile,
)
from pod_image.contract.events import Event, Stamped, tells
from pod_image.contract.outcomes import Phase

LOG_LINES = 5_000
"""As many as the provider's own log holds."""
SAMPLES = 2_000
MARKS = 500
WARNINGS = 100
MACHINE_POINTS = 300


@dataclass
class PhaseState:
    state: str = "waiting"
    """"waiting", "now", "done" or "failed"."""
    started_at: datetime | None = None
    seconds: float | None = None
    done: float | None = None
    total: float | None = None
    unit: str = ""
    detail: str = ""


@dataclass(frozen=True)
class LogEntry:
    number: int
    text: str
    source: str = "container"
    at: datetime | None = None


@dataclass
class RunView:
    """`version` counts up with every change, so that a page knows whether to draw again."""

    version: int = 0
    last_seq: int = 0
    heard_at: datetime | None = None
    phases: dict[Phase, PhaseState] = field(
        default_factory=lambda: {phase: PhaseState() for phase in Phase}
    )
    armed: Stamped[ArmedReport] | None = None
    step: Step | None = None
    curves: dict[str, Curve] = field(default_factory=dict)
    speed: Curve = field(default_factory=lambda: Curve(keep=MACHINE_POINTS))
    machine: Stamped[MachineReading] | None = None
    gpu_use: Curve = field(default_factory=lambda: Curve(keep=MACHINE_POINTS))
    samples: deque[Stamped[Sample]] = field(default_factory=lambda: deque(maxlen=SAMPLES))
    checkpoints: deque[CheckpointWritten] = field(default_factory=lambda: deque(maxlen=MARKS))
    files: dict[str, UploadedFile] = field(default_factory=dict)
    receipts: dict[str, CommandReceipt] = field(default_factory=dict)
    warnings: deque[RunWarning] = field(default_factory=lambda: deque(maxlen=WARNINGS))
    log: deque[LogEntry] = field(default_factory=lambda: deque(maxlen=LOG_LINES))
    log_count: int = 0
    ended: Ended | None = None
    ended_at: datetime | None = None
    cost_usd: float | None = None
    """The pod's own last word on it."""
    restarts: int = 0

    def take(self, event: Event) -> None:
        """Take in one event; one that was seen before changes nothing."""
        if event.seq <= self.last_seq:
            return
        self.last_seq = event.seq
        self.heard_at = event.at
        self.version += 1
        if tells(event, ArmedReport):
            self.armed = event
        if tells(event, Sample):
            self.samples.append(event)
        match event.body:
            case PhaseChange() as change:
                self._take_phase(change, event.at)
            case Step() as step:
                self._take_step(step)
            case MachineReading():
                self._take_machine(event)
            case CheckpointWritten() as checkpoint:
                self.checkpoints.append(checkpoint)
            case Upload(files=files):
                self.files.update({file.path: file for file in files})
            case CommandReceipt() as receipt:
                self.receipts[receipt.id] = receipt
            case RunWarning() as warning:
                self.warnings.append(warning)
            case Heartbeat(cost_usd=cost_usd):
                self.cost_usd = cost_usd if cost_usd is not None else self.cost_usd
            case Ended() as ended:
                self.ended_at = event.at
                self._take_end(ended)

    def take_log(self, text: str, source: str = "container", at: datetime | None = None) -> None:
        self.log_count += 1
        self.log.append(LogEntry(self.log_count, text, source, at))
        self.version += 1

    def take_restart(self) -> None:
        """The container was started again: phases that were under way begin anew."""
        self.restarts += 1
        self.version += 1

    @property
    def phase(self) -> Phase | None:
        """The phase under way, or the last one that was."""
        current = [
            phase for phase, state in self.phases.items() if state.state in ("now", "failed")
        ]
        if current:
            return current[-1]
        done = [phase for phase, state in self.phases.items() if state.state == "done"]
        return done[-1] if done else None

    def _take_phase(self, event: PhaseChange, at: datetime) -> None:
        state = self.phases[event.phase]
        if event.state == "started":
            self._close_before(event, at)
            state.state, state.started_at, state.seconds = "now", at, None
        elif event.state == "ended":
            state.state, state.seconds = "done", event.seconds
        state.done = event.done if event.done is not None else state.done
        state.total = event.total if event.total is not None else state.total
        state.unit = event.unit or state.unit
        state.detail = event.detail or state.detail

    def _close_before(self, event: PhaseChange, at: datetime) -> None:
        # A phase whose end was not heard (a restart, a cut log) is over when the next one starts.
        for phase, state in self.phases.items():
            if phase is not event.phase and state.state == "now":
                state.state = "done"
                if state.started_at is not None:
                    state.seconds = (at - state.started_at).total_seconds()

    def _take_step(self, event: Step) -> None:
        self.step = event
        self.cost_usd = event.cost_usd if event.cost_usd is not None else self.cost_usd
        for name, value in event.losses.items():
            self.curves.setdefault(name, Curve()).add(event.step, value)
        if event.steps_per_second is not None:
            self.speed.add(event.step, event.steps_per_second)

    def _take_machine(self, event: Event) -> None:
        if not tells(event, MachineReading):
            return
        self.machine = event
        used = [gpu.use_percent for gpu in event.body.gpus if gpu.use_percent is not None]
        if used:
            self.gpu_use.add(event.at.timestamp(), sum(used) / len(used))

    def _take_end(self, event: Ended) -> None:
        self.ended = event
        self.cost_usd = event.cost_usd if event.cost_usd is not None else self.cost_usd
        for file in event.delivered:
            self.files[file.path] = file
        for part in event.phases:
            state = self.phases[part.name]
            state.seconds = part.seconds
            if state.state == "waiting":
                state.state = "done"
        for state in self.phases.values():
            if state.state == "now":
                state.state = "done" if event.reason.delivers else "failed"
