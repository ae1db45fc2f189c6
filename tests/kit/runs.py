"""Runs as the history keeps them, and what a pod tells of one."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from launcher.domain.run import Run, RunState
from pod_image.contract.events import Event, from_line
from pod_image.contract.outcomes import EndReason
from tests.kit.clocks import NOW


def run(**changes: object) -> Run:
    """A run that trains since 38 minutes; `changes` are other values of it."""
    values: dict[str, object] = {
        "run_id": "run-01",
        "results_repo": "me/voice",
        "attempt": 1,
        "nonce": "abcdefghij",
        "state": RunState.RUNNING,
        "planned_at": NOW - timedelta(hours=1),
        "pod_id": "pod1",
        "price_per_hour_usd": 0.36,
        "gpu_name": "RTX 4090",
        "max_cost_usd": 2.0,
        "created_at": NOW - timedelta(minutes=40),
        "armed_at": NOW - timedelta(minutes=38),
        **changes,
    }
    return Run(**values)  # type: ignore[arg-type]  # by name


def ended_run(**changes: object) -> Run:
    """One that finished."""
    over = {"state": RunState.ENDED, "end_reason": EndReason.FINISHED, "ended_at": NOW}
    return run(**{**over, **changes})


def event(kind: str, seq: int, after: float = 0.0, /, **rest: Any) -> Event:
    """As the launcher reads it from a line; `after` counts seconds from NOW."""
    at = (NOW + timedelta(seconds=after)).isoformat()
    line = json.dumps({"event": kind, "at": at, "run_id": "run-01", "seq": seq, **rest})
    found = from_line(line)
    assert found is not None
    return found


NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def new_run(nonce: str = "abcdefghij", **changes: Any) -> Run:
    """A run that is being launched and has no pod yet."""
    base = Run(
        run_id="run-01",
        results_repo="me/voices",
        attempt=1,
        nonce=nonce,
        state=RunState.LAUNCHING,
        planned_at=NOON,
    )
    return replace(base, **changes)
