"""The emulated Hub on a loopback port: an ASGI app on uvicorn, in a thread."""

from __future__ import annotations

import asyncio
import hashlib
import os
import socket
import struct
import tempfile
import threading
import time
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from launcher.emulator.hub.core import HubCore, Now, Sizes
from launcher.emulator.hub.faults import Faults
from launcher.emulator.hub.limits import RateLimits
from launcher.emulator.hub.routes import ROUTES
from launcher.emulator.hub.tokens import Token, drawn_tokens
from launcher.emulator.hub.wire import Body, Request, Response
from launcher.emulator.runpod.runner import PodRunner
from launcher.emulator.threaded_server import ThreadedServer

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

Follow = Callable[[], bytes | None]

IN_MEMORY_BYTES = 1 << 20
STREAM_LOOK_SECONDS = 0.2
KEEP_ALIVE_SECONDS = 30.0
JOB_LOOK_SECONDS = 1.0
"""Jobs end by their own clock, whether anybody asks or not."""


class HubEmulator:
    """A Hub on 127.0.0.1 for as long as the `with` block lasts; its files stay in `root`.

    `url` is the endpoint, `tokens` maps labels (`read`, `write`) to token values, `core` is the hub
    itself (faults, log, store). Large files are served from `localhost`, another origin.
    """

    def __init__(
        self,
        root: Path,
        *,
        tokens: Mapping[str, Token] | None = None,
        now: Now = time.time,
        port: int = 0,
        xet: bool = True,
        sizes: Sizes | None = None,
        limits: RateLimits | None = None,
        job_runner: PodRunner | None = None,
    ) -> None:
        self.core = HubCore(
            root,
            now,
            ROUTES,
            tokens=drawn_tokens() if tokens is None else dict(tokens),
            xet=xet,
            sizes=sizes or Sizes(),
            limits=limits or RateLimits(),
            job_runner=job_runner,
        )
        self._port = port
        self._is_over = threading.Event()
        self._server: ThreadedServer | None = None

    @property
    def url(self) -> str:
        return self.core.public_url

    @property
    def tokens(self) -> dict[str, str]:
        return {token.label: value for value, token in self.core.tokens.items()}

    @property
    def faults(self) -> Faults:
        return self.core.faults

    def __enter__(self) -> Self:
        listening = socket.create_server(("127.0.0.1", self._port))
        port = listening.getsockname()[1]
        self.core.public_url = f"http://127.0.0.1:{port}"
        self.core.cdn_url = f"http://localhost:{port}"
        connections = Connections()
        config = uvicorn.Config(
            HubApp(self.core, connections),
            interface="asgi3",
            http=connections.protocol(),
            lifespan="off",
            log_level="critical",
            access_log=False,
            date_header=False,  # the hub sends its own clock's
        )
        self._server = ThreadedServer(config, listening, "hub-emulator")
        self._server.start()
        if self.core.job_runner is not None:
            threading.Thread(target=self._look_after_jobs, name="hub-jobs", daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._is_over.set()
        if self._server:
            self._server.stop()
        self.core.jobs.close()

    def _look_after_jobs(self) -> None:
        while not self._is_over.wait(JOB_LOOK_SECONDS):
            self.core.look_after_jobs()


class Connections:
    """The open connections by peer address: cutting one is beyond what ASGI offers."""

    def __init__(self) -> None:
        self._transports: dict[tuple[str, int], asyncio.Transport] = {}

    def protocol(self) -> type[H11Protocol]:
        transports = self._transports

        class Remembered(H11Protocol):
            def connection_made(self, transport: Any) -> None:
                transports[transport.get_extra_info("peername")[:2]] = transport
                super().connection_made(transport)

            def connection_lost(self, exc: Exception | None) -> None:
                transports.pop(self.transport.get_extra_info("peername")[:2], None)
                super().connection_lost(exc)

        return Remembered

    def end(self, peer: tuple[str, int], *, by_reset: bool) -> None:
        transport = self._transports.get((peer[0], peer[1]))
        if transport is None:
            return
        if by_reset:
            # Lingering for zero seconds turns the close into an RST.
            raw = transport.get_extra_info("socket")
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            transport.abort()
        else:
            transport.close()


class HubApp:
    """ASGI in front of a `HubCore`: spools request bodies, carries out delays and cuts."""

    def __init__(self, core: HubCore, connections: Connections) -> None:
        self._core = core
        self._connections = connections

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        body = await self._spooled(receive)
        request = Request(
            scope["method"],
            scope["raw_path"].decode("ascii").partition("?")[0],
            scope["query_string"].decode("ascii"),
            {name.decode().lower(): value.decode("latin-1") for name, value in scope["headers"]},
            body,
        )
        response = await asyncio.to_thread(self._core.handle, request)
        if response.delay_seconds:
            await asyncio.sleep(response.delay_seconds)
        cut = response.cut
        if cut is not None and cut.after_bytes is None:
            self._connections.end(scope["client"], by_reset=cut.by_reset)
            return
        if response.follow is not None:
            await self._stream(response, response.follow, receive, send)
            return
        await _send(response, request.method, send)
        if cut is not None:
            # Let the bytes before the cut leave this machine first.
            await asyncio.sleep(0.05)
            self._connections.end(scope["client"], by_reset=cut.by_reset)

    async def _stream(
        self, response: Response, follow: Follow, receive: Receive, send: Send
    ) -> None:
        """Everything that comes, with a sign of life between, until the stream ends or nobody listens."""
        raw = [(name.lower().encode(), text.encode()) for name, text in response.headers.items()]
        await send({"type": "http.response.start", "status": response.status, "headers": raw})
        leaving = asyncio.ensure_future(_left(receive))
        quiet_seconds = 0.0
        try:
            while not leaving.done():
                piece = await asyncio.to_thread(self._core.more_of, follow)
                if piece is None:
                    await send({"type": "http.response.body", "body": b""})
                    return
                quiet_seconds = 0.0 if piece else quiet_seconds + STREAM_LOOK_SECONDS
                if not piece and quiet_seconds >= KEEP_ALIVE_SECONDS:
                    piece, quiet_seconds = b": keep-alive\n\n", 0.0
                if piece:
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
                await asyncio.wait([leaving], timeout=STREAM_LOOK_SECONDS)
        finally:
            leaving.cancel()

    async def _spooled(self, receive: Receive) -> Body:
        digest, gathered = hashlib.sha256(), bytearray()
        handle, path = None, None
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                break
            piece = message.get("body", b"")
            more = message.get("more_body", False)
            digest.update(piece)
            gathered += piece
            if len(gathered) > IN_MEMORY_BYTES:
                if handle is None:
                    number, path = tempfile.mkstemp(dir=self._core.store.incoming)
                    handle = os.fdopen(number, "wb")
                handle.write(gathered)
                gathered.clear()
        if handle is None or path is None:
            return Body(bytes(gathered), digest.hexdigest())
        with handle:
            handle.write(gathered)
        return Body(Path(path), digest.hexdigest())


async def _left(receive: Receive) -> None:
    """Returns when the client has gone."""
    while (await receive())["type"] != "http.disconnect":
        continue


async def _send(response: Response, method: str, send: Send) -> None:
    headers = {"content-length": str(response.size), **response.headers}
    raw = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": response.status, "headers": raw})
    if method != "HEAD":
        for piece in response.pieces():
            await send({"type": "http.response.body", "body": piece, "more_body": True})
    if response.cut is None:
        await send({"type": "http.response.body", "body": b""})
