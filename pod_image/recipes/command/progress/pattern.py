"""A person's own regular expression for their command's lines, with a limit of time: some never come to an end."""

from __future__ import annotations

import re
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from pod_image.recipes.command.progress.reading import Reading, reading_of

LONGEST_LINE = 4_096
MOST_SECONDS = 0.05
"""For one line. Every step of a training may print one."""
MOST_OVERRUNS = 3


class Overrun(Exception):
    """It took longer than a line may take."""


class Pattern:
    """Named groups are the numbers: `step`, `total_steps`, `epoch`, and any others as curves.

    `read` has to be called on the main thread: there alone a signal can end a search.
    """

    def __init__(self, expression: str) -> None:
        """Raises re.error for what is none."""
        self._expression = re.compile(expression)
        self._overruns = 0

    @property
    def is_given_up(self) -> bool:
        """It ran over its time so often that it is not asked any more."""
        return self._overruns >= MOST_OVERRUNS

    def read(self, line: str) -> Reading | None:
        """What its groups say of a line; None where it does not fit, or took too long."""
        if self.is_given_up:
            return None
        try:
            with _at_most(MOST_SECONDS):
                found = self._expression.search(line[:LONGEST_LINE])
        except Overrun:
            self._overruns += 1
            return None
        if found is None:
            return None
        return reading_of({_plain(name): value for name, value in found.groupdict().items()})


def _plain(name: str) -> str:
    return "total_steps" if name == "total" else name


@contextmanager
def _at_most(seconds: float) -> Iterator[None]:
    """re looks for signals while it searches, so an alarm ends it."""
    assert threading.current_thread() is threading.main_thread()

    def over(number: int, frame: FrameType | None) -> None:
        raise Overrun

    before = signal.signal(signal.SIGALRM, over)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)
