"""Figures as words, the same wherever a person reads them: money, time, sizes, how much was recorded."""

from __future__ import annotations

import math

UNKNOWN = "unknown"


def dollars(amount_usd: float | None, *, finest_usd: float = 0.01, unknown: str = UNKNOWN) -> str:
    """Such as "$0.24", "$1,250.00"; never "$0.00" of money that is spent: "under $0.01".

    With `finest_usd` 0.0001 what is under ten cents has four digits: "$0.0031".
    """
    if amount_usd is None:
        return unknown
    if 0 < amount_usd < finest_usd:
        return f"under ${finest_usd:g}"
    digits = 4 if finest_usd < 0.01 and 0 < abs(amount_usd) < 0.1 else 2
    return f"${amount_usd:,.{digits}f}"


def about(amount_usd: float | None) -> str:
    """Such as "about $0.24"; what is under a cent needs no "about"."""
    words = dollars(amount_usd)
    return words if amount_usd is None or words.startswith("under") else f"about {words}"


def dollars_per_hour(price_usd: float) -> str:
    return f"{dollars(price_usd)} an hour"


def duration(seconds: float | None, *, unknown: str = UNKNOWN) -> str:
    """As exact as a person needs it: "42 s", "3 min 20 s", "42 min", "1 h 20 min", "3 days 4 h"."""
    if seconds is None:
        return unknown
    if not math.isfinite(seconds):
        return UNKNOWN
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min" + (f" {whole % 60} s" if whole < 600 and whole % 60 else "")
    hours, minutes = whole // 3600, whole % 3600 // 60
    if hours < 48:
        return f"{hours} h" + (f" {minutes} min" if minutes else "")
    return f"{hours // 24} days" + (f" {hours % 24} h" if hours % 24 else "")


def roughly(hours: float) -> str:
    """An estimate in whole minutes or better: "6 min", "2 h 20 min"."""
    return duration(max(60.0, round(hours * 60.0) * 60.0))


def recorded(minutes: float) -> str:
    """How much speech there is: "12.3 minutes", "1.5 hours"."""
    return f"{minutes / 60:.1f} hours" if minutes >= 90 else f"{minutes:.1f} minutes"


def counted(number: int, thing: str, things: str = "") -> str:
    """Such as "1 clip", "12 clips"."""
    return f"{number:,} {thing if number == 1 else things or thing + 's'}"


def for_one(unit: str) -> str:
    """The unit of one of it: "hour" for "hours"; "GB" and "% of the GPU" stay."""
    first, *rest = unit.split(" ", 1)
    is_plural = first.endswith("s") and first.islower() and len(first) > 2
    ending = 2 if first.endswith("ches") else 1
    return " ".join((first[:-ending] if is_plural else first, *rest))


def with_unit(value: object, unit: str, words: str = "") -> str:
    """The value of a setting: "1 hour", "2 clips", "$0.50". `words` where the value is written otherwise."""
    if unit == "USD" and isinstance(value, int | float):
        return dollars(value)
    words = words or (f"{value:.10g}" if isinstance(value, float) else str(value))
    return f"{words} {for_one(unit) if value == 1 else unit}".strip()


def size(count_bytes: float) -> str:
    """Such as "3.2 MB" (powers of a thousand, as the Hub shows them)."""
    if count_bytes < 1000:
        return f"{count_bytes:.0f} bytes"
    for unit in ("kB", "MB"):
        count_bytes /= 1000
        if count_bytes < 1000:
            return _three_digits(count_bytes, unit)
    return _three_digits(count_bytes / 1000, "GB")


def _three_digits(count: float, unit: str) -> str:
    return f"{count:.1f} {unit}" if count < 100 else f"{count:,.0f} {unit}"


def plain_number(number: float) -> str:
    """Such as 0.00001, and not 1e-05."""
    text = f"{number:,.12f}".rstrip("0").rstrip(".")
    return text if float(text.replace(",", "")) or not number else f"{number:g}"
