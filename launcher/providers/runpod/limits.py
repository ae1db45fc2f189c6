"""RunPod's rate limits: how long all calls together have to wait. Reads headers, sends nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping

_WINDOW = re.compile(r'"?(?P<name>[\w-]+)"?\s*;(?P<parts>[^,]*)')
_PART = re.compile(r"\b([rt])\s*=\s*(\d+(?:\.\d+)?)")


def wait_seconds(headers: Mapping[str, str]) -> float:
    """The longest of `Retry-After` and every `RateLimit` window with nothing left; 0 when there is none.

    A header in a form we do not know is no reason to wait.
    """
    waits = [0.0]
    try:
        waits.append(float(headers.get("retry-after", "0")))
    except ValueError:
        waits.append(0.0)  # an HTTP date: RunPod sends seconds
    for window in _WINDOW.finditer(headers.get("ratelimit", "")):
        parts = {name: float(value) for name, value in _PART.findall(window["parts"])}
        if parts.get("r") == 0:
            waits.append(parts.get("t", 0.0))
    return max(waits)


class Gate:
    """One for all calls of a client: closed until the last limit that was hit has passed."""

    def __init__(self) -> None:
        self._open_at = 0.0

    def close(self, seconds: float, now: float) -> None:
        """Nothing is to be sent for so long. A longer wait that is already known stays."""
        self._open_at = max(self._open_at, now + seconds)

    def wait_seconds(self, now: float) -> float:
        return max(0.0, self._open_at - now)


class Pace:
    """A share of the calls that is spent evenly: `burst` at once, then one each `seconds_between`."""

    def __init__(self, burst: int, seconds_between: float) -> None:
        self._room = burst * seconds_between
        self._between = seconds_between
        self._next = float("-inf")

    def take(self, now: float) -> float:
        """Seconds to wait before the next one; it counts as made then."""
        self._next = max(self._next, now - self._room) + self._between
        return max(0.0, self._next - now)
