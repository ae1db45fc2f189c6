"""How fast results go up, measured, and how long what is still to go will take."""

from __future__ import annotations

import math
from dataclasses import dataclass

ASSUMED_BYTES_PER_SECOND = 10e6
"""Until something large has gone up. From pods to the Hub 41 MB/s were measured with one file: this is a slow line."""
MOST_BYTES_PER_SECOND = 100e6
"""A faster upload was none: the repo had the content already."""
LARGE_BYTES = 4 << 20
"""A smaller commit measures how long the Hub takes to answer, and not the line."""
BATCH_BYTES = 100 << 20
"""As delivery cuts it, at its smallest."""


@dataclass
class UploadPace:
    """Learns from each commit. What was slower is believed at once, what was faster by half."""

    bytes_per_second: float | None = None
    """None until something large has gone up."""
    commit_seconds: float = 0.0
    """What a commit takes that brings next to nothing."""

    @property
    def is_measured(self) -> bool:
        return self.bytes_per_second is not None

    @property
    def speed(self) -> float:
        """Bytes a second to reckon with."""
        return self.bytes_per_second or ASSUMED_BYTES_PER_SECOND

    def took(self, size_bytes: int, seconds: float) -> None:
        """One commit of so many bytes was made and proved in so many seconds."""
        if size_bytes < LARGE_BYTES:
            self.commit_seconds = max(seconds, (self.commit_seconds + seconds) / 2)
            return
        moving = max(seconds - self.commit_seconds, seconds / 2, 1e-3)
        found = min(size_bytes / moving, MOST_BYTES_PER_SECOND)
        known = self.bytes_per_second
        self.bytes_per_second = found if known is None else min(found, (known + found) / 2)

    def seconds_for(self, size_bytes: int) -> float:
        """How long so many bytes will take, the commit of the last word included."""
        commits = math.ceil(size_bytes / BATCH_BYTES) + 1
        return size_bytes / self.speed + commits * self.commit_seconds
