"""What becomes of a queued run after it was tried: whose fault it was, and when it is tried again. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from launcher.domain.queued import QueueEntry
from launcher.domain.run import Run
from launcher.errors import (
    ApiDrift,
    HubError,
    InsufficientBalance,
    Interrupted,
    InvalidRequest,
    LauncherError,
    NoCapacity,
    NoRight,
    NotConfigured,
    NothingAvailable,
    OverLimit,
    ProviderUnavailable,
    RentUnclear,
    RunFailed,
)
from pod_image.contract.outcomes import EndReason

LOOK_AGAIN = timedelta(minutes=1)
"""Stock and prices come and go in minutes."""
ASK_AGAIN = timedelta(minutes=5)
"""A key, the account's money, a service that did not answer: not changed at once."""
BACKOFF = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=20))
"""After the first pod that came to nothing, the second, and each later one."""


class Then(StrEnum):
    WAIT = "wait"
    """Nothing was paid for that: it does not count as a try."""
    TRY_AGAIN = "try_again"
    """A pod was paid for, and the place was at fault."""
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True)
class Outcome:
    """`after`: how long it waits at least, where it waits."""

    then: Then
    why: str = ""
    after: timedelta = timedelta(0)


_WAITED_FOR: tuple[tuple[type[LauncherError], timedelta], ...] = (
    (NothingAvailable, LOOK_AGAIN),
    (NoCapacity, LOOK_AGAIN),
    (ProviderUnavailable, ASK_AGAIN),
    (InsufficientBalance, ASK_AGAIN),
    (OverLimit, ASK_AGAIN),
    (NotConfigured, ASK_AGAIN),
    (RentUnclear, ASK_AGAIN),
    (HubError, ASK_AGAIN),
    (NoRight, ASK_AGAIN),
    (ApiDrift, ASK_AGAIN),
    (Interrupted, timedelta(0)),
)
"""What goes by without anybody changing the run."""


def of_error(error: LauncherError) -> Outcome:
    """Before a pod was rented, or where the launch rented none."""
    said = str(error.message)
    for kind, after in _WAITED_FOR:
        if isinstance(error, kind):
            return Outcome(Then.WAIT, said, after)
    if isinstance(error, InvalidRequest) or (isinstance(error, RunFailed) and error.is_own):
        return Outcome(Then.FAILED, said)
    return Outcome(Then.TRY_AGAIN, said)


def of_end(run: Run, *, machine_works: bool = True) -> Outcome:
    """After the run had a pod. `machine_works`: what the machine's trial said, as far as it was tried."""
    reason, detail = run.end_reason or EndReason.LOST, run.detail or run.end_sentence
    if reason.is_success:
        return Outcome(Then.DONE, detail)
    is_of_place = reason in (EndReason.BOOT_FAILED, EndReason.LOST) or (
        reason in (EndReason.FAILED, EndReason.TRAINER_DIED) and not machine_works
    )
    return Outcome(Then.TRY_AGAIN if is_of_place else Then.FAILED, detail)


def bounded(outcome: Outcome, entry: QueueEntry) -> Outcome:
    """The same with the entry's own number of tries kept, and longer waits the more there were."""
    if outcome.then is not Then.TRY_AGAIN:
        return outcome
    made = entry.tries + 1
    if made >= entry.most_tries:
        return Outcome(Then.FAILED, f"{outcome.why} It was tried {_times(made)}.")
    return Outcome(Then.TRY_AGAIN, outcome.why, BACKOFF[min(made, len(BACKOFF)) - 1])


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")
