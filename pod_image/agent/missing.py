"""What did not reach the results repo: counted and named at the end of a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Missing:
    """Names below the run's folder, and how much it is."""

    names: tuple[str, ...] = ()
    size_bytes: int = 0

    def with_own(self, own: Mapping[str, bytes]) -> Missing:
        """With the agent's own files, given by their paths in the repo."""
        names = (path.partition("/")[2] for path in own)
        size_bytes = sum(len(content) for content in own.values())
        return Missing((*self.names, *names), self.size_bytes + size_bytes)
