"""Small files that are delivered in other words than they were written in.

A trainer is given its base model as a folder of the pod, and names that folder in what it leaves: nothing can be loaded
by such a name elsewhere, and the Hub refuses a card that holds one.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pod_image.contract.whole_file import write_whole
from pod_image.recipes.command.copying import copy_equal

MOST_BYTES = 10_000_000
"""Larger files hold no words."""


@dataclass(frozen=True)
class Rewording:
    """Files of these names, among results and in checkpoints, are delivered as `reword` makes them.

    `reword` takes a file's name and what stands in it. It never raises: what it cannot read stays as it is, and what it
    has made already too, since a checkpoint that was brought back is delivered again.
    """

    names: tuple[str, ...] = ()
    reword: Callable[[str, bytes], bytes] = lambda _, content: content

    def touches(self, path: Path) -> bool:
        return path.name in self.names and path.stat().st_size <= MOST_BYTES

    def of(self, path: Path, content: bytes) -> bytes:
        return self.reword(path.name, content)

    def copy(self, path: Path, goal: Path) -> bool:
        """A copy as it is delivered, otherwise as `copy_equal` has it. Raises OSError, and NoRoom."""
        if not self.touches(path):
            return copy_equal(path, goal)
        return copy_equal(path, goal, lambda content: self.of(path, content))

    def write(self, path: Path, goal: Path) -> None:
        """What is delivered of a file that nobody writes to any more. A `goal` that is equal stays untouched: the same
        file is not sent twice. Raises OSError.
        """
        content = self.of(path, path.read_bytes())
        if not goal.is_file() or goal.read_bytes() != content:
            goal.parent.mkdir(parents=True, exist_ok=True)
            write_whole(goal, content)

    def is_there(self, path: Path, goal: Path) -> bool:
        """Whether `goal` is the copy of this file. A copy keeps the time of change: equal size and time mean an equal
        file, where its words are its own.
        """
        with suppress(OSError):
            one, other = path.stat(), goal.stat()
            if one.st_mtime_ns != other.st_mtime_ns:
                return False
            if not self.touches(path):
                return one.st_size == other.st_size
            return self.of(path, path.read_bytes()) == goal.read_bytes()
        return False


AS_WRITTEN = Rewording()
