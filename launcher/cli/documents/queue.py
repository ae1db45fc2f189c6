"""Documents about the queue; they need no more than its file, and load neither pydantic nor HTTP."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Literal, TypedDict

from launcher.domain.queued import (
    Account,
    EntryState,
    QueueEntry,
    Terms,
    Try,
    Waits,
    next_turn,
)


class QueueEntryFacts(TypedDict):
    """One run of the queue, the same from every command."""

    entry: int
    """Its number in the queue, for the other commands."""
    state: EntryState
    waits_for: Waits | None
    """What it waits for; null if it may start now or does not wait."""
    detail: str
    """Why it waits, or how it ended, as a sentence; may be empty."""
    is_paused: bool
    """Whether this entry is paused."""
    priority: int
    run_id: str
    """Empty until known."""
    results_repo: str
    recipe: str
    preset: str
    place: str
    most_usd: float
    """The most that one of its pods may cost."""
    max_price_per_hour_usd: float | None
    tries: int
    """Pods that were paid for and failed for reasons outside the run."""
    most_tries: int
    cost_usd: float
    """What its pods have cost so far, as far as known."""
    added_at: datetime
    not_before: datetime | None
    """When it is tried again."""


class QueueTotals(TypedDict):
    is_paused: bool
    at_most: int
    """Maximum number of pods at a time."""
    budget_usd: float | None
    """null until a budget is agreed; nothing starts before that."""
    spent_usd: float
    """Spent by pods that no longer exist."""
    reserved_usd: float
    """The most that live runs can cost."""
    pods: int


class Queue(QueueTotals):
    """The queue: runs that are live, then those that wait, in their order, then those that have ended."""

    schema: Literal["queue"]
    version: Literal[1]
    entries: list[QueueEntryFacts]


class QueueAdded(QueueEntryFacts):
    """A run that was added to the queue."""

    schema: Literal["queue.added"]
    version: Literal[1]
    position: int
    """Position among those that wait; 1 is next."""
    gpu: str
    """The GPU that would be tried first now; empty if no GPU that fits is free."""
    price_per_hour_usd: float | None


class QueueStep(TypedDict):
    """What happens to an entry while the queue runs."""

    schema: Literal["queue.step"]
    version: Literal[1]
    entry: int
    state: EntryState
    run_id: str
    detail: str


def entry_facts(
    entry: QueueEntry, tries: Iterable[Try], waits: Mapping[int, Waits]
) -> QueueEntryFacts:
    own = [each for each in tries if each.entry == entry.number]
    return {
        "entry": entry.number,
        "state": entry.state,
        "waits_for": waits.get(entry.number),
        "detail": entry.why,
        "is_paused": entry.is_held,
        "priority": entry.priority,
        "run_id": entry.run_id or next((each.run_id for each in own if each.is_open), ""),
        "results_repo": entry.results_repo,
        "recipe": str(entry.document.get("settings", {}).get("recipe", "")),
        "preset": str(entry.document.get("preset", "")),
        "place": entry.place,
        "most_usd": entry.agreed_usd,
        "max_price_per_hour_usd": entry.max_price_usd,
        "tries": entry.tries,
        "most_tries": entry.most_tries,
        "cost_usd": sum(each.cost_usd or 0.0 for each in own),
        "added_at": entry.added_at,
        "not_before": entry.not_before,
    }


def queue_document(
    entries: list[QueueEntry], tries: list[Try], terms: Terms, now: datetime
) -> Queue:
    account = Account.of(tries)
    waits = next_turn(entries, terms, account, now).waits
    return {
        "schema": "queue",
        "version": 1,
        "entries": [entry_facts(each, tries, waits) for each in entries],
        "is_paused": terms.is_paused,
        "at_most": terms.at_most,
        "budget_usd": terms.budget_usd,
        "spent_usd": account.spent_usd,
        "reserved_usd": account.reserved_usd,
        "pods": account.pods,
    }
