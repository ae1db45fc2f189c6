"""What is known of one run, put together from its events one by one. Pure: no clock, no page, no terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import reduce
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeVar

from pod_image.contract.bodies import (
    ArmedReport,
    Body,
    CheckpointWritten,
    Ended,
    Heartbeat,
    InstructionReceipt,
    MachineReading,
    PhaseChange,
    RunWarning,
    Sample,
    Step,
    Upload,
    UploadedFile,
)
from pod_image.contract.curve import Curve
from pod_image.contract.events import Event, Stamped, tells
from pod_image.contract.outcomes import Phase

SAMPLES = 2_000
CHECKPOINTS = 500
WARNINGS = 100
CURVES = 100
"""More losses than anybody looks at: what a pod says is not trusted to be sensible."""
MACHINE_POINTS = 300
GPUS = 16
"""Of one machine that are drawn."""

T = TypeVar("T")
_EMPTY = Curve()
_NARROW = Curve(keep=MACHINE_POINTS)
_THAT_TELL_THE_COST = (Step, Heartbeat, Ended)


GaugeKind = Literal["gpu_use", "gpu_memory", "gpu_temperature", "processor", "memory", "disk"]


class Gauge(NamedTuple):
    """What a machine tells again and again. `gpu` counts from 0, and is None for what is not a GPU's."""

    kind: GaugeKind
    gpu: int | None = None


_OF_A_GPU: tuple[GaugeKind, ...] = ("gpu_use", "gpu_memory", "gpu_temperature")
_OF_THE_REST: tuple[GaugeKind, ...] = ("processor", "memory", "disk")


class PhasePicture(NamedTuple):
    state: str = "waiting"
    """"waiting", "now", "done" or "failed"."""
    started_at: datetime | None = None
    seconds: float | None = None
    done: float | None = None
    total: float | None = None
    unit: str = ""
    detail: str = ""


OF_A_REAL_POD = frozenset({"shared_user"})
"""Remarks on the image of a pod: in the demo, where the pod is a process, they mean nothing."""
_BEFORE: Mapping[Phase, PhasePicture] = {phase: PhasePicture() for phase in Phase}


@dataclass(frozen=True)
class RunPicture:
    """The state of a run as its pod has told it; never changed, only followed by another one.

    However long a run is, it stays small: beside its files and the receipts of its instructions everything is bounded.
    """

    last_seq: int = 0
    heard_at: datetime | None = None
    """When the pod said the newest event."""
    phase: Phase | None = None
    """The one under way, or the last one that was."""
    phases: Mapping[Phase, PhasePicture] = field(default_factory=lambda: _BEFORE)
    armed: Stamped[ArmedReport] | None = None
    step: Step | None = None
    curves: Mapping[str, Curve] = field(default_factory=dict)
    """Of each loss."""
    scores: Mapping[str, Curve] = field(default_factory=dict)
    """Of each score of its checkpoints."""
    speed: Curve = _NARROW
    machine: Stamped[MachineReading] | None = None
    gpu_use: Curve = _NARROW
    """The mean of all GPUs."""
    gauges: Mapping[Gauge, Curve] = field(default_factory=dict)
    """What the machine told, over Unix seconds."""
    samples: tuple[Stamped[Sample], ...] = ()
    checkpoints: tuple[CheckpointWritten, ...] = ()
    best: CheckpointWritten | None = None
    """The newest that its training judged to be the best so far."""
    files: Mapping[str, UploadedFile] = field(default_factory=dict)
    """What is in the results repo, by path."""
    receipts: Mapping[str, InstructionReceipt] = field(default_factory=dict)
    warnings: tuple[RunWarning, ...] = ()
    last_word: Stamped[Ended] | None = None
    cost_usd: float | None = None
    """The pod's own last word on it."""

    @property
    def scalars(self) -> Mapping[str, Curve]:
        """Every curve over steps: losses, then scores."""
        more = {name: curve for name, curve in self.scores.items() if name not in self.curves}
        return {**self.curves, **more} if more else self.curves

    @property
    def ended(self) -> Ended | None:
        return self.last_word.body if self.last_word is not None else None


if TYPE_CHECKING:
    from dataclasses import replace as _with
else:

    def _with(picture: RunPicture, **changes: Any) -> RunPicture:
        """The same, a few times as quick: it is done twice for each line of a log."""
        new = object.__new__(RunPicture)
        new.__dict__.update(picture.__dict__, **changes)
        return new


def after(picture: RunPicture, event: Event) -> RunPicture:
    """The picture once the event was heard. One that was heard before, or came too late, changes nothing."""
    if event.seq <= picture.last_seq:
        return picture
    cost_usd = told_cost_usd(event.body)
    return _with(
        _told(picture, event),
        last_seq=event.seq,
        heard_at=event.at,
        cost_usd=picture.cost_usd if cost_usd is None else cost_usd,
    )


def picture_of(events: Iterable[Event]) -> RunPicture:
    """The same of many events, whichever ways they came: in any order, and some of them twice."""
    first: dict[int, Event] = {}
    for event in events:
        first.setdefault(event.seq, event)
    return reduce(after, (first[seq] for seq in sorted(first)), RunPicture())


def told_cost_usd(body: Body) -> float | None:
    """What the run has cost so far, where this tells it."""
    return body.cost_usd if isinstance(body, _THAT_TELL_THE_COST) else None


