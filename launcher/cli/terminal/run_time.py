"""How long a run has lasted, for a terminal."""

from __future__ import annotations

from datetime import UTC, datetime

from launcher.domain.run import Run


def lasted_seconds(run: Run) -> float | None:
    """From the pod's creation to the run's end, or to now."""
    if run.created_at is None:
        return None
    end = run.ended_at or datetime.now(UTC)
    return (end - run.created_at).total_seconds()
