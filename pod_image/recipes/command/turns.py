"""The turns in which a command's files are brought to where they are delivered from, beside its work."""

from __future__ import annotations

import threading
from collections.abc import Callable

Done = Callable[[int], None]
"""Called with how many files there are, on the thread that collected them."""


class Turns:
    """One at a time, on a thread of its own: copying gigabytes must not make us deaf to the agent."""

    def __init__(
        self, collect: Callable[[], int], every_seconds: float, now: Callable[[], float]
    ) -> None:
        self._collect, self._every_seconds, self._now = collect, every_seconds, now
        self._at = now()
        self._thread: threading.Thread | None = None
        self._asked: list[Done] = []

    def ask(self, done: Done) -> None:
        """A turn as soon as can be, and `done` after it; one that is under way is not it."""
        self._asked.append(done)
        self.look()

    def look(self) -> None:
        """Begin the turn that is due."""
        if self._thread is not None and self._thread.is_alive():
            return
        if not self._asked and self._now() - self._at < self._every_seconds:
            return
        self._at = self._now()
        asked, self._asked = self._asked, []
        self._thread = threading.Thread(target=self._turn, args=(asked,), name="turn", daemon=True)
        self._thread.start()

    def take_last(self) -> int:
        """The command has ended: wait for a turn that is under way, and take the last one here."""
        if self._thread is not None:
            self._thread.join()
        asked, self._asked = self._asked, []
        return self._turn(asked)

    def _turn(self, asked: list[Done]) -> int:
        count = self._collect()
        for done in asked:
            done(count)
        return count
