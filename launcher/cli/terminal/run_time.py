"""How long a run has lasted, for a terminal."""

from __future__ import annotations

from datetime import UTC, datetime

from launcher.domain.run import Run


def lasted_seconds(run: Run) -> float | None:
    """From the pod's creation to the run's end, or to now."""
    return run.lasted_seconds(datetime.now(UTC))
