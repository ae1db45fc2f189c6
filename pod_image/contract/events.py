"""What a pod says: one JSON object per line of its standard output; every other line is log."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from pod_image.contract.outcomes import EndReason, Phase

MAX_LINE_BYTES = 8_000
"""A longer line is cut before it leaves the pod: the platform's log service is made for lines, not files."""


class Event(BaseModel):
    """Common to all. `seq` counts from 1 over the whole attempt, restarts included, without gaps."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    at: AwareDatetime
    run_id: str
    seq: int = Field(ge=1)


class PhaseEvent(Event):
    """A phase began, got on or ended. `done` of `total` in `unit` where that is known."""

    event: Literal["phase"] = "phase"
    phase: Phase
    state: Literal["started", "progress", "ended"]
    seconds: float | None = None
    done: float | None = None
    total: float | None = None
    unit: str = ""
    detail: str = ""


class Arm(BaseModel):
    """One way to end the money, tried at boot."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    name: str
    works: bool
    detail: str = ""


class ArmedEvent(Event):
    """Each way to end the money was tried. The pod needs nobody from here on when `works`."""

    event: Literal["armed"] = "armed"
    works: bool
    arms: tuple[Arm, ...] = ()
    deadline: AwareDatetime | None = None
    price_per_hour_usd: float | None = None


class StepEvent(Event):
    """Training got on. Losses are means since the last such event; `cost_at_end_usd` is a forecast."""

    event: Literal["step"] = "step"
    step: int
    total_steps: int | None = None
    epoch: int = 0
    losses: dict[str, float] = {}
    steps_per_second: float | None = None
    seconds_left: float | None = None
    ends_at: AwareDatetime | None = None
    cost_usd: float | None = None
    cost_at_end_usd: float | None = None
    data_wait_share: float | None = None
    skipped_steps: int = 0


class Gpu(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    use_percent: float | None = None
    memory_used_gb: float | None = None
    memory_total_gb: float | None = None
    temperature_c: float | None = None


class MachineEvent(Event):
    event: Literal["machine"] = "machine"
    gpus: tuple[Gpu, ...] = ()
    cpu_percent: float | None = None
    memory_used_gb: float | None = None
    memory_total_gb: float | None = None
    disk_free_gb: float | None = None


class SampleEvent(Event):
    """Something to listen to. `path` is below the run's folder."""

    event: Literal["sample"] = "sample"
    step: int
    path: str
    text: str = ""
    seconds: float | None = None
    kind: Literal["sample", "reference"] = "sample"


class CheckpointEvent(Event):
    """A checkpoint is whole on the pod's disk. `path` is below the run's folder."""

    event: Literal["checkpoint"] = "checkpoint"
    step: int
    path: str
    size_bytes: int
    scores: dict[str, float] = {}
    is_best: bool = False


class UploadedFile(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    path: str
    size_bytes: int
    sha256: str


class UploadEvent(Event):
    """The files are in the results repo, checked at that commit. `path` is the path in the repo."""

    event: Literal["upload"] = "upload"
    commit: str
    files: tuple[UploadedFile, ...] = ()
    seconds: float | None = None


class CommandEvent(Event):
    """Receipt of a command. Only `done` means that it took effect."""

    event: Literal["command"] = "command"
    id: str
    command: str
    state: Literal["received", "done", "refused"]
    detail: str = ""


class WarningEvent(Event):
    event: Literal["warning"] = "warning"
    code: str
    message: str
    hint: str = ""


class HeartbeatEvent(Event):
    event: Literal["heartbeat"] = "heartbeat"
    phase: Phase
    cost_usd: float | None = None
    detail: str = ""


class PhaseSeconds(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    name: Phase
    seconds: float


class EndedEvent(Event):
    """The last word of a run, delivered before the pod is released."""

    event: Literal["ended"] = "ended"
    reason: EndReason
    detail: str = ""
    hint: str = ""
    delivered: tuple[UploadedFile, ...] = ()
    not_delivered: tuple[str, ...] = ()
    commit: str = ""
    steps: int = 0
    first_loss: float | None = None
    last_loss: float | None = None
    phases: tuple[PhaseSeconds, ...] = ()
    cost_usd: float | None = None


class UnknownEvent(Event):
    """A kind that this version does not know; kept, so that a newer image does not lose its words."""

    event: str


AnyEvent = Annotated[
    PhaseEvent
    | ArmedEvent
    | StepEvent
    | MachineEvent
    | SampleEvent
    | CheckpointEvent
    | UploadEvent
    | CommandEvent
    | WarningEvent
    | HeartbeatEvent
    | EndedEvent,
    Field(discriminator="event"),
]
_ADAPTER: TypeAdapter[AnyEvent] = TypeAdapter(AnyEvent)

EVENT_KINDS: frozenset[str] = frozenset(
    {
        "phase",
        "armed",
        "step",
        "machine",
        "sample",
        "checkpoint",
        "upload",
        "command",
        "warning",
        "heartbeat",
        "ended",
    }
)

RECIPE_EVENT_KINDS: frozenset[str] = frozenset(
    {"phase", "step", "sample", "checkpoint", "command", "warning"}
)
"""What a recipe's own process may say; everything else is the agent's to say."""


def to_line(event: Event) -> str:
    """The event as one line, without the line's end; absent values are left out."""
    return json.dumps(
        event.model_dump(mode="json", exclude_none=True), separators=(",", ":"), ensure_ascii=False
    )


def from_line(line: str) -> AnyEvent | UnknownEvent | None:
    """The event that a line of the pod's output holds, or None when the line is log. Never raises."""
    if not line.startswith("{"):
        return None
    try:
        document: Any = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(document, dict) or not isinstance(document.get("event"), str):
        return None
    try:
        if document["event"] in EVENT_KINDS:
            return _ADAPTER.validate_python(document)
        return UnknownEvent.model_validate(document)
    except ValidationError:
        return None
