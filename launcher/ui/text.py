"""Figures as words for a person: money, time, sizes. Pure."""

from __future__ import annotations

from datetime import datetime


def dollars(amount: float | None) -> str:
    """Such as "$0.24"; under a cent in full, so that "$0.00" is never said of money that is spent."""
    if amount is None:
        return "unknown"
    if 0 < amount < 0.01:
        return "under $0.01"
    return f"${amount:,.2f}"


def about(amount: float | None) -> str:
    """Such as "about $0.24"; what is under a cent needs no "about"."""
    words = dollars(amount)
    return words if amount is None or words.startswith("under") else f"about {words}"


def roughly(hours: float) -> str:
    """An estimate in whole minutes or better: "6 min", "2 h 20 min"."""
    return duration(max(60.0, round(hours * 60.0) * 60.0))


def per_hour(amount: float) -> str:
    return f"${amount:.2f}/h"


def duration(seconds: float | None) -> str:
    """Such as "42 s", "5 min", "1 h 20 min", "3 days 4 h"."""
    if seconds is None:
        return "unknown"
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min" + (f" {whole % 60} s" if whole < 600 and whole % 60 else "")
    hours, minutes = whole // 3600, whole % 3600 // 60
    if hours < 48:
        return f"{hours} h" + (f" {minutes} min" if minutes else "")
    return f"{hours // 24} days" + (f" {hours % 24} h" if hours % 24 else "")


def clock(seconds: float) -> str:
    """Such as "0:42:05", for a figure that ticks."""
    whole = max(0, int(seconds))
    return f"{whole // 3600}:{whole % 3600 // 60:02d}:{whole % 60:02d}"


def size(count: float) -> str:
    """Bytes as "3.2 MB" (powers of a thousand, as the Hub shows them)."""
    if count < 1000:
        return f"{count:.0f} bytes"
    for unit in ("kB", "MB", "GB"):
        count /= 1000
        if count < 1000 or unit == "GB":
            return f"{count:.1f} {unit}" if count < 100 else f"{count:.0f} {unit}"
    raise AssertionError("unreachable")


def amount(done: float, total: float, unit: str) -> str:
    """Such as "3 of 12 clips", "1.2 MB of 40.0 MB"."""
    if unit == "bytes":
        return f"{size(done)} of {size(total)}"
    return f"{done:,.0f} of {total:,.0f} {unit}".strip()


def counted(number: int, thing: str, things: str = "") -> str:
    """Such as "1 clip", "12 clips"."""
    return f"{number:,} {thing if number == 1 else things or thing + 's'}"


def when(moment: datetime | None, now: datetime) -> str:
    """Such as "just now", "5 minutes ago", "14 March 2026"."""
    if moment is None:
        return "never"
    seconds = (now - moment).total_seconds()
    if seconds < 60:
        return "just now"
    if seconds < 3600:
        return counted(int(seconds // 60), "minute") + " ago"
    if seconds < 86_400:
        return counted(int(seconds // 3600), "hour") + " ago"
    if seconds < 7 * 86_400:
        return counted(int(seconds // 86_400), "day") + " ago"
    local = moment.astimezone()
    return f"{local.day} {local:%B %Y}"


def time_of_day(moment: datetime | None) -> str:
    return "" if moment is None else moment.astimezone().strftime("%H:%M")
