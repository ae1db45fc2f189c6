"""Standard streams that can be written to whatever became of the terminal, pipe or disk behind them."""

from __future__ import annotations

import errno
import io
import os
import select
import sys
from contextlib import suppress
from typing import Any

READER_LEFT = (errno.EPIPE, errno.EIO)
"""A pipe that nobody reads any more; a terminal whose window was closed."""


PATIENCE_SECONDS = 2.0
"""So long a terminal that takes nothing is waited for: Ctrl-S, or a connection that hangs."""
_CHUNK_BYTES = 512
"""What a pipe or terminal that takes anything takes at once."""


class _Quiet(io.FileIO):
    """What nobody takes is dropped: talk must neither end nor hold up what it talks about, which may cost money."""

    _is_stuck = False

    def write(self, data: Any, /) -> int:
        size_bytes = memoryview(data).nbytes
        try:
            if not self._takes_something():
                return size_bytes
            taken_bytes: int | None = super().write(memoryview(data)[:_CHUNK_BYTES])
            return size_bytes if taken_bytes is None else taken_bytes
        except (OSError, ValueError):
            return size_bytes

    def _takes_something(self) -> bool:
        seconds = 0.0 if self._is_stuck else PATIENCE_SECONDS
        self._is_stuck = not select.select([], [self.fileno()], [], seconds)[1]
        return not self._is_stuck


def hold_streams() -> None:
    """Make stderr one that never raises and never blocks for long, and open what was closed.

    Else a file of ours would take the number of a closed stream, and words for the person be written into it.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free: this one
    if sys.stdout is None:
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115  lives as long as we
    if os.name != "posix" and sys.stderr is not None:
        return  # a Windows console has a stream of its own
    encoding = getattr(sys.stderr, "encoding", None) or "utf-8"
    sys.stderr = io.TextIOWrapper(
        io.BufferedWriter(_Quiet(2, "w", closefd=False)),
        encoding=encoding,
        errors="backslashreplace",
        line_buffering=True,
    )


def drop_stdout() -> None:
    """Nobody reads it: whatever is still in it, and comes after, goes nowhere."""
    with suppress(OSError, ValueError, AttributeError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