def _told(picture: RunPicture, event: Event) -> RunPicture:
    if isinstance(event.body, Step):
        return _with_step(picture, event.body, event.at)
    if tells(event, Sample):
        return _with(picture, samples=_last(SAMPLES, picture.samples, event))
    if tells(event, ArmedReport):
        return _with(picture, armed=event)
    if tells(event, MachineReading):
        return _with_machine(picture, event)
    if tells(event, Ended):
        return _with_end(picture, event)
    match event.body:
        case PhaseChange() as change:
            return _with_phase(picture, change, event.at)
        case Heartbeat(phase=phase):
            return _with(picture, phase=phase)
        case CheckpointWritten() as made:
            return _with_checkpoint(picture, made, event.at)
        case Upload(files=files):
            return _with(picture, files=_with_files(picture.files, files))
        case InstructionReceipt() as receipt:
            return _with(picture, receipts={**picture.receipts, receipt.id: receipt})
        case RunWarning() as warning:
            return _with(picture, warnings=_last(WARNINGS, picture.warnings, warning))
    return picture


def _with_phase(picture: RunPicture, change: PhaseChange, at: datetime) -> RunPicture:
    phases = dict(picture.phases)
    known = phases[change.phase]
    match change.state:
        case "started":
            phases = {phase: _closed(state, at) for phase, state in phases.items()}
            known = PhasePicture("now", at)
        case "ended":
            state = "failed" if change.went_well is False else "done"
            known = known._replace(state=state, seconds=change.seconds)
    phases[change.phase] = known._replace(
        done=known.done if change.done is None else change.done,
        total=known.total if change.total is None else change.total,
        unit=change.unit or known.unit,
        detail=change.detail or known.detail,
    )
    return _with(picture, phase=change.phase, phases=phases)


def _closed(state: PhasePicture, at: datetime) -> PhasePicture:
    """A phase whose end was not heard (a restart, a cut log) is over when the next one starts."""
    if state.state != "now":
        return state
    seconds = None if state.started_at is None else (at - state.started_at).total_seconds()
    return state._replace(state="done", seconds=seconds)


def _with_step(picture: RunPicture, step: Step, at: datetime) -> RunPicture:
    speed = picture.speed
    if step.steps_per_second is not None:
        speed = speed.with_point(step.step, step.steps_per_second, at.timestamp())
    return _with(
        picture,
        step=step,
        curves=_with_points(picture.curves, step.step, step.losses, at),
        speed=speed,
    )


def _with_checkpoint(picture: RunPicture, made: CheckpointWritten, at: datetime) -> RunPicture:
    return _with(
        picture,
        checkpoints=_last(CHECKPOINTS, picture.checkpoints, made),
        best=made if made.is_best else picture.best,
        scores=_with_points(picture.scores, made.step, made.scores, at),
    )


def _with_points(
    known: Mapping[str, Curve], step: int, values: Mapping[str, float], at: datetime
) -> Mapping[str, Curve]:
    curves, seconds = dict(known), at.timestamp()
    for name, value in values.items():
        if name in curves or len(curves) < CURVES:
            curves[name] = curves.get(name, _EMPTY).with_point(step, value, seconds)
    return curves


def _with_machine(picture: RunPicture, event: Stamped[MachineReading]) -> RunPicture:
    used = [gpu.use_percent for gpu in event.body.gpus if gpu.use_percent is not None]
    use = picture.gpu_use
    if used:
        use = use.with_point(event.at.timestamp(), sum(used) / len(used))
    at, gauges = event.at.timestamp(), dict(picture.gauges)
    for gauge, value in _readings(event.body):
        gauges[gauge] = gauges.get(gauge, _NARROW).with_point(at, value)
    return _with(picture, machine=event, gpu_use=use, gauges=gauges)


def _readings(machine: MachineReading) -> Iterator[tuple[Gauge, float]]:
    """What the machine told, and nothing of what it did not."""
    for number, gpu in enumerate(machine.gpus[:GPUS]):
        for kind, value in zip(
            _OF_A_GPU, (gpu.use_percent, gpu.memory_used_gb, gpu.temperature_c), strict=True
        ):
            if value is not None:
                yield Gauge(kind, number), value
    rest = (machine.cpu_percent, machine.memory_used_gb, machine.disk_free_gb)
    for kind, value in zip(_OF_THE_REST, rest, strict=True):
        if value is not None:
            yield Gauge(kind), value


def _with_end(picture: RunPicture, event: Stamped[Ended]) -> RunPicture:
    ended, phases = event.body, dict(picture.phases)
    for part in ended.phases:
        known = phases[part.name]
        state = "done" if known.state == "waiting" else known.state
        phases[part.name] = known._replace(state=state, seconds=part.seconds)
    closed = "done" if ended.reason.delivers else "failed"
    phases = {
        phase: known._replace(state=closed) if known.state == "now" else known
        for phase, known in phases.items()
    }
    phases[Phase.DELIVER] = _delivered(phases[Phase.DELIVER], ended)
    files = _with_files(picture.files, ended.delivered)
    return _with(picture, last_word=event, phases=phases, files=files)


def _delivered(known: PhasePicture, ended: Ended) -> PhasePicture:
    """Done only where something arrived, and all of it."""
    if ended.missing_count:
        return known._replace(state="failed")
    if not ended.delivered_count and not ended.delivered:
        return known._replace(state="waiting")
    return known


def _with_files(
    known: Mapping[str, UploadedFile], more: Iterable[UploadedFile]
) -> Mapping[str, UploadedFile]:
    return {**known, **{file.path: file for file in more}}


def _last(count: int, known: tuple[T, ...], one: T) -> tuple[T, ...]:
    return (*known[-count + 1 :], one)
