"""What a pod can say: a class for each kind, made by a recipe or by the agent, before it is stamped."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, ClassVar, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from pod_image.contract.next_steps import Said
from pod_image.contract.outcomes import EndReason, Phase
from pod_image.contract.sent_steps import SentSteps, heard_hint, sent_steps

Count = Annotated[int, Field(le=2**53)]
"""A number that every reader can hold: JSON elsewhere, a database, a float."""
Moment = Annotated[
    AwareDatetime, Field(ge=datetime(1900, 1, 1, tzinfo=UTC), le=datetime(3000, 1, 1, tzinfo=UTC))
]
"""A time that can be shown in every time zone."""


class Part(BaseModel):
    """Readers take what they know: a newer image may say more."""

    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)


class Body(Part):
    """What an event says. `event` names the kind on the wire; a class below this one is a kind."""

    event: ClassVar[str] = ""
    is_a_recipes: ClassVar[bool] = False
    """Whether a recipe's own process may say it; everything else is the agent's to say."""


class PhaseChange(Body):
    """A phase began, advanced or ended: `done` of `total`, in `unit`, where that is known. `went_well` is set when
    it ended; an older image does not send it."""

    event: ClassVar[str] = "phase"
    is_a_recipes: ClassVar[bool] = True
    phase: Phase
    state: Literal["started", "progress", "ended"]
    seconds: float | None = None
    done: float | None = None
    total: float | None = None
    unit: str = ""
    detail: str = ""
    went_well: bool | None = None


class BootCheck(Part):
    """One thing that must work, tried at boot: a way to stop the billing, or a part of the machine."""

    name: str
    works: bool
    detail: str = ""
    is_about_machine: bool = False
    """Another machine may do better: the launcher tries the next offer."""
    ids: tuple[Annotated[str, Field(max_length=100)], ...] = Field(default=(), max_length=16)
    """What tells this very machine from others, such as the serial ids of its GPUs."""


class ArmedReport(Body):
    """Each way to stop the billing was tried. If `works` is true, the pod needs no other computer from now on."""

    event: ClassVar[str] = "armed"
    works: bool
    arms: tuple[BootCheck, ...] = ()
    """What was tried. The name is as it is written in events, also in those of older releases."""
    deadline: Moment | None = None
    price_per_hour_usd: float | None = None


class Step(Body):
    """Training advanced. Losses are means since the last such event, the most watched one first; `cost_at_end_usd`
    is a forecast."""

    event: ClassVar[str] = "step"
    is_a_recipes: ClassVar[bool] = True
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


class Gpu(Part):
    use_percent: float | None = None
    memory_used_gb: float | None = None
    memory_total_gb: float | None = None
    temperature_c: float | None = None


class MachineReading(Body):
    event: ClassVar[str] = "machine"
    gpus: tuple[Gpu, ...] = ()
    cpu_percent: float | None = None
    memory_used_gb: float | None = None
    memory_total_gb: float | None = None
    disk_free_gb: float | None = None


class Sample(Body):
    """Something to hear or see during training. `path` is relative to the run's folder. `text` is the spoken text,
    or what distinguishes it from other samples of its step."""

    event: ClassVar[str] = "sample"
    is_a_recipes: ClassVar[bool] = True
    step: Count
    path: str
    text: str = ""
    seconds: float | None = None
    kind: Literal["sample", "reference"] = "sample"
    media: Literal["audio", "image", "video", "text"] | None = None
    """None, as older images say nothing: a recording."""
    speaker: str | None = None
    """Who speaks, by name; None where it is the only one, or an older image does not say."""


class CheckpointWritten(Body):
    """A checkpoint was written completely to the pod's disk. `path` is a file or a folder, relative to the run's
    folder."""

    event: ClassVar[str] = "checkpoint"
    is_a_recipes: ClassVar[bool] = True
    step: Count
    path: str
    size_bytes: Count
    scores: dict[str, float] = {}
    is_best: bool = False


class ResultsCollected(Body):
    """There are new results in the folder that is delivered. For the agent: it is not passed on."""

    event: ClassVar[str] = "collected"
    is_a_recipes: ClassVar[bool] = True
    files: Count


class UploadedFile(Part):
    path: str
    size_bytes: Count
    sha256: str


class Upload(Body):
    """The files are in the results repo and were checked at that commit. `path` is the path in the repo."""

    event: ClassVar[str] = "upload"
    commit: str
    files: tuple[UploadedFile, ...] = ()
    seconds: float | None = None


ReceiptState = Literal["received", "done", "refused"]


class InstructionReceipt(Body):
    """Receipt for an instruction. Only `done` means that it took effect."""

    event: ClassVar[str] = "command"
    is_a_recipes: ClassVar[bool] = True
    id: str
    command: str
    state: ReceiptState
    detail: str = ""


class RunWarning(Body):
    event: ClassVar[str] = "warning"
    is_a_recipes: ClassVar[bool] = True
    code: str
    message: str
    hint: str = ""
    hint_steps: SentSteps = None

    @classmethod
    def saying(cls, code: str, message: Said, hint: Said = "") -> Self:
        return cls(code=code, message=str(message), hint=str(hint), hint_steps=sent_steps(hint))

    @property
    def what_to_do(self) -> Said:
        """`hint` with its steps as values."""
        return heard_hint(self.hint, self.hint_steps)


class Heartbeat(Body):
    event: ClassVar[str] = "heartbeat"
    phase: Phase
    cost_usd: float | None = None
    detail: str = ""


class PhaseSeconds(Part):
    name: Phase
    seconds: float


class Pace(Part):
    """How the machine did during training: means over that time, without the first steps."""

    steps_per_second: float | None = None
    data_wait_share: float | None = None
    """Of the training's time, what went by until the clips of a step were there."""
    gpu_use_percent: float | None = None
    gpu_memory_peak_gb: float | None = None
    skipped_steps: Count = 0


class GpuIdle(Part):
    """How much of the rented time no GPU was busy: from the pod's creation, with image and start, to its last
    event. For a container that was started again: from that start."""

    watched_seconds: float
    idle_seconds: float
    phases: tuple[PhaseSeconds, ...] = ()
    """Where the idle seconds fell."""


class Ended(Body):
    """The last event of a run, delivered before the pod is released. Lists that are too long for a line are cut;
    the counts say how long they were. An older image sends no counts: `missing_count` works with either."""

    event: ClassVar[str] = "ended"
    reason: EndReason
    detail: str = ""
    hint: str = ""
    hint_steps: SentSteps = None
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
    gpu_idle: GpuIdle | None = None
    """None where no GPU could be read."""
    cost_usd: float | None = None

    @property
    def what_to_do(self) -> Said:
        """`hint` with its steps as values."""
        return heard_hint(self.hint, self.hint_steps)

    @property
    def missing_count(self) -> int:
        """How many files should be there and are not."""
        return max(self.not_delivered_count, len(self.not_delivered))


class Told(Body):
    """The agent sent a notification, or tried to: `to` and `failed` hold marks of addresses. A computer that
    follows the run sends the same `id` to the other addresses, and to those that failed."""

    event: ClassVar[str] = "told"
    id: str
    kind: str
    to: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    detail: str = ""
    """Why, of the last that failed."""


BODIES: Mapping[str, type[Body]] = {body.event: body for body in Body.__subclasses__()}
"""Every kind that this version knows."""


class UnknownBody(Body):
    """Of a kind that this version does not know: it has its place in the sequence, and says nothing."""
