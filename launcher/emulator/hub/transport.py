"""The emulated Hub without a socket: an httpx2 transport, so that a client reaches it in-process."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from functools import partial
from typing import Any

import httpx
import httpx2

from launcher.emulator.hub.core import HubCore
from launcher.emulator.hub.wire import Body, Request, Response


class HubTransport(httpx2.BaseTransport):
    """Hands each request of an httpx2 client to a `HubCore`; `sleep` carries out delayed answers.

    The client's endpoint has to be `core.public_url`, since answers name it.
    hf_xet brings its own HTTP and needs the server; over this transport use plain uploads.
    """

    def __init__(self, core: HubCore, sleep: Callable[[float], None] = time.sleep) -> None:
        self._core = core
        self._sleep = sleep

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        response = self._core.handle(_arrived(request, _content(request)))
        self._wait(response, request)
        if response.cut is not None and response.cut.after_bytes is None:
            if response.cut.by_reset:
                raise httpx2.ReadError("Connection reset by peer", request=request)
            raise httpx2.RemoteProtocolError(
                "Server disconnected without sending a response.", request=request
            )
        if response.follow is not None:
            return httpx2.Response(
                response.status,
                headers=dict(response.headers),
                content=self._core.more_of(response.follow) or b"",
                request=request,
            )
        headers = {"content-length": str(response.size), **response.headers}
        content = _Pieces(response, request) if request.method != "HEAD" else None
        return httpx2.Response(response.status, headers=headers, stream=content, request=request)

    def _wait(self, response: Response, request: httpx2.Request) -> None:
        if not response.delay_seconds:
            return
        patience: dict[str, Any] = request.extensions.get("timeout", {})
        limit = patience.get("read")
        if limit is not None and limit < response.delay_seconds:
            self._sleep(limit)
            raise httpx2.ReadTimeout("The read operation timed out", request=request)
        self._sleep(response.delay_seconds)


class AsyncHubTransport(httpx.AsyncBaseTransport):
    """The same for a client of httpx, which the launcher reads streams with.

    With `sleep`, delayed answers are carried out and streams go on, looked at again every `poll_seconds`. Without it
    no answer is late, and a stream ends where it stands.
    """

    def __init__(
        self,
        core: HubCore,
        sleep: Callable[[float], Awaitable[None]] | None = None,
        poll_seconds: float = 1.0,
    ) -> None:
        self._core, self._sleep, self._poll_seconds = core, sleep, poll_seconds

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = self._core.handle(_arrived(request, await request.aread()))
        if self._sleep is not None:
            await self._sleep(response.delay_seconds)
        if response.cut is not None and response.cut.after_bytes is None:
            raise httpx.ReadError("Connection reset by peer", request=request)
        headers = dict(response.headers)
        if response.follow is None:
            content = b"".join(response.pieces())
        elif self._sleep is None:
            content = self._core.more_of(response.follow) or b""
        else:
            wait = partial(self._sleep, self._poll_seconds)
            stream = _Followed(self._core, response.follow, wait)
            return httpx.Response(response.status, headers=headers, stream=stream, request=request)
        return httpx.Response(response.status, headers=headers, content=content, request=request)


class _Followed(httpx.AsyncByteStream):
    """A stream for as long as there is more of it."""

    def __init__(
        self,
        core: HubCore,
        follow: Callable[[], bytes | None],
        wait: Callable[[], Awaitable[None]],
    ) -> None:
        self._core, self._follow, self._wait = core, follow, wait

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while (piece := self._core.more_of(self._follow)) is not None:
            if piece:
                yield piece
            await self._wait()


def _content(request: httpx2.Request) -> bytes:
    return b"".join(request.stream) if isinstance(request.stream, httpx2.SyncByteStream) else b""


def _arrived(request: httpx2.Request | httpx.Request, content: bytes) -> Request:
    target = request.url.raw_path.decode("ascii")
    path, _, query = target.partition("?")
    headers = {name.lower(): value for name, value in request.headers.items()}
    return Request(request.method, path, query, headers, Body(content))


class _Pieces(httpx2.SyncByteStream):
    """The body of an answer, cut off where a fault says so."""

    def __init__(self, response: Response, request: httpx2.Request) -> None:
        self._response = response
        self._request = request

    def __iter__(self) -> Iterator[bytes]:
        yield from self._response.pieces()
        cut = self._response.cut
        if cut is None:
            return
        if cut.by_reset:
            raise httpx2.ReadError("Connection reset by peer", request=self._request)
        raise httpx2.RemoteProtocolError(
            "peer closed connection without sending complete message body",
            request=self._request,
        )
