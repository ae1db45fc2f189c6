"""The document that a pod is given of its run."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from pod_image.contract import CONTRACT_VERSION
from pod_image.contract.environment import Attempt, RunDocument
from pod_image.contract.settings import RunSettings


def run_document(**changes: Any) -> RunDocument:
    """A valid one with small values; `changes` are other values of it."""
    settings = changes.pop(
        "settings", RunSettings(dataset_repo="me/clips", results_repo="me/voice")
    )
    values: dict[str, Any] = {
        "contract": CONTRACT_VERSION,
        "run_id": "run-01",
        "attempt": Attempt(number=1, nonce="abcdef0123"),
        "settings": settings,
        "deadline": datetime(2026, 11, 22, 12, tzinfo=UTC),
        "price_per_hour_usd": 0.69,
    }
    return RunDocument(**(values | changes))
