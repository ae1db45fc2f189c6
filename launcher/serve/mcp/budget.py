"""What agents may spend in a day: a ledger on disk, which every server of this person on this computer shares.

The most that a run may cost is booked before anything is ordered, and replaced by what it cost once it is over.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from launcher.errors import InvalidRequest, NotConfigured
from pod_image.contract.figures import dollars
from pod_image.contract.whole_file import write_whole

_LOCK_SECONDS = 10.0
_KEPT_DAYS = 400
_CENT = 0.005


@dataclass(frozen=True)
class Booking:
    """One deploy. `settled_usd`: what it cost; None while that is not known, and then `reserved_usd` counts."""

    id: str
    day: str
    at: str
    plan: str
    run: str
    """Such as me/voice/run-01."""
    reserved_usd: float
    settled_usd: float | None = None

    @property
    def counted_usd(self) -> float:
        return self.reserved_usd if self.settled_usd is None else self.settled_usd

    @property
    def begun_at(self) -> datetime:
        return datetime.fromisoformat(self.at)


class Ledger:
    """`now` tells this computer's time, `provider_now` the provider's. By that days are counted: those of UTC, never
    one before the newest that was booked.
    """

    def __init__(
        self, folder: Path, now: Callable[[], datetime], provider_now: Callable[[], datetime]
    ) -> None:
        self._path, self._now, self._provider_now = folder / "ledger.json", now, provider_now

    @property
    def day(self) -> str:
        """Today; a clock that went back stays at the newest day that was booked."""
        return self._day(self.bookings())

    def spent_usd(self) -> float:
        """What counts of today: what runs cost, and what those that go on may cost at the most."""
        found = self.bookings()
        return _spent(found, self._day(found))

    def reserve(self, plan: str, run: str, most_usd: float, allowed_usd: float) -> Booking:
        """Book the most that a run may cost, or raise InvalidRequest. It is on disk when the call returns."""
        with self._changing() as bookings:
            day = self._day(bookings)
            left = max(0.0, allowed_usd - _spent(bookings, day))
            if most_usd > left + _CENT:
                raise InvalidRequest(
                    f"The run may cost {dollars(most_usd)}; {dollars(left)} of the {dollars(allowed_usd)} that "
                    f"agents may spend are left on {day} (UTC). Nothing was rented.",
                    hint="Lower max_hours or max_cost_usd and plan again, wait for a run to end or for the next day, "
                    "or ask the person for a larger budget.",
                )
            at = self._now().isoformat()
            booking = Booking(secrets.token_hex(8), day, at, plan, run, most_usd)
            bookings.append(booking)
            return booking

    def settle(self, booking_id: str, cost_usd: float) -> None:
        """The run is over: what it cost counts from here on. One that is settled stays as it is."""
        with self._changing() as bookings:
            for number, each in enumerate(bookings):
                if each.id == booking_id and each.settled_usd is None:
                    bookings[number] = replace(each, settled_usd=round(cost_usd, 6))

    def open(self) -> list[Booking]:
        return [each for each in self.bookings() if each.settled_usd is None]

    def bookings(self) -> list[Booking]:
        """Oldest first. Raises NotConfigured for a ledger that cannot be read: what is left is not known then."""
        try:
            document = json.loads(self._path.read_text("utf-8"))
            return [_booking(each) for each in document["bookings"]]
        except FileNotFoundError:
            return []
        except (OSError, ValueError, TypeError, KeyError) as exc:
            raise self._unusable(exc) from exc

    @contextmanager
    def _changing(self) -> Iterator[list[Booking]]:
        """The bookings, written whole when the block ends well; one process at a time."""
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = FileLock(self._path.with_suffix(".lock"), mode=0o600, is_singleton=False)
            with lock.acquire(timeout=_LOCK_SECONDS):
                bookings = self.bookings()
                yield bookings
                self._write(bookings)
        except Timeout:
            raise NotConfigured(
                "Another server is using the ledger of what agents spend.", hint="Try again."
            ) from None
        except OSError as exc:
            raise self._unusable(exc) from exc

    def _write(self, bookings: Sequence[Booking]) -> None:
        days = sorted({each.day for each in bookings})[-_KEPT_DAYS:]
        kept = [asdict(each) for each in bookings if each.day in days or each.settled_usd is None]
        text = json.dumps({"version": 1, "bookings": kept}, indent=1)
        write_whole(self._path, text, is_private=True, is_durable=True)

    def _day(self, bookings: Sequence[Booking]) -> str:
        today = self._provider_now().astimezone(UTC).date()
        return max([today.isoformat(), *(each.day for each in bookings)])

    def _unusable(self, exc: Exception) -> NotConfigured:
        why = exc.strerror if isinstance(exc, OSError) and exc.strerror else type(exc).__name__
        return NotConfigured(
            f"The ledger of what agents spend, {self._path}, cannot be used ({why}): nothing is rented.",
            hint="The person must repair it. Without it, what is left of the day's budget is unknown.",
        )


def _booking(document: Mapping[str, Any]) -> Booking:
    """Raises ValueError, TypeError or KeyError for what no server wrote: nothing of it is guessed."""
    found = Booking(**document)
    if not all(amount >= 0 for amount in (found.reserved_usd, found.counted_usd)):
        raise ValueError("an amount below zero")
    date.fromisoformat(found.day)
    if found.begun_at.tzinfo is None:
        raise ValueError("a time without its zone")
    return found


def _spent(bookings: Sequence[Booking], day: str) -> float:
    return sum(each.counted_usd for each in bookings if each.day == day)
