"""Into the queue: checked as `deploy` would check it, with the most that it can cost."""

from __future__ import annotations

from dataclasses import dataclass

from launcher.domain.plan import Plan
from launcher.domain.queued import MOST_TRIES, QueueEntry
from launcher.errors import InvalidRequest, NothingAvailable
from launcher.services.common.places import place_of
from launcher.services.common.workbench import Workbench
from launcher.services.launching.naming import checked_labels
from launcher.services.launching.unwatched import refuse_unwatched
from launcher.services.queue.queued_run import QueuedRun, most_usd, plan_of
from launcher.stores.queue import QueueStore
from launcher.stores.secrets import Keys
from pod_image.contract.next_steps import Said


@dataclass(frozen=True)
class HowToQueue:
    """What a person says of a run's place in the queue."""

    priority: int = 0
    max_price_usd: float | None = None
    """Of an hour."""
    most_tries: int = MOST_TRIES


@dataclass(frozen=True)
class Added:
    """`plan` is None where nothing that fits is free now; `waits_for` says what is missing then."""

    entry: QueueEntry
    position: int
    """1 is next."""
    plan: Plan | None = None
    waits_for: Said = ""


async def add(
    bench: Workbench, store: QueueStore, queued: QueuedRun, keys: Keys, how: HowToQueue
) -> Added:
    """Put the run into the queue. What is agreed is the most that one pod of it can cost, now shown.

    Raises what `deploy` would raise of settings, dataset and keys. That nothing fits now is no error: it waits for
    that.
    """
    checked_labels(queued.labels)
    if how.max_price_usd is not None and not 0 < how.max_price_usd < float("inf"):
        raise InvalidRequest("The highest hourly price must be more than 0.")
    settings = queued.settings
    refuse_unwatched(settings)
    plan: Plan | None = None
    waits_for: Said = ""
    try:
        plan = await plan_of(bench, queued, keys, max_price_usd=how.max_price_usd)
        agreed_usd = plan.worst_case_usd
    except NothingAvailable as exc:
        waits_for, agreed_usd = exc.message, most_usd(settings, how.max_price_usd)
    entry = store.add(
        queued.document(),
        results_repo=settings.results,
        place=place_of(settings).name,
        agreed_usd=agreed_usd,
        now=bench.clock.now(),
        run_id=settings.run_id,
        priority=how.priority,
        max_price_usd=how.max_price_usd,
        most_tries=how.most_tries,
    )
    return Added(entry, position_of(store, entry), plan, waits_for)


def position_of(store: QueueStore, entry: QueueEntry) -> int:
    """Its place among those that wait; 1 is next."""
    before = [each for each in store.entries() if _is_before(each, entry)]
    return len(before) + 1


def _is_before(other: QueueEntry, entry: QueueEntry) -> bool:
    is_waiting = not (other.state.is_live or other.state.is_over)
    return is_waiting and other.order < entry.order
