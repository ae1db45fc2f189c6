"""Documents about runs: what each is, how it stands, what it told."""

from __future__ import annotations

from datetime import datetime
from math import isfinite
from typing import Any, Literal

from pydantic import Field

from launcher.domain.run import Run, RunState
from launcher.domain.run_picture import RunPicture
from launcher.domain.run_view import LogEntry
from launcher.serve.documents.base import Answer, Asked, ProblemFacts
from launcher.services.following.receipts import Receipt
from pod_image.contract.curve import Curve
from pod_image.contract.instructions import InstructionName
from pod_image.contract.media import Media
from pod_image.contract.outcomes import EndReason, Phase


class RunFacts(Answer):
    """One attempt of a run."""

    id: str
    """ID of this attempt, for addresses; `run_id` also works if only one results repo has it."""
    run_id: str
    results_repo: str
    attempt: int
    state: RunState
    end_reason: EndReason | None
    detail: str
    """How it ended, as a sentence; empty while it runs."""
    gpu: str
    pod_id: str
    preset: str
    price_per_hour_usd: float
    cost_usd: float | None
    """Cost as measured by the pod; null until known."""
    billed_usd: float | None
    """Cost on the provider's bill, which comes later; null until then."""
    most_usd: float
    """The most that it can cost."""
    max_hours: float
    planned_at: datetime
    created_at: datetime | None
    armed_at: datetime | None
    """When the pod had proved that it can end itself."""
    ended_at: datetime | None
    deadline: datetime | None
    not_delivered: int | None
    """Number of files that did not reach the results repo; null until known."""
    name: str
    """Name that a person gave it; empty if none."""
    tags: list[str]
    notes: str


class RunList(Answer):
    runs: list[RunFacts]
    """Newest first."""


class PhaseFacts(Answer):
    name: Phase
    state: str
    """waiting, now, done or failed."""
    started_at: datetime | None
    seconds: float | None
    done: float | None
    total: float | None
    unit: str
    detail: str


class LaunchMessage(Answer):
    stage: str
    text: str


class LaunchFacts(Answer):
    """A launch by this server, running or finished."""

    plan_hash: str
    is_over: bool
    messages: list[LaunchMessage]
    problem: ProblemFacts | None
    """Why the launch failed; empty if it did not."""


class RunDetail(RunFacts):
    """One run, with everything that is known about it."""

    is_followed: bool
    """Whether this server is following it."""
    trouble: str
    """Why it cannot be followed; empty if it can."""
    phase: Phase | None
    phases: list[PhaseFacts]
    step: int | None
    total_steps: int | None
    epoch: int | None
    losses: dict[str, float]
    """Newest value of each loss."""
    steps_per_second: float | None
    ends_at: datetime | None
    """Forecast of when it ends."""
    cost_at_end_usd: float | None
    """Forecast of when it ends."""
    last_seq: int
    """`seq` of the newest event that is known here."""
    heard_at: datetime | None
    settings: dict[str, Any]
    launch: LaunchFacts | None
    receipt: ReceiptFacts


class TimeSlice(Answer):
    name: str
    """A phase, or idle for time outside every phase."""
    seconds: float
    cost_usd: float


class ReceiptFacts(Answer):
    """Receipt of a run: what was expected, what it cost, and where the time went."""

    planned_usd: float | None
    worst_case_usd: float | None
    seconds: float | None
    slices: list[TimeSlice]
    moments: dict[str, datetime]
    """When each part of the run first happened, by name."""
    delivered: str
    """What reached the results repo, as a sentence; empty until known."""
    last_lines: list[str]
    """The last output of its programs, if it did not end well."""


class EventList(Answer):
    events: list[dict[str, Any]]
    """In the order of `seq`, each as the pod sent it: `event`, `at`, `run_id`, `seq`, and the fields of its kind."""
    last_seq: int
    """`seq` of the last event here; ask for later ones with it."""
    is_over: bool
    """Whether the run has ended and no more events will come."""


class PointFacts(Answer):
    at: float
    """A step, or a time in Unix seconds."""
    value: float


class CurveFacts(Answer):
    curves: dict[str, list[PointFacts]]
    """Each loss over the steps; older values are averaged."""
    speed: list[PointFacts]
    """Steps per second over the steps."""


class SampleFacts(Answer):
    seq: int
    at: datetime
    step: int
    path: str
    """Path relative to the run's folder in the results repo."""
    text: str
    """The spoken text, or what distinguishes it from other samples of its step."""
    kind: str
    """sample; or reference, the recording to compare with."""
    media: Media
    seconds: float | None
    is_there: bool
    """Whether the pod has said that it is in the results repo; assumed once the run has ended."""
    url: str
    """Address on this server; range requests work."""


class SampleList(Answer):
    samples: list[SampleFacts]
    """Oldest first."""


class FileFacts(Answer):
    path: str
    """Path relative to the run's folder."""
    size_bytes: int
    sha256: str | None
    url: str


class FileList(Answer):
    results_repo: str
    files: list[FileFacts]


