"""Runs as strangers' results repos tell of them: a record, lines of events, and putting both there."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from launcher.domain.run_address import RunAddress
from pod_image.contract.record import RunRecord
from pod_image.hub import Hub, Repo, publish
from tests.kit.clouds import RESULTS_REPO
from tests.kit.virtual_time import START

AT = datetime.fromtimestamp(START, UTC)
ADDRESS = RunAddress(RESULTS_REPO, "run-01")


def record(**changes: Any) -> RunRecord:
    """Of a run that goes on, and says that it has a pod."""
    values: dict[str, Any] = {
        "run_id": "run-01",
        "attempt": 1,
        "nonce": "abcdefghij",
        "state": "running",
        "contract": 1,
        "recipe": "command",
        "settings": {"max_hours": 2.0, "max_cost_usd": 3.0},
        "gpu": "NVIDIA GeForce RTX 4090",
        "pod_id": "stranger-pod",
        "price_per_hour_usd": 0.69,
        "cost_usd": 0.01,
        "created_at": AT,
        "deadline": AT + timedelta(hours=2),
    }
    return RunRecord(**{**values, **changes})


def line(seq: int, event: str, after: float = 10.0, **rest: Any) -> str:
    """One of `events.jsonl`, said so many seconds after AT."""
    at = (AT + timedelta(seconds=after + seq)).isoformat()
    return json.dumps({"event": event, "at": at, "run_id": "run-01", "seq": seq, **rest})


def put(hub: Hub, told: RunRecord | bytes | None, *lines: str) -> None:
    """As one commit of its pod would."""
    files: dict[str, Path | bytes] = {"run-01/events.jsonl": "\n".join(lines).encode()}
    if told is not None:
        files["run-01/run.json"] = told if isinstance(told, bytes) else told.to_json().encode()
    publish(hub, Repo(RESULTS_REPO, "model"), files, "results")
