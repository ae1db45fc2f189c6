"""Documents about runs that need no more than the history; loads neither pydantic nor HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, TypedDict

from launcher.domain.run import Run, RunState
from pod_image.contract.outcomes import EndReason


class RunFacts(TypedDict):
    """A run, the same from every command."""

    run_id: str
    results_repo: str
    """Repo on Hugging Face; the run's files are in its folder `run_id`."""
    attempt: int
    """1 for the first pod; one more each time the run is continued in another pod."""
    state: RunState
    end_reason: EndReason | None
    """null until the run has ended."""
    detail: str
    """Details of the end, as a sentence; empty where `end_reason` says everything."""
    not_delivered: int | None
    """Number of files that did not reach the results repo; null until the pod has reported it."""
    pod_id: str
    gpu: str
    price_per_hour_usd: float
    """Price of the pod, for all of its GPUs together."""
    cost_usd: float | None
    """Cost as measured by the pod; null until its first event."""
    billed_usd: float | None
    """Cost on the provider's bill, which comes later; null until then."""
    max_hours: float
    max_cost_usd: float
    planned_at: datetime
    created_at: datetime | None
    """When the pod was created, by the provider's clock."""
    armed_at: datetime | None
    """When the pod had proved that it can end itself."""
    ended_at: datetime | None
    deadline: datetime | None
    """The pod ends itself by then."""
    preset: str
    """Empty if none was used."""
    name: str
    """Name that a person gave it; empty if none."""
    tags: list[str]
    notes: str


class Runs(TypedDict):
    """Runs, newest first."""

    schema: Literal["runs"]
    version: Literal[1]
    runs: list[RunFacts]


class Attach(TypedDict):
    """Runs of a results repo that this computer now knows."""

    schema: Literal["attach"]
    version: Literal[1]
    runs: list[RunFacts]


class OverruledLabel(TypedDict):
    label: Literal["name", "notes", "tags"]
    text: str


class Label(RunFacts):
    """A run with its name, tags and notes as they are now."""

    schema: Literal["label"]
    version: Literal[1]
    sending: Literal["there", "later", "nothing_delivered", "no_token", "unreadable"]
    """Whether the results repo has it: `there`, or why not yet. `unreadable`: labels.json in the repo is not in our
    format."""
    overruled: list[OverruledLabel]
    """What was replaced because two computers had changed the same label; labels.json keeps it as `earlier`."""


class MeasuredAt(TypedDict):
    name: str
    """Its name in events."""
    value: float
    step: int


class ComparedRunFacts(RunFacts):
    steps: int | None
    seconds: float | None
    """From the pod's creation to the end of the run; null while it runs."""
    last_loss: MeasuredAt | None
    """Last value of the curve that most of these runs have."""
    best_score: MeasuredAt | None
    """Score of the checkpoint that its training found to be the best."""


class ComparedSetting(TypedDict):
    name: str
    values: list[Any]
    """One value for each run, in the order of `runs`; null where a run does not have this setting."""


class Compare(TypedDict):
    """Runs side by side, and the settings that differ between any two."""

    schema: Literal["compare"]
    version: Literal[1]
    runs: list[ComparedRunFacts]
    settings: list[ComparedSetting]


class Abort(RunFacts):
    """The run after its pod was released."""

    schema: Literal["abort"]
    version: Literal[1]


class RunCost(TypedDict):
    run_id: str
    results_repo: str
    seconds: float | None
    """From the pod's creation to the end of the run; null while it runs."""
    planned_usd: float | None
    metered_usd: float | None
    billed_usd: float | None


class Cost(TypedDict):
    """What each run has cost, newest first, and all of them together."""

    schema: Literal["cost"]
    version: Literal[1]
    runs: list[RunCost]
    metered_usd: float
    billed_usd: float
    unbilled_runs: int


def run_facts(run: Run) -> RunFacts:
    """A run as a program reads it; its settings are in `show`."""
    return {
        "run_id": run.run_id,
        "results_repo": run.results_repo,
        "attempt": run.attempt,
        "state": run.state,
        "end_reason": run.end_reason,
        "detail": run.detail,
        "not_delivered": run.not_delivered,
        "pod_id": run.pod_id,
        "gpu": run.gpu_name,
        "price_per_hour_usd": run.price_per_hour_usd,
        "cost_usd": run.cost_usd,
        "billed_usd": run.billed_usd,
        "max_hours": run.max_hours,
        "max_cost_usd": run.max_cost_usd,
        "planned_at": run.planned_at,
        "created_at": run.created_at,
        "armed_at": run.armed_at,
        "ended_at": run.ended_at,
        "deadline": run.deadline,
        "preset": run.preset,
        "name": run.labels.name,
        "tags": list(run.labels.tags),
        "notes": run.labels.notes,
    }


def runs_document(runs: list[Run]) -> Runs:
    return {"schema": "runs", "version": 1, "runs": [run_facts(run) for run in runs]}


def attached_document(runs: list[Run]) -> Attach:
    return {"schema": "attach", "version": 1, "runs": [run_facts(run) for run in runs]}
