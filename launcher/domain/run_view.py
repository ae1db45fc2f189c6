"""What a process knows of one run: the picture that its events make, and its log. Bounded; no clock, no page."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime

from launcher.domain.run_picture import RunPicture, after
from pod_image.contract.events import Event

LOG_LINES = 5_000
"""As many as the provider's own log holds."""


@dataclass(frozen=True)
class LogEntry:
    number: int
    text: str
    source: str = "container"
    at: datetime | None = None


@dataclass
class RunView:
    """`version` counts up with every change, so that a page knows whether to draw again."""

    version: int = 0
    picture: RunPicture = field(default_factory=RunPicture)
    log: deque[LogEntry] = field(default_factory=lambda: deque(maxlen=LOG_LINES))
    log_count: int = 0
    restarts: int = 0

    def take(self, event: Event) -> bool:
        """Take in one event. False for one that changes nothing, as it was seen before."""
        before, self.picture = self.picture, after(self.picture, event)
        is_new = self.picture is not before
        self.version += is_new
        return is_new

    def take_log(self, text: str, source: str = "container", at: datetime | None = None) -> None:
        self.log_count += 1
        self.log.append(LogEntry(self.log_count, text, source, at))
        self.version += 1

    def take_restart(self) -> None:
        """The container was started again: phases that were under way begin anew."""
        self.restarts += 1
        self.version += 1
