"""What a checkpoint held the training for, part by part."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Held:
    """Times the parts of one checkpoint that training waits for."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock, self._began = clock, clock()
        self.parts: dict[str, float] = {}
        self.seconds = 0.0

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        began = self._clock()
        yield
        self.parts[name] = self.parts.get(name, 0.0) + self._clock() - began

    def end(self) -> float:
        """The seconds of all parts together."""
        self.seconds = self._clock() - self._began
        return self.seconds

    def sentence(self, step: int) -> str:
        """For the log."""
        parts = ", ".join(f"{name} {seconds:.2f}" for name, seconds in self.parts.items())
        return f"The checkpoint of step {step} held training for {self.seconds:.2f} s: {parts}."
