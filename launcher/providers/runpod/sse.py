"""Server-sent events, read from lines. No HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass


@dataclass(frozen=True)
class ServerEvent:
    """`id` is opaque and may be empty."""

    id: str
    data: str


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
