"""Figures as the page has them: clocks that tick, times ago, how much of how much. Pure."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path

from pod_image.contract.figures import counted, dollars, size


def per_hour(amount: float) -> str:
    return f"{dollars(amount)}/h"


def clock(seconds: float) -> str:
    """Such as "0:42:05", for a figure that ticks."""
    whole = max(0, int(seconds))
    return f"{whole // 3600}:{whole % 3600 // 60:02d}:{whole % 60:02d}"


def amount(done: float, total: float, unit: str) -> str:
    """Such as "3 of 12 clips", "1.2 MB of 40.0 MB"."""
    if unit == "bytes":
        return f"{size(done)} of {size(total)}"
    return f"{done:,.0f} of {total:,.0f} {unit}".strip()


def pace(steps_per_second: float) -> str:
    """Such as "2.4 steps/s", "3.1 s a step"."""
    if 0 < steps_per_second < 1:
        return f"{1 / steps_per_second:.3g} s a step"
    return f"{steps_per_second:.3g} steps/s"


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


def exactly_when(moment: datetime) -> str:
    """Such as "Friday 27 November 2026, 14:05:09 UTC", on this computer's clock."""
    local = moment.astimezone()
    return f"{local:%A} {local.day} {local:%B %Y, %H:%M:%S %Z}".strip()


def time_of_day(moment: datetime | None) -> str:
    return "" if moment is None else moment.astimezone().strftime("%H:%M")


def at_moment(moment: datetime, now: datetime) -> str:
    """Such as "at 14:05", and "on 22 November 2026 at 14:05" for another day, on this computer's clock."""
    local = moment.astimezone()
    time = f"at {local:%H:%M}"
    is_today = local.date() == now.astimezone().date()
    return time if is_today else f"on {local.day} {local:%B %Y} {time}"


def below_import_path(filename: str) -> str:
    """A program's file as it is imported, such as "launcher/ui/frame.py": without the folders of this computer."""
    path = Path(filename)
    roots = sorted((Path(entry) for entry in sys.path if entry), key=lambda root: -len(root.parts))
    root = next((root for root in roots if path.is_relative_to(root)), path.parent)
    return path.relative_to(root).as_posix()
