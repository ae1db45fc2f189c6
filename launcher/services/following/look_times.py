"""When to ask the cloud how a pod is: hardly ever while its log speaks, at once when it falls silent."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from launcher.clock import is_within

RARELY = timedelta(minutes=10)
"""While the log speaks: it says everything that a look at the pod would, and sooner."""
SILENCE = timedelta(seconds=75)
"""A pod gives a sign of life every thirty seconds; one that has missed two is looked at."""
LONGEST_PAUSE = timedelta(seconds=60)
"""Of a pod that says nothing, such as one that is still waiting for a machine or its image."""
FIRST_WORD = timedelta(minutes=5)
"""A pod that is said to run, and whose container has said nothing for so long, is looked at once more."""
LAST_PAUSES = (1.0, 1.0, 1.0, 2.0, 2.0, 3.0, 4.0)
"""Seconds between looks at a pod that has said its last word: it is about to go, and somebody waits for that."""
LAST_LOOKS = timedelta(seconds=60)
"""For so long."""


class LookTimes:
    """Of one pod. `usual`: the shortest pause between two looks while nothing is about to happen.

    `at`: moments that somebody decides at, and wants a look for.
    """

    def __init__(self, usual: timedelta, at: Iterable[datetime] = ()) -> None:
        self._usual = self._pause = usual
        self._at = sorted(at)
        self._decisive = frozenset(self._at)
        self._heard: datetime | None = None
        self._looked: datetime | None = None
        self._last_word: datetime | None = None
        self._last_looks = 0
        self._is_running = False
        self.is_wanted = False
        """Something happened since the last look that another one would tell more of."""

    def heard(self, now: datetime) -> None:
        """The pod's log said something."""
        self._heard = now
        if not self._is_running:
            self.want()  # it runs, then: that is soon known

    def machine_spoke(self) -> None:
        """The machine speaks of the container when it ends or starts again; before its first start, of the image."""
        if self._heard is not None:
            self.want()

    def want(self) -> None:
        """Something happened that a look would tell more of."""
        self.is_wanted = True

    def said_last_word(self, now: datetime) -> None:
        self._last_word = now

    def looked(self, now: datetime, *, is_running: bool) -> None:
        """A look was made, or one of another watcher's was shared. A failed one counts: pauses grow all the same."""
        is_other = is_running is not self._is_running
        if is_other or self._has_heard_since_last:
            self._pause = self._usual
        elif self._looked is not None:
            self._pause = min(self._pause * 2, max(LONGEST_PAUSE, self._usual))
        if is_other and self._heard is None:
            self._at.append(now + FIRST_WORD + timedelta(seconds=1))
        self._is_running, self.is_wanted, self._looked = is_running, False, now
        self._last_looks += self.is_about_to_go(now)
        self._at = sorted(each for each in self._at if each > now)

    def is_about_to_go(self, now: datetime) -> bool:
        return self._last_word is not None and is_within(LAST_LOOKS, self._last_word, now)

    def is_decisive(self, now: datetime) -> bool:
        """Whether somebody decides by the look that is due now: it waits for nobody else's."""
        return any(each <= now for each in self._at if each in self._decisive)

    def is_due(self, now: datetime) -> bool:
        return now >= self.next(now)

    def next(self, now: datetime) -> datetime:
        """When the next look is due, as far as is known now."""
        if self._looked is None or now < self._looked:  # the clock was set back since then
            return now
        if self.is_about_to_go(now):
            pause = LAST_PAUSES[min(self._last_looks, len(LAST_PAUSES) - 1)]
            return self._looked + min(timedelta(seconds=pause), self._usual)
        due = self._looked + (self._usual if self.is_wanted else self._pause)
        if self._is_speaking(now) and not self.is_wanted:
            assert self._heard is not None
            due = min(self._looked + RARELY, self._heard + SILENCE)
        return min([due, *self._at[:1]])

    @property
    def _has_heard_since_last(self) -> bool:
        return self._heard is not None and (self._looked is None or self._heard >= self._looked)

    def _is_speaking(self, now: datetime) -> bool:
        return self._is_running and self._heard is not None and is_within(SILENCE, self._heard, now)
