"""What pods cost: stretches of time at one price, and their sums over buckets. Amounts in USD."""

import calendar
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

HOURS_PER_MONTH = 720.0
CONTAINER_DISK_USD_PER_GB_MONTH = 0.10
VOLUME_USD_PER_GB_MONTH = 0.10
STOPPED_VOLUME_USD_PER_GB_MONTH = 0.20


@dataclass(frozen=True)
class Rate:
    """USD per hour."""

    gpu: float = 0.0
    cpu: float = 0.0
    disk: float = 0.0

    @property
    def total(self) -> float:
        return self.gpu + self.cpu + self.disk


@dataclass
class Stretch:
    """One pod at one rate, from `start` to `end` in Unix seconds."""

    account_id: str
    pod_id: str
    cluster_id: str | None
    rate: Rate
    start: float
    end: float

    def amounts(self, start: float, end: float) -> Rate:
        """What falls between the two moments."""
        hours = max(0.0, min(end, self.end) - max(start, self.start)) / 3600
        return Rate(self.rate.gpu * hours, self.rate.cpu * hours, self.rate.disk * hours)


class Ledger:
    """Every stretch that was billed; joined while the rate stays the same."""

    def __init__(self) -> None:
        self.stretches: list[Stretch] = []
        self._open: dict[str, Stretch] = {}

    def add(
        self,
        account_id: str,
        pod_id: str,
        cluster_id: str | None,
        rate: Rate,
        start: float,
        end: float,
    ) -> float:
        """Record a stretch and return what it cost."""
        last = self._open.get(pod_id)
        if last is not None and last.rate == rate and last.end == start:
            last.end = end
        else:
            last = Stretch(account_id, pod_id, cluster_id, rate, start, end)
            self._open[pod_id] = last
            self.stretches.append(last)
        return rate.total * (end - start) / 3600


def add_up(amounts: Iterable[Rate]) -> Rate:
    gathered = list(amounts)
    return Rate(
        sum(amount.gpu for amount in gathered),
        sum(amount.cpu for amount in gathered),
        sum(amount.disk for amount in gathered),
    )


def bucket_start(moment: float, size: str) -> float:
    """The beginning of the bucket (`hour` to `year`, UTC, weeks from Monday) that holds the moment."""
    at = datetime.fromtimestamp(moment, UTC).replace(minute=0, second=0, microsecond=0)
    if size != "hour":
        at = at.replace(hour=0)
    if size == "week":
        at -= timedelta(days=at.weekday())
    if size in ("month", "year"):
        at = at.replace(day=1)
    if size == "year":
        at = at.replace(month=1)
    return at.timestamp()


def bucket_end(start: float, size: str) -> float:
    at = datetime.fromtimestamp(start, UTC)
    days = {
        "day": 1,
        "week": 7,
        "month": calendar.monthrange(at.year, at.month)[1],
        "year": 366 if calendar.isleap(at.year) else 365,
    }
    return start + (3600 if size == "hour" else days[size] * 86_400)


def buckets(start: float, end: float, size: str) -> Iterator[tuple[float, float]]:
    """The buckets that cover start to end (exclusive)."""
    at = bucket_start(start, size)
    while at < end:
        following = bucket_end(at, size)
        yield at, following
        at = following


def last_buckets_start(now: float, size: str, count: int) -> float:
    """The start of the earliest of the last `count` buckets, the running one included."""
    at = bucket_start(now, size)
    for _ in range(count - 1):
        at = bucket_start(at - 1, size)
    return at
