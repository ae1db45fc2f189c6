"""Documents about one run: as it is now, while it is launched and followed, and what it was told."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, TypedDict

from launcher.cli.documents.runs import RunFacts, run_facts
from launcher.domain.delivery import Delivery
from launcher.domain.pod import PodStatus
from launcher.domain.run import Run, RunState
from launcher.services.common.observations import (
    EventSeen,
    LogSeen,
    PlaceAnswers,
    PlaceSilent,
    PodSeen,
    ReleasedHere,
    RestartSeen,
)
from launcher.services.following.answers import Answered, AnswerState
from launcher.services.following.instructions import Way
from launcher.services.following.silence import silence_text
from launcher.services.launching.progress import Progress, Stage
from pod_image.contract.bodies import Ended
from pod_image.contract.events import Event, Stamped, to_document, to_line_document
from pod_image.contract.instructions import InstructionName


class PhaseCost(TypedDict):
    name: str
    """A phase of the run, or "idle" for time outside every phase."""
    seconds: float
    cost_usd: float


class ToldCurve(TypedDict):
    name: str
    """Name of the loss or figure, as the training calls it."""
    points: list[tuple[float, float]]
    """Steps and values, in order; for a long run at most 200 that represent all."""


class ToldSample(TypedDict):
    step: int
    path: str
    """Path relative to the run's folder in the results repo."""
    text: str
    """The spoken text, or what distinguishes it from other samples of its step."""


class DeliveryFacts(TypedDict):
    present: int | None
    """Number of files found in the repo's own listing; null where only the missing ones are known."""
    missing: int
    missing_names: list[str]
    """The first of the missing files."""


class Show(RunFacts):
    """One run as it is now."""

    schema: Literal["show"]
    version: Literal[1]
    pod_status: PodStatus | None
    """null if there is no pod, or if it was not asked for."""
    note: str
    """Why the pod's state is not known; empty if it is."""
    planned_usd: float | None
    worst_case_usd: float | None
    seconds: float | None
    """From the pod's creation to the end of the run; null while it runs."""
    phases: list[PhaseCost]
    time_line: dict[str, datetime]
    """When each of these first happened: planned, created, image_pull, container, armed, each phase, first_step,
    ended, gone."""
    pace: dict[str, Any]
    """Means over the training: steps_per_second, data_wait_share, gpu_use_percent, and other figures that the pod
    reports."""
    gpu_idle: dict[str, Any]
    """watched_seconds and idle_seconds of the rented time; `phases` has the idle seconds of each phase."""
    delivery: DeliveryFacts | None
    """null until the pod has reported what it delivered."""
    last_lines: list[str]
    """The last output of the run's programs, if it did not end well."""
    curves: list[ToldCurve]
    """Curves that are in the results repo; empty if it cannot be read."""
    samples: list[ToldSample]
    """Samples that are in the results repo, the newest last; empty if it cannot be read."""
    machine: dict[str, Any]
    """What is known about the machine: gpu, data_center, cloud, and in `tried` the results of its tests at boot."""
    measured_by_place: dict[str, Any] | None
    """The hardware as the provider measures it, if the run itself has been silent for two minutes; otherwise null."""
    settings: dict[str, Any]
    """Every setting that applies; docs/settings.md explains them."""
    leftover_secrets: list[str]
    """Names of the run's secrets that are still in the account."""


class Deploy(RunFacts):
    """The run: at its end, or with --detach once its pod is armed. The last line on stdout."""

    schema: Literal["deploy"]
    version: Literal[1]
    provider_calls: int
    ended: dict[str, Any] | None
    """The pod's last event, `ended`, in the form that events have; null if it was not received."""


class Wait(RunFacts):
    """The run at its end; or as it is when --timeout has passed, with `is_over` false."""

    schema: Literal["wait"]
    version: Literal[1]
    is_over: bool
    ended: dict[str, Any] | None
    """The pod's last event, `ended`; null if it was not received."""


class Exec(TypedDict):
    """Output and exit code of a command in the pod of a run; `shell` prints one for each line."""

    schema: Literal["exec"]
    version: Literal[1]
    run_id: str
    command: list[str]
    exit_code: int | None
    """null if the command timed out."""
    timed_out: bool
    stdout: str
    """Secrets are masked in the pod; long output keeps its beginning and its end."""
    stderr: str


