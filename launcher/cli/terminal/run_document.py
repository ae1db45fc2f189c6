"""A run as a program reads it, the same from every command."""

from __future__ import annotations

from datetime import UTC, datetime

from launcher.domain.run import Run


def run_document(run: Run) -> dict[str, object]:
    """A run as a program reads it; the settings are in `show`."""
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
    }


def lasted_seconds(run: Run) -> float | None:
    """From the pod's creation to the run's end, or to now."""
    if run.created_at is None:
        return None
    end = run.ended_at or datetime.now(UTC)
    return (end - run.created_at).total_seconds()
