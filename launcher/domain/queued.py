"""Runs that wait for their turn, and what the queue has paid for them. Pure; holds no secret."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from pod_image.contract.outcomes import EndReason

ROUNDING_USD = 1e-6
"""Sums of prices that people added up in their heads may differ by so little."""
MOST_TRIES = 3
"""Pods that are paid for one entry when the place is at fault, unless the person says otherwise."""
MOST_TRIES_ALLOWED = 10
"""The most that a person may say."""
MOST_PODS = 100
"""The most at a time that a person may say."""


class EntryState(StrEnum):
    WAITING = "waiting"
    STARTING = "starting"
    """A program has taken it: a pod may exist for it from here on."""
    RUNNING = "running"
    """Its pod is armed, and needs nobody."""
    DONE = "done"
    FAILED = "failed"

    @property
    def is_live(self) -> bool:
        return self in (EntryState.STARTING, EntryState.RUNNING)

    @property
    def is_over(self) -> bool:
        return self in (EntryState.DONE, EntryState.FAILED)


@dataclass(frozen=True)
class Terms:
    """What the person has agreed to for all entries together."""

    budget_usd: float | None = None
    """The most that everything may cost. None: nobody has agreed to anything, so nothing starts."""
    at_most: int = 1
    """Maximum number of pods at a time."""
    is_paused: bool = False


@dataclass(frozen=True)
class QueueEntry:
    """One run that waits, runs, or is over. `document` is what it was asked for, as it is kept."""

    number: int
    """What a person calls it."""
    state: EntryState
    document: Mapping[str, Any]
    results_repo: str
    place: str
    agreed_usd: float
    """The most that one pod of it may cost: what was shown when it was added."""
    added_at: datetime
    priority: int = 0
    """Higher ones go first; among equals the one that was added first."""
    is_held: bool = False
    """Paused by itself."""
    run_id: str = ""
    """Empty until it is known; then the same for every try."""
    max_price_usd: float | None = None
    """Of an hour; None takes any price that keeps to `agreed_usd`."""
    most_tries: int = MOST_TRIES
    tries: int = 0
    """Pods that were paid for and failed for reasons outside the run."""
    not_before: datetime | None = None
    why: str = ""
    """Why it waits, or how it ended, as a sentence."""
    claim: str = ""
    """Token of the program that has it; empty where none has."""
    worker: str = ""
    """Which program that is."""
    lease_until: datetime | None = None

    @property
    def order(self) -> tuple[int, int]:
        return (-self.priority, self.number)

    @property
    def place_in_list(self) -> tuple[int, int, int]:
        """What lives, then what waits in its order, then what is over."""
        part = 0 if self.state.is_live else 2 if self.state.is_over else 1
        return (part, *self.order)


@dataclass(frozen=True)
class Try:
    """One pod of an entry, from the moment that it may exist. Kept when its entry is removed: it was paid for."""

    id: int
    entry: int
    results_repo: str
    run_id: str
    place: str
    reserved_usd: float
    """The most that it can cost."""
    began_at: datetime
    nonce: str = ""
    """Of its order; empty until there is one, and then nothing can have been rented."""
    pod_name: str = ""
    ended_at: datetime | None = None
    end_reason: EndReason | None = None
    cost_usd: float | None = None
    """What it cost in the end; None while it lives, or where nobody knows."""
    is_counted: bool = True
    """It counts against the budget."""

    @property
    def is_open(self) -> bool:
        return self.ended_at is None

    @property
    def counts_usd(self) -> float:
        """What it takes from the budget: what it cost, or the most that it can cost while that is not known."""
        if not self.is_counted:
            return 0.0
        if self.is_open or self.cost_usd is None:
            return self.reserved_usd
        return self.cost_usd


@dataclass(frozen=True)
class Account:
    """What of the budget is gone, and what is set aside for the pods that live."""

    spent_usd: float = 0.0
    reserved_usd: float = 0.0
    pods: int = 0

    @classmethod
    def of(cls, tries: Iterable[Try]) -> Account:
        every = list(tries)
        live = [each for each in every if each.is_open]
        return cls(
            spent_usd=sum(each.counts_usd for each in every if not each.is_open),
            reserved_usd=sum(each.counts_usd for each in live),
            pods=len(live),
        )

    @property
    def taken_usd(self) -> float:
        return self.spent_usd + self.reserved_usd

    def has_room_for(self, most_usd: float, terms: Terms) -> bool:
        """Whether a pod that costs at most this much fits into the budget, whatever becomes of it and of the others."""
        budget = terms.budget_usd
        return budget is not None and self.taken_usd + most_usd <= budget + ROUNDING_USD

    def could_have_room_for(self, most_usd: float, terms: Terms) -> bool:
        """The same if everything that lives now cost nothing: where not, waiting does not help."""
        budget = terms.budget_usd
        return budget is not None and self.spent_usd + most_usd <= budget + ROUNDING_USD


class Waits(StrEnum):
    """What a waiting entry of the queue waits for."""

    PAUSED = "paused"
    HELD = "held"
    NO_BUDGET = "no_budget"
    """Nobody has agreed to a budget."""
    LARGER_BUDGET = "larger_budget"
    """It does not fit into what is left, whatever the live ones cost."""
    BUDGET = "budget"
    """It fits once something that lives has cost less than it may."""
    TURN = "turn"
    """As many pods live as may, or an entry before it waits for the budget."""
    TIME = "time"
    """Stock, a price, a key or a service that did not answer is looked for again later."""

    @property
    def passes(self) -> bool:
        """Whether it ends by itself."""
        return self in (Waits.BUDGET, Waits.TURN, Waits.TIME)

    @property
    def sentence(self) -> str:
        return _SENTENCES[self]


_SENTENCES = {
    Waits.PAUSED: "The queue is paused.",
    Waits.HELD: "It is paused.",
    Waits.NO_BUDGET: "The queue has no budget yet.",
    Waits.LARGER_BUDGET: "It does not fit into what is left of the budget.",
    Waits.BUDGET: "It waits until enough of the budget is free again.",
    Waits.TURN: "It waits for its turn.",
    Waits.TIME: "It is checked again soon.",
}


@dataclass(frozen=True)
class Turn:
    """`ready`: entries that may start now, in order. `waits`: what each other waiting one waits for, by number."""

    ready: tuple[QueueEntry, ...] = ()
    waits: Mapping[int, Waits] = field(default_factory=dict)


def next_turn(entries: Iterable[QueueEntry], terms: Terms, account: Account, now: datetime) -> Turn:
    """Whose turn it is.

    An entry that cannot start lets later ones pass, but for one that waits for live pods to give budget back: small
    ones behind it would otherwise keep it waiting for ever.
    """
    ready: list[QueueEntry] = []
    waits: dict[int, Waits] = {}
    is_blocked = account.pods >= terms.at_most
    waiting = [each for each in entries if each.state is EntryState.WAITING]
    for entry in sorted(waiting, key=lambda each: each.order):
        why = _why_not(entry, terms, account, now, is_blocked=is_blocked)
        if why is None:
            ready.append(entry)
            continue
        waits[entry.number] = why
        is_blocked = is_blocked or why is Waits.BUDGET
    return Turn(tuple(ready), waits)


def _why_not(
    entry: QueueEntry, terms: Terms, account: Account, now: datetime, *, is_blocked: bool
) -> Waits | None:
    if terms.is_paused:
        return Waits.PAUSED
    if entry.is_held:
        return Waits.HELD
    if terms.budget_usd is None:
        return Waits.NO_BUDGET
    if not account.could_have_room_for(entry.agreed_usd, terms):
        return Waits.LARGER_BUDGET
    if entry.not_before is not None and entry.not_before > now:
        return Waits.TIME
    if is_blocked:
        return Waits.TURN
    if not account.has_room_for(entry.agreed_usd, terms):
        return Waits.BUDGET
    return None
