"""Server-sent events: each item with an id, so that a client that was cut off goes on where it was."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Any, NamedTuple

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from launcher.serve.audit import Caller
from launcher.serve.ground import Ground
from launcher.serve.problems import other

MEDIA_TYPE = "text/event-stream"
_RETRY_MILLISECONDS = 3_000


class Item(NamedTuple):
    id: str
    kind: str
    data: Any

    def encoded(self) -> bytes:
        # JSON has no line ends of its own, so that it is one line here too.
        data = json.dumps(self.data, ensure_ascii=True, separators=(",", ":"))
        return f"id: {self.id}\nevent: {self.kind}\ndata: {data}\n\n".encode()


Items = AsyncGenerator[Item | None, None]


class Stream(StreamingResponse):
    """An answer of these items; None says only that the stream lives."""

    media_type = MEDIA_TYPE

    def __init__(self, ground: Ground, caller: Caller, items: Items) -> None:
        """Raises Problem when one token has as many streams open as it may."""
        self._ground, self._caller = ground, caller
        if not ground.streams.take(caller.token_id):
            raise other(
                "too-many", "This token has reached its limit of open streams.", "Close one."
            )
        super().__init__(_encoded(items), media_type=MEDIA_TYPE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._ground.streams.leave(self._caller.token_id)


async def _encoded(items: Items) -> AsyncIterator[bytes]:
    async with aclosing(items):
        yield f"retry: {_RETRY_MILLISECONDS}\n\n".encode()
        async for item in items:
            yield b": still here\n\n" if item is None else item.encoded()
