"""The document of `launcher top`: all that lives, at every place."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, TypedDict

from launcher.domain.run import RunState
from launcher.services.live.fleet import Fleet, LiveRow
from pod_image.contract.outcomes import Phase


class TopRun(TypedDict):
    """A live run. null is for what its pod has not reported."""

    run_id: str
    results_repo: str
    name: str
    """Name that a person gave it; empty if none."""
    place: str
    """The provider, as the setting `provider` names it."""
    pod_id: str
    gpu: str
    state: RunState
    phase: Phase | None
    step: int | None
    total_steps: int | None
    seconds_left: float | None
    steps_per_second: float | None
    gpu_use_percent: float | None
    """Mean of its GPUs."""
    is_measured_by_place: bool
    """Whether the GPU use was measured by the provider because the pod reports nothing."""
    cost_per_minute_usd: float
    cost_usd: float
    """Cost so far."""
    cap_usd: float
    """The most that it can cost."""
    heard_at: datetime | None
    """When its pod reported the newest of these figures."""
    problem: str
    """Empty if there is none."""


class TopTotals(TypedDict):
    runs: int
    cost_per_minute_usd: float
    cost_usd: float
    cap_usd: float


class Top(TypedDict):
    """Every live run, newest first, and their totals."""

    schema: Literal["top"]
    version: Literal[1]
    runs: list[TopRun]
    totals: TopTotals
    """Totals of these runs; providers in `troubles` may have more."""
    places: list[str]
    """Titles of the providers that were checked."""
    troubles: dict[str, str]
    """Why a provider could not be checked, by its title; usually empty."""


def top_document(fleet: Fleet, troubles: dict[str, str], looked_at: Sequence[str]) -> Top:
    return {
        "schema": "top",
        "version": 1,
        "runs": [_run(row) for row in fleet.rows],
        "totals": {
            "runs": len(fleet.rows),
            "cost_per_minute_usd": round(fleet.cost_per_minute_usd, 6),
            "cost_usd": round(fleet.cost_usd, 6),
            "cap_usd": round(fleet.cap_usd, 6),
        },
        "places": list(looked_at),
        "troubles": troubles,
    }


def _run(row: LiveRow) -> TopRun:
    run = row.run
    return {
        "run_id": run.run_id,
        "results_repo": run.results_repo,
        "name": run.labels.name,
        "place": run.place,
        "pod_id": run.pod_id,
        "gpu": run.gpu_name,
        "state": run.state,
        "phase": row.phase,
        "step": row.step,
        "total_steps": row.total_steps,
        "seconds_left": row.seconds_left,
        "steps_per_second": row.steps_per_second,
        "gpu_use_percent": row.gpu_use_percent,
        "is_measured_by_place": row.is_measured_by_place,
        "cost_per_minute_usd": round(row.cost_per_minute_usd, 6),
        "cost_usd": round(row.cost_usd, 6),
        "cap_usd": row.cap_usd,
        "heard_at": row.heard_at,
        "problem": row.problem,
    }
