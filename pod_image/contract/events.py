"""What a pod says: one JSON object per line of its standard output; every other line is log."""

from __future__ import annotations

import json
import math
import re
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from pod_image.contract.outcomes import EndReason, Phase

MAX_LINE_BYTES = 8_000
"""A longer line is cut before it leaves the pod: the platform's log service is made for lines, not files."""

_ENDS_A_LINE_SOMEWHERE = re.compile("[\x7f-\x9f\u2028\u2029]")
"""JSON may hold these as they are, but some readers end a line at them, and terminals obey some."""
Count = Annotated[int, Field(le=2**53)]
"""A number that every reader can hold: JSON elsewhere, a database, a float."""
Moment = Annotated[
    AwareDatetime, Field(ge=datetime(1900, 1, 1, tzinfo=UTC), le=datetime(3000, 1, 1, tzinfo=UTC))
]
"""A time that can be shown in every time zone."""


class Event(BaseModel):
    """Common to all. `seq` counts from 1 over the whole attempt, restarts included, without gaps."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    at: Moment
    run_id: str
    seq: Count = Field(ge=1)


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


class BootCheck(BaseModel):
    """One thing that has to work, tried at boot: a way to end the money, or a part of the machine."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    name: str
    works: bool
    detail: str = ""
    is_about_machine: bool = False
    """Another machine may do better: the launcher tries the next offer."""
    ids: tuple[Annotated[str, Field(max_length=100)], ...] = Field(default=(), max_length=16)
    """What tells this very machine from others, such as the serial ids of its GPUs."""


class ArmedEvent(Event):
    """Each way to end the money was tried. The pod needs nobody from here on when `works`."""

    event: Literal["armed"] = "armed"
    works: bool
    arms: tuple[BootCheck, ...] = ()
    """What was tried. The name is as it is written in events, also in those of older releases."""
    deadline: Moment | None = None
    price_per_hour_usd: float | None = None


class StepEvent(Event):
    """Training got on. Losses are means since the last such event; `cost_at_end_usd` is a forecast."""

    event: Literal["step"] = "step"
    step: Count
    total_steps: Count | None = None
    epoch: Count = 0
    losses: dict[str, float] = {}
    steps_per_second: float | None = None
    seconds_left: float | None = None
    ends_at: Moment | None = None
    cost_usd: float | None = None
    cost_at_end_usd: float | None = None
    data_wait_share: float | None = None
    skipped_steps: Count = 0


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
    step: Count
    path: str
    text: str = ""
    seconds: float | None = None
    kind: Literal["sample", "reference"] = "sample"


class CheckpointEvent(Event):
    """A checkpoint is whole on the pod's disk. `path` is below the run's folder."""

    event: Literal["checkpoint"] = "checkpoint"
    step: Count
    path: str
    size_bytes: Count
    scores: dict[str, float] = {}
    is_best: bool = False


class UploadedFile(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    path: str
    size_bytes: Count
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


class Pace(BaseModel):
    """How the machine did while it trained: means over that time, the first steps left out."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    steps_per_second: float | None = None
    data_wait_share: float | None = None
    """Of the training's time, what went by until the clips of a step were there."""
    gpu_use_percent: float | None = None
    gpu_memory_peak_gb: float | None = None
    skipped_steps: Count = 0


class EndedEvent(Event):
    """The last word of a run, delivered before the pod is released.

    The lists lose their tail where they are too long for a line; the counts say how long they were. An older image
    sends no counts: `missing_count` tells either way.
    """

    event: Literal["ended"] = "ended"
    reason: EndReason
    detail: str = ""
    hint: str = ""
    delivered: tuple[UploadedFile, ...] = ()
    delivered_count: Count = 0
    not_delivered: tuple[str, ...] = ()
    not_delivered_count: Count = 0
    not_delivered_bytes: Count = 0
    last_lines: tuple[str, ...] = ()
    """What the recipe's programs printed last, where the end is no success."""
    commit: str = ""
    steps: Count = 0
    first_loss: float | None = None
    last_loss: float | None = None
    phases: tuple[PhaseSeconds, ...] = ()
    pace: Pace | None = None
    cost_usd: float | None = None

    @property
    def present_count(self) -> int:
        """How many files are in the results repo, proved."""
        return max(self.delivered_count, len(self.delivered))

    @property
    def missing_count(self) -> int:
        """How many files should be there and are not."""
        return max(self.not_delivered_count, len(self.not_delivered))


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
    """The event as one line, without the line's end; absent values and numbers that are none are left out."""
    document = _without_non_numbers(event.model_dump(mode="json", exclude_none=True))
    line = json.dumps(document, separators=(",", ":"), ensure_ascii=False)
    return _ENDS_A_LINE_SOMEWHERE.sub(lambda match: f"\\u{ord(match[0]):04x}", line)


def _without_non_numbers(value: Any) -> Any:
    """JSON knows no NaN and no infinity; Python would write words that others cannot read."""
    if isinstance(value, dict):
        kept = {name: _without_non_numbers(item) for name, item in value.items()}
        return {name: item for name, item in kept.items() if not _is_no_number(item)}
    return [_without_non_numbers(item) for item in value] if isinstance(value, list) else value


def _is_no_number(value: object) -> bool:
    return isinstance(value, float) and not math.isfinite(value)


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
