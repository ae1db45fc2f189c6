"""Server-sent events, read from the bytes of a stream. No HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass


@dataclass(frozen=True)
class ServerEvent:
    """`id` is opaque and may be empty."""

    id: str
    data: str


async def stream_lines(pieces: AsyncIterator[bytes]) -> AsyncIterator[str]:
    """Lines without their ends, which are CR, LF or both, as the standard says, and nothing else.

    Not httpx's lines: those end at U+2028 and its like too, and then a pod's log could hold text that
    reads as an event of the stream.
    """
    rest = b""
    async for piece in pieces:
        *whole, rest = (rest + piece).splitlines(keepends=True) or [b""]
        # A CR at the very end may be half of a CR LF.
        if rest.endswith(b"\n"):
            whole, rest = [*whole, rest], b""
        for line in whole:
            yield line.decode("utf-8", "replace").rstrip("\r\n")
    if rest:
        yield rest.decode("utf-8", "replace").rstrip("\r\n")


async def server_events(lines: AsyncIterator[str]) -> AsyncIterator[ServerEvent]:
    """The events of a stream; comments (heartbeats) and unknown fields are passed over.

    An event that the stream's end cut off is dropped, as the standard says.
    """
    event_id, parts = "", list[str]()
    async for line in lines:
        if line:
            field, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if field == "data":
                parts.append(value)
            elif field == "id" and "\0" not in value:
                event_id = value
        elif parts:
            yield ServerEvent(event_id, "\n".join(parts))
            parts = []
