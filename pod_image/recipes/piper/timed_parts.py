"""Seconds of a stretch of work by its named parts: a checkpoint that training waits for, the way to the first step."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

Clock = Callable[[], float]


class TimedParts:
    """Begins now, or so many seconds ago."""

    def __init__(self, clock: Clock = time.monotonic, *, seconds_ago: float = 0.0) -> None:
        self._clock, self._began = clock, clock() - seconds_ago
        self.parts: dict[str, float] = {}
        self.seconds = 0.0
        self._open: tuple[str, float] | None = None

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        began = self._clock()
        yield
        self.took(name, self._clock() - began)

    def took(self, name: str, seconds: float) -> None:
        self.parts[name] = self.parts.get(name, 0.0) + seconds

    def open(self, name: str) -> None:
        """A part that lasts until the end."""
        self._open = name, self._clock()

    def end(self) -> float:
        """The seconds from beginning to end, what lies between the parts included."""
        now = self._clock()
        if self._open is not None:
            self.took(self._open[0], now - self._open[1])
        self.seconds = now - self._began
        return self.seconds

    @property
    def listed(self) -> str:
        return ", ".join(f"{name} {seconds:.2f}" for name, seconds in self.parts.items())


class Held(TimedParts):
    """What a checkpoint held the training for."""

    def sentence(self, step: int) -> str:
        """For the log."""
        return (
            f"The checkpoint of step {step} held training for {self.seconds:.2f} s: {self.listed}."
        )


class Beginning(TimedParts):
    """The way from the start of the trainer's process to the end of its first step."""

    @classmethod
    def of_this_process(cls) -> Beginning:
        """What went by before anything could be timed is a part too: interpreter, and what it loaded so far."""
        gone = seconds_since_start()
        beginning = cls(seconds_ago=gone)
        beginning.took("interpreter", gone)
        return beginning

    def sentence(self) -> str:
        """For the log."""
        return f"The first step was done {self.seconds:.2f} s after the trainer's start: {self.listed}."


def seconds_since_start() -> float:
    """Since the system started this process; 0 where it does not tell."""
    try:
        # The second field is the program's name in brackets, which may hold spaces.
        fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
        started = int(fields[19]) / os.sysconf("SC_CLK_TCK")
        return max(0.0, time.clock_gettime(time.CLOCK_BOOTTIME) - started)
    except (OSError, ValueError, IndexError, AttributeError):
        return 0.0
