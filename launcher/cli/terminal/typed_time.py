"""How long somebody will wait, as it is typed: 2h, 30m, 90s, 1h30m."""

from __future__ import annotations

import re
from datetime import timedelta

from launcher.errors import InvalidRequest

_TIME = re.compile(r"(?:(\d+(?:\.\d+)?)h)?(?:(\d+)m(?:in)?)?(?:(\d+)s)?")
LONGEST = timedelta(days=7)


def read_time(text: str) -> timedelta:
    """Raises InvalidRequest for what is no time, none at all, or more than a week."""
    match = _TIME.fullmatch(text.strip().lower().replace(" ", ""))
    if match is None or not any(match.groups()):
        raise InvalidRequest(f"{text!r} is not a duration.", hint="Write it as 2h, 30m or 1h30m.")
    hours, minutes, seconds = (float(part or 0) for part in match.groups())
    time = timedelta(hours=hours, minutes=minutes, seconds=seconds)
    if not timedelta(0) < time <= LONGEST:
        raise InvalidRequest(
            "That is not a valid waiting time.", hint="Give between one second and seven days."
        )
    return time
