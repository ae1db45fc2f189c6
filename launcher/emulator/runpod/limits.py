"""Rate limits: several windows counted together, and the headers that tell of them."""

import math
from dataclasses import dataclass

from launcher.emulator.runpod.problems import too_many


@dataclass(frozen=True)
class Window:
    name: str
    quota: int
    seconds: int


USUAL_WINDOWS = (
    Window("minute", 180, 60),
    Window("hour", 7_200, 3_600),
    Window("day", 86_400, 86_400),
)


class RateLimiter:
    """Counts calls of each account in fixed windows. No windows: no limits and no headers."""

    def __init__(self, windows: tuple[Window, ...] = USUAL_WINDOWS) -> None:
        self.windows = windows
        self._used: dict[tuple[str, str], tuple[float, int]] = {}

    def count(self, account_id: str, now: float) -> None:
        """Count one call. Raises the 429 of the longest window that is used up."""
        for window in reversed(self.windows):
            if self.left(account_id, window, now) <= 0:
                raise too_many(window.name, self.reset_seconds(window, now))
        for window in self.windows:
            start, used = self._state(account_id, window, now)
            self._used[account_id, window.name] = (start, used + 1)

    def left(self, account_id: str, window: Window, now: float) -> int:
        return window.quota - self._state(account_id, window, now)[1]

    def headers(self, account_id: str, now: float) -> dict[str, str]:
        """`RateLimit` (what is left, seconds to the reset) and `RateLimit-Policy`."""
        if not self.windows:
            return {}
        left = (
            f'"{w.name}";r={max(0, self.left(account_id, w, now))};t={self.reset_seconds(w, now)}'
            for w in self.windows
        )
        policy = (f'"{w.name}";q={w.quota};w={w.seconds}' for w in self.windows)
        return {"RateLimit": ", ".join(left), "RateLimit-Policy": ", ".join(policy)}

    def reset_seconds(self, window: Window, now: float) -> int:
        return max(1, math.ceil(self._start(window, now) + window.seconds - now))

    def _start(self, window: Window, now: float) -> float:
        return now // window.seconds * window.seconds

    def _state(self, account_id: str, window: Window, now: float) -> tuple[float, int]:
        start = self._start(window, now)
        state = self._used.get((account_id, window.name))
        return state if state is not None and state[0] == start else (start, 0)
