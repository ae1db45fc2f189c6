"""Time for the emulated cloud: handed in, so that a test can move it. The only file that reads the system's clock."""

import re
import time
from datetime import UTC, datetime
from typing import Protocol

NANOS = 1_000_000_000
_RFC3339 = re.compile(
    r"^(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.(\d+))?([Zz]|[+-]\d\d:\d\d)$",
)


class Clock(Protocol):
    def now(self) -> float:
        """Unix time in seconds."""


class SystemClock:
    """The machine's own time."""

    def now(self) -> float:
        return time.time()


class ManualClock:
    """Time that moves only when told; for tests and simulations."""

    def __init__(self, start: float = 1_795_341_600.0) -> None:
        self._now = start

    def now(self) -> float:
        return self._now

    def advance(self, seconds: float) -> None:
        self._now += seconds


def rfc3339(seconds: float) -> str:
    """`2026-11-22T10:00:00.123Z`, in milliseconds."""
    moment = datetime.fromtimestamp(seconds, UTC)
    return f"{_to_seconds(moment)}.{moment.microsecond // 1000:03d}Z"


def rfc3339_nanos(nanos: int) -> str:
    """The same with nine digits, as the log service writes it."""
    moment = datetime.fromtimestamp(nanos // NANOS, UTC)
    return f"{_to_seconds(moment)}.{nanos % NANOS:09d}Z"


def _to_seconds(moment: datetime) -> str:
    # Not strftime: its %Y has fewer than four digits for the first millennium.
    return moment.replace(tzinfo=None).isoformat(timespec="seconds")


def parse_rfc3339_nanos(text: str) -> int:
    """Nanoseconds since 1970. Raises ValueError for anything that is not RFC 3339."""
    match = _RFC3339.match(text)
    if match is None:
        raise ValueError(f"not an RFC 3339 time: {text!r}")
    day, clock_time, fraction, zone = match.groups()
    zone = "+00:00" if zone in "Zz" else zone
    whole = datetime.fromisoformat(f"{day}T{clock_time}{zone}").timestamp()
    return int(whole) * NANOS + int((fraction or "").ljust(9, "0")[:9])
