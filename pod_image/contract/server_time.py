"""A server's own clock, as its HTTP answers tell it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime


def server_time(date: str | None, age: str | None = None) -> datetime | None:
    """What an answer's `Date` says; `Age` is how old one is that was kept on the way. None where they tell no time."""
    try:
        told = parsedate_to_datetime(date or "")
        kept = timedelta(seconds=int(age) if age and age.isdecimal() else 0)
        return told.replace(tzinfo=told.tzinfo or UTC) + kept
    except (TypeError, ValueError, OverflowError):  # the last two also of an age beyond all years
        return None
