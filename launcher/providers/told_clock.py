"""What time it is at a provider, between two of its answers."""

from __future__ import annotations

from datetime import datetime, timedelta

from launcher.clock import Clock


class ToldClock:
    """What the provider said last, carried on by a clock that nobody sets: neither a jump of this computer's clock
    changes anything, nor that it slept.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._told: tuple[datetime, float] | None = None

    def hear(self, told: datetime | None) -> None:
        """None where an answer does not say what time it is."""
        if told is not None:
            self._told = (told, self._clock.seconds())

    @property
    def ahead(self) -> timedelta:
        """How far it is ahead of this computer's clock; zero while it has not said."""
        if self._told is None:
            return timedelta(0)
        said, at = self._told
        return said + timedelta(seconds=self._clock.seconds() - at) - self._clock.now()
