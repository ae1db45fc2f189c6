"""Standard streams that can be written to whatever became of the terminal, pipe or disk behind them."""

from __future__ import annotations

import errno
import io
import os
import sys
from contextlib import suppress
from typing import Any

READER_LEFT = (errno.EPIPE, errno.EIO)
"""A pipe that nobody reads any more; a terminal whose window was closed."""


class _Quiet(io.FileIO):
    """Where what is written cannot be kept, it is dropped: talk must not end what it talks about."""

    def write(self, data: Any, /) -> int:
        try:
            return super().write(data)
        except OSError:
            return memoryview(data).nbytes


def hold_streams() -> None:
    """Make stderr one that never raises, and open what was closed: else a file of ours would take its number,
    and words for the person would be written into it."""
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
