"""Virtual time for asyncio, and HTTP to an ASGI app without a socket that can stream: tests that never wait."""

from __future__ import annotations

import asyncio
import functools
import selectors
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import httpx
import pytest

START = 1_795_341_600.0
"""2026-11-22 10:00 UTC."""


class _NoWait(selectors.DefaultSelector):
    """Instead of waiting for a timeout, moves the loop's time on by it."""

    loop: VirtualLoop

    def select(self, timeout: float | None = None) -> list[Any]:
        ready = super().select(0)
        if ready or timeout == 0:
            return ready
        if timeout is None or not self.loop.may_pass():  # only a thread can wake the loop
            return super().select(None)
        self.loop.moved_seconds += timeout
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose time passes only when there is nothing else to do.

    `may_pass`: whether it may now; a loop of a thread of its own stands still while nobody waits for it.
    """

    def __init__(self, may_pass: Callable[[], bool] = lambda: True) -> None:
        self.may_pass = may_pass
        self.moved_seconds = 0.0
        selector = _NoWait()
        selector.loop = self
        super().__init__(selector)

    def time(self) -> float:
        return self.moved_seconds

    def jump(self, seconds: float) -> None:
        """Let time pass at once, for code that blocks."""
        self.moved_seconds += seconds


class PatientLoop(VirtualLoop):
    """What a thread does takes no time: as long as one works, none passes."""

    def __init__(self) -> None:
        self.threads_at_work = 0
        super().__init__(lambda: not self.threads_at_work)

    def run_in_executor(  # type: ignore[override]  # of what is counted nothing needs to be known
        self, *args: Any
    ) -> asyncio.Future[Any]:
        future = super().run_in_executor(*args)
        self.threads_at_work += 1
        future.add_done_callback(self._thread_is_done)
        return future

    def _thread_is_done(self, _: asyncio.Future[Any]) -> None:
        self.threads_at_work -= 1


def now_seconds() -> float:
    return START + asyncio.get_running_loop().time()


Test = Callable[..., Coroutine[Any, Any, None]]


def in_virtual_time(
    test: Test, loop_factory: Callable[[], VirtualLoop] = VirtualLoop
) -> Callable[..., None]:
    """Run an async test on a loop of its own whose hours take no time."""

    @functools.wraps(test)
    def run(*arguments: Any, **fixtures: Any) -> None:
        with asyncio.Runner(loop_factory=loop_factory) as runner:
            runner.run(test(*arguments, **fixtures))

    return run


def in_patient_time(test: Test) -> Callable[..., None]:
    """The same on a loop whose time stands still while threads work, those of anyio too."""
    run = in_virtual_time(test, PatientLoop)

    @functools.wraps(run)
    def run_patiently(*arguments: Any, **fixtures: Any) -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("anyio.to_thread.run_sync", _in_thread)
            run(*arguments, **fixtures)

    return run_patiently


async def _in_thread(func: Callable[..., Any], *arguments: Any, **_: Any) -> Any:
    """What anyio has done in threads that the loop does not know of."""
    return await asyncio.to_thread(func, *arguments)


class StreamingTransport(httpx.AsyncBaseTransport):
    """An ASGI app as httpx sees a server: answers arrive piece by piece, time-outs hold, and can be cut."""

    def __init__(self, app: Callable[..., Any]) -> None:
        self._app = app

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        exchange = _Exchange(self._app, request, await request.aread())
        try:
            return await exchange.response()
        except BaseException:
            await exchange.aclose()
            raise


class _Exchange(httpx.AsyncByteStream):
    def __init__(self, app: Callable[..., Any], request: httpx.Request, body: bytes) -> None:
        self._request = request
        self._body: bytes | None = body
        self._closed = asyncio.Event()
        self._messages: asyncio.Queue[dict[str, Any] | Exception | None] = asyncio.Queue()
        self._patience = (request.extensions.get("timeout") or {}).get("read")
        self._task = asyncio.create_task(self._run(app))

    async def response(self) -> httpx.Response:
        start = await self._next()
        assert start is not None
        return httpx.Response(
            start["status"], headers=start["headers"], stream=self, request=self._request
        )

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while (message := await self._next()) is not None:
            if message.get("body"):
                yield message["body"]

    async def aclose(self) -> None:
        self._closed.set()
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _next(self) -> dict[str, Any] | None:
        try:
            async with asyncio.timeout(self._patience):
                message = await self._messages.get()
        except TimeoutError as exc:
            raise httpx.ReadTimeout("timed out", request=self._request) from exc
        if isinstance(message, Exception):
            raise message
        return message

    async def _run(self, app: Callable[..., Any]) -> None:
        try:
            await app(self._scope(), self._receive, self._messages.put)
            await self._messages.put(None)
        except Exception as exc:
            await self._messages.put(exc)

    async def _receive(self) -> dict[str, Any]:
        if self._body is not None:
            body, self._body = self._body, None
            return {"type": "http.request", "body": body, "more_body": False}
        await self._closed.wait()
        return {"type": "http.disconnect"}

    def _scope(self) -> dict[str, Any]:
        url = self._request.url
        return {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": self._request.method,
            "headers": [(name.lower(), value) for name, value in self._request.headers.raw],
            "scheme": url.scheme,
            "path": url.path,
            "raw_path": url.raw_path.split(b"?")[0],
            "query_string": url.query,
            "server": (url.host, url.port),
            "client": ("127.0.0.1", 1),
            "root_path": "",
        }
