"""What a client sends, kept whole: the emulators keep neither bodies nor headers."""

from __future__ import annotations

from typing import Any

import httpx

from tests.kit.virtual_time import StreamingTransport


class _Recording:
    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.sent: list[tuple[str, str]] = []
        """Path, and all of the request."""

    async def _keep(self, request: httpx.Request) -> None:
        whole = f"{request.url} {request.headers.raw!r} {(await request.aread()).decode()}"
        self.sent.append((request.url.path, whole))

    def paths_with(self, text: str) -> list[str]:
        return [path for path, whole in self.sent if text in whole]


class RecordedApp(_Recording, StreamingTransport):
    """To an application in this process."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await self._keep(request)
        return await super().handle_async_request(request)


class RecordedNetwork(_Recording, httpx.AsyncHTTPTransport):
    """To a server."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await self._keep(request)
        return await super().handle_async_request(request)