class GpuFacts(Answer):
    use_percent: float | None
    memory_used_gb: float | None
    memory_total_gb: float | None
    temperature_c: float | None


class MachineFacts(Answer):
    """The newest reading of the pod's machine; `at` is null until there is one."""

    at: datetime | None
    gpus: list[GpuFacts]
    cpu_percent: float | None
    memory_used_gb: float | None
    memory_total_gb: float | None
    disk_free_gb: float | None
    gpu_use: list[PointFacts]
    """GPU use in percent, over Unix seconds, for the last hours."""


Offered = Literal[
    InstructionName.STOP, InstructionName.SAVE, InstructionName.SAMPLE, InstructionName.ABORT
]
"""What a client may say to a pod. Files of its disk are copied by a person at a terminal alone."""


class CommandAsked(Asked):
    command: Offered
    """stop: end the run and deliver. save: write and upload a checkpoint. sample: speak the text. abort: release
    the pod at once; what is not uploaded is lost."""
    text: str = Field(default="", max_length=500)
    """The text to speak; only for sample."""
    speaker: str = Field(default="", max_length=200)
    """Speaker, for a voice with several: a name from the dataset, or a number from 0. Empty means the first."""
    wait_seconds: float = Field(default=0.0, ge=0.0, le=60.0)
    """Longest time to wait for the pod's receipt."""


class CommandFacts(Answer):
    id: str
    """ID of the command and of its receipt."""
    command: InstructionName
    state: str
    """sent, received, done, refused, or ended if the run ended first. Only done means that it took effect."""
    detail: str
    way: str
    """exec, or file: left in the results repo, which the pod reads every 30 s. Empty if the server released the pod
    itself."""


class DeployAsked(Asked):
    plan_hash: str = Field(pattern=r"^[0-9a-f]{64}$")
    """Hash of a plan that was made within the last hour. Only this plan is launched."""


class LogLine(Answer):
    number: int
    source: str
    text: str
    at: datetime | None


RunDetail.model_rebuild()


def run_facts(run: Run) -> dict[str, Any]:
    """The members of `RunFacts`."""
    return {
        "id": run.nonce,
        "run_id": run.run_id,
        "results_repo": run.results_repo,
        "attempt": run.attempt,
        "state": run.state,
        "end_reason": run.end_reason,
        "detail": run.detail,
        "gpu": run.gpu_name,
        "pod_id": run.pod_id,
        "preset": run.preset,
        "price_per_hour_usd": run.price_per_hour_usd,
        "cost_usd": run.cost_usd,
        "billed_usd": run.billed_usd,
        "most_usd": run.most_usd,
        "max_hours": run.max_hours,
        "planned_at": run.planned_at,
        "created_at": run.created_at,
        "armed_at": run.armed_at,
        "ended_at": run.ended_at,
        "deadline": run.deadline,
        "not_delivered": run.not_delivered,
        "name": run.labels.name,
        "tags": list(run.labels.tags),
        "notes": run.labels.notes,
    }


def picture_facts(picture: RunPicture) -> dict[str, Any]:
    """The members of `RunDetail` that the events tell."""
    step = picture.step
    return {
        "phase": picture.phase,
        "phases": [
            PhaseFacts(name=name, **each._asdict()) for name, each in picture.phases.items()
        ],
        "step": step.step if step else None,
        "total_steps": step.total_steps if step else None,
        "epoch": step.epoch if step else None,
        "losses": {k: v for k, v in step.losses.items() if isfinite(v)} if step else {},
        "steps_per_second": step.steps_per_second if step else None,
        "ends_at": step.ends_at if step else None,
        "cost_at_end_usd": step.cost_at_end_usd if step else None,
        "last_seq": picture.last_seq,
        "heard_at": picture.heard_at,
    }


def receipt_facts(found: Receipt) -> ReceiptFacts:
    return ReceiptFacts(
        planned_usd=found.planned_usd,
        worst_case_usd=found.worst_case_usd,
        seconds=found.seconds,
        slices=[
            TimeSlice(name=s.name, seconds=s.seconds, cost_usd=s.cost_usd) for s in found.slices
        ],
        moments=found.time_line,
        delivered=found.delivery.sentence if found.delivery is not None else "",
        last_lines=list(found.last_lines),
    )


def points_of(curve: Curve) -> list[PointFacts]:
    return [PointFacts(at=at, value=value) for at, value in curve.shown()]


def machine_facts(picture: RunPicture) -> MachineFacts:
    reading = picture.machine
    body = reading.body if reading is not None else None
    return MachineFacts(
        at=reading.at if reading is not None else None,
        gpus=[GpuFacts(**gpu.model_dump()) for gpu in body.gpus] if body else [],
        cpu_percent=body.cpu_percent if body else None,
        memory_used_gb=body.memory_used_gb if body else None,
        memory_total_gb=body.memory_total_gb if body else None,
        disk_free_gb=body.disk_free_gb if body else None,
        gpu_use=points_of(picture.gpu_use),
    )


def log_line(entry: LogEntry) -> LogLine:
    return LogLine(number=entry.number, source=entry.source, text=entry.text, at=entry.at)
