"""Standard input and output as the SDK takes them, so that a signal ends the server at once.

The SDK reads standard input in a thread, which nothing ends but the next line: a pod that is not armed yet would wait
for that to be released.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, BinaryIO, cast

from mcp.server.stdio import stdio_server

MOST_MESSAGE_BYTES = 16_000_000


@asynccontextmanager
async def standard_streams() -> AsyncIterator[tuple[Any, Any]]:
    """What the SDK reads from and writes to; standard input and output themselves are nobody else's meanwhile."""
    lines = await _lines()
    # The SDK wants a file and only goes through its lines.
    async with stdio_server(stdin=cast(Any, lines)) as streams:
        yield streams


async def _lines() -> AsyncIterator[str] | None:
    """Lines of standard input that may be given up at any time; None where this system has no such reading."""
    if os.name == "nt":
        return None
    reader = asyncio.StreamReader(limit=MOST_MESSAGE_BYTES)
    loop = asyncio.get_running_loop()
    try:
        pipe = _private_stdin()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), pipe)
    except (OSError, ValueError):  # a file, or none at all: the SDK reads that to its end
        return None
    return _each(reader)


async def _each(reader: asyncio.StreamReader) -> AsyncIterator[str]:
    while line := await reader.readline():
        yield line.decode("utf-8", "replace")


def _private_stdin() -> BinaryIO:
    """Standard input; programs that are started from here on find nothing in its place."""
    private = os.dup(sys.stdin.fileno())
    nothing = os.open(os.devnull, os.O_RDONLY)
    try:
        os.dup2(nothing, sys.stdin.fileno())
    finally:
        os.close(nothing)
    return os.fdopen(private, "rb", buffering=0)