class Launch(TypedDict):
    """A step of a launch."""

    schema: Literal["launch"]
    version: Literal[1]
    stage: Stage
    run_id: str | None
    pod_id: str
    """Empty until a pod is rented."""
    gpu: str
    message: str
    """The stage in English, with what was refused or found."""


PodNews = Literal["status", "restarted", "released_here", "not_answering", "answering"]


class PodChanged(TypedDict):
    """A change of a pod, seen from outside."""

    schema: Literal["pod"]
    version: Literal[1]
    what: PodNews
    pod_id: str | None
    status: PodStatus | None
    """Set if `what` is `status`."""
    why: str
    """Why this computer released the pod, in English."""


class LogLine(TypedDict):
    """A line of the pod's output that is not an event."""

    schema: Literal["log"]
    version: Literal[1]
    event: Literal["log"]
    source: str
    """`container`, or `system` for lines of the platform."""
    text: str
    at: datetime | None


class InstructionFacts(TypedDict):
    version: Literal[1]
    run_id: str
    command: InstructionName
    id: str
    way: Way
    state: AnswerState
    """sent: no receipt came in time, or it was not waited for. ended: the run had ended before."""
    detail: str


class Stop(InstructionFacts):
    """A run was told to stop."""

    schema: Literal["stop"]


class Save(InstructionFacts):
    """A run was told to save."""

    schema: Literal["save"]


class Sample(InstructionFacts):
    """A run was told to speak a sentence."""

    schema: Literal["sample"]


def wait_document(run: Run, last_word: Stamped[Ended] | None) -> Wait:
    return {
        "schema": "wait",
        "version": 1,
        **run_facts(run),
        "is_over": run.state is RunState.ENDED,
        "ended": to_document(last_word) if last_word else None,
    }


def instruction_facts(answered: Answered) -> InstructionFacts:
    return {
        "version": 1,
        "run_id": answered.run.run_id,
        "command": answered.sent.instruction.command,
        "id": answered.sent.instruction.id,
        "way": answered.sent.way,
        "state": answered.state,
        "detail": answered.detail,
    }


def delivery_facts(found: Delivery | None) -> DeliveryFacts | None:
    if found is None:
        return None
    return {
        "present": found.present,
        "missing": found.missing,
        "missing_names": list(found.missing_names),
    }


def event_line(event: Event) -> dict[str, Any]:
    """What a pod said; absent values are left out."""
    return {"schema": "event", "version": 1, **to_line_document(event)}


def log_line(text: str, source: str, at: datetime | None = None) -> LogLine:
    return {
        "schema": "log",
        "version": 1,
        "event": "log",
        "source": source,
        "text": text,
        "at": at,
    }


def launch_line(progress: Progress, run: Run | None) -> Launch:
    """`run` is what the history has of it now."""
    run = progress.run or run
    offer = progress.offer
    return {
        "schema": "launch",
        "version": 1,
        "stage": progress.stage,
        "run_id": run.run_id if run else None,
        "pod_id": run.pod_id if run else "",
        "gpu": offer.gpu_name if offer else (run.gpu_name if run else ""),
        "message": progress.text,
    }


def seen_line(seen: object) -> dict[str, Any] | PodChanged | None:
    """A line about one observation; None for what is no news to a program."""
    match seen:
        case EventSeen(event=event):
            return event_line(event)
        case PodSeen(pod=pod, before=before) if pod.status is not before:
            return _changed("status", pod.id, pod.status)
        case RestartSeen():
            return _changed("restarted")
        case ReleasedHere(pod_id=pod_id, why=why):
            return _changed("released_here", pod_id, why=why)
        case PlaceSilent() | PlaceAnswers():
            is_silent = isinstance(seen, PlaceSilent)
            return _changed("not_answering" if is_silent else "answering", why=silence_text(seen))
        case LogSeen() | _:
            return None


def _changed(
    what: PodNews,
    pod_id: str | None = None,
    status: PodStatus | None = None,
    why: str = "",
) -> PodChanged:
    return {
        "schema": "pod",
        "version": 1,
        "what": what,
        "pod_id": pod_id,
        "status": status,
        "why": why,
    }
