"""Entries of the queue, and what is added to one."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from launcher.domain.queued import EntryState, QueueEntry
from launcher.stores.queue import QueueStore
from tests.kit.clocks import NOW


def entry(number: int = 1, **changes: Any) -> QueueEntry:
    """One that waits, of a run for at most a dollar."""
    values: dict[str, Any] = {
        "number": number,
        "state": EntryState.WAITING,
        "document": {},
        "results_repo": "me/voice",
        "place": "runpod",
        "agreed_usd": 1.0,
        "added_at": NOW,
    }
    return QueueEntry(**(values | changes))


def added(store: QueueStore, agreed_usd: float = 1.0, **rest: Any) -> QueueEntry:
    """The same in a store."""
    values: dict[str, Any] = {"results_repo": "me/voice", "place": "runpod", "now": NOW}
    return store.add({"settings": {}}, agreed_usd=agreed_usd, **(values | rest))


def claimed(
    store: QueueStore, number: int, most_usd: float = 1.0, at: datetime = NOW, **rest: Any
) -> Any:
    values = {"worker": "here", "run_id": f"run-{number:02}"}
    return store.claims.claim(number, most_usd=most_usd, now=at, lease_until=at, **(values | rest))
