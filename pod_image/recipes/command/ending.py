"""How a command is made to end: asked as by Ctrl-C, then told, then killed, with all that it started."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from dataclasses import dataclass, field

from pod_image.process_table import Process
from pod_image.recipes.command.descendants import ignores_interrupt, send

TOLD_SHARE = 2 / 3
"""Of the grace, until what was asked and still lives is told by SIGTERM."""


@dataclass
class StopSteps:
    """Trainers save at SIGINT, and hardly any at SIGTERM. It goes to the command's group, as a terminal sends it: what
    has made itself a group of its own is asked by whoever made it, and a second SIGINT would break off its saving.
    """

    group: int
    asked_at: float
    grace_seconds: float
    _is_told: bool = field(default=False, init=False)

    @classmethod
    def ask(cls, group: int, now: float, grace_seconds: float) -> StopSteps:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(group, signal.SIGINT)
        return cls(group, now, grace_seconds)

    def hasten(self, now: float, grace_seconds: float) -> None:
        """There is less time than was thought."""
        self.grace_seconds = min(self.grace_seconds, now - self.asked_at + grace_seconds)

    def go_on(self, living: list[Process], now: float) -> None:
        """Take the step that is due; called again and again while something lives."""
        waited = now - self.asked_at
        if waited >= self.grace_seconds:
            send(living, signal.SIGKILL)
        elif not self._is_told and (
            waited >= TOLD_SHARE * self.grace_seconds
            or all(ignores_interrupt(each) for each in living)
        ):
            self._is_told = True
            send(living, signal.SIGTERM)
