"""Which files are delivered next: what matters most first, and what fails by itself behind the rest."""

from __future__ import annotations

import math
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from pathlib import Path

from pod_image.agent.ports import HubTrouble

TRIES_BEFORE_OTHERS = 3
"""A Hub that is away is waited for; only then is it asked whether it takes other files."""
TRIES_OF_A_FILE = 3
"""A file that is not in the repo after so many commits cannot be read, or changes all the time."""


class DeliveryOrder:
    """Remembers what failed, so that one bad file holds up no other one."""

    def __init__(self, batch_bytes: int) -> None:
        self._first_bytes = self._batch_bytes = batch_bytes
        self.given_up: dict[Path, str] = {}
        """Files that are not tried any more, and why."""
        self._apart: deque[tuple[Path, ...]] = deque()
        self._passed_over: set[Path] = set()
        self._suspects: set[Path] = set()
        """First files of batches that were not taken although the Hub took others."""
        self._failures: Counter[Path] = Counter()
        self._commits: Counter[Path] = Counter()

    def next(self, pending: Sequence[Path], most_bytes: float = math.inf) -> tuple[Path, ...]:
        """What to commit now; empty when there is nothing left that is worth a try.

        Batches grow while the Hub takes them, since commits are counted by the hour, up to `most_bytes`.
        """
        first: tuple[Path, ...] = ()
        limit_bytes = int(max(self._first_bytes, min(self._batch_bytes, most_bytes)))
        wanted = [path for path in pending if path not in self.given_up]
        for group in self._groups(wanted, limit_bytes):
            if group[0] not in self._passed_over:
                return group
            first = first or group
        self._passed_over.clear()
        return first

    @property
    def is_split(self) -> bool:
        """Parts of a batch that was not taken as a whole may still have to be tried."""
        return bool(self._apart)

    def committed(self, batch: Sequence[Path], pending: Sequence[Path]) -> None:
        """The Hub took this batch; `pending` is what is not in the repo all the same."""
        self._batch_bytes *= 2
        self._suspects |= self._passed_over
        self._passed_over.clear()
        for path in set(batch) & set(pending):
            self._commits[path] += 1
            if self._commits[path] >= TRIES_OF_A_FILE:
                self.given_up[path] = "it cannot be read, or changes while it is uploaded"

    def failed(self, batch: Sequence[Path], trouble: HubTrouble) -> None:
        """This batch was not taken: split when it is at fault itself, passed over when it fails again and again."""
        self._batch_bytes = self._first_bytes
        if trouble.is_about_files or (batch[0] in self._suspects and len(batch) > 1):
            self._split(tuple(batch), trouble)
            return
        self._failures[batch[0]] += 1
        if self._failures[batch[0]] >= TRIES_BEFORE_OTHERS:
            self._passed_over.add(batch[0])

    def _split(self, batch: tuple[Path, ...], trouble: HubTrouble) -> None:
        failed = set(batch)
        rest = (tuple(path for path in group if path not in failed) for group in self._apart)
        self._apart = deque(group for group in rest if group)
        if len(batch) == 1:
            self.given_up[batch[0]] = str(trouble)
            return
        half = len(batch) // 2
        self._apart.extend((batch[:half], batch[half:]))
        self._suspects |= {batch[0], batch[half]}

    def _groups(self, wanted: Sequence[Path], limit_bytes: int) -> Iterator[tuple[Path, ...]]:
        apart = {path for group in self._apart for path in group}
        yield from batches([path for path in wanted if path not in apart], limit_bytes)
        there = set(wanted)
        for group in self._apart:
            if left := tuple(path for path in group if path in there):
                yield left


def batches(paths: Sequence[Path], limit_bytes: int) -> Iterator[tuple[Path, ...]]:
    """The paths in order, in groups of at most so many bytes; a larger file goes alone."""
    group: list[Path] = []
    size_bytes = 0
    for path in paths:
        size = path.stat().st_size if path.exists() else 0
        if group and size_bytes + size > limit_bytes:
            yield tuple(group)
            group, size_bytes = [], 0
        group.append(path)
        size_bytes += size
    if group:
        yield tuple(group)
