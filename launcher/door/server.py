"""Serving an application on a socket until it is to end, cleanly. Knows no page and no service."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import Callable, Iterator
from typing import Any

import uvicorn
from starlette.types import ASGIApp

SHUTDOWN_SECONDS = 3
"""Open pages and streams hold their connection; longer than this the end does not wait for them."""


class QuietServer(uvicorn.Server):
    """uvicorn without its own signal handling: ours ends the server without a traceback."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def serve_until(
    app: ASGIApp,
    sock: socket.socket,
    end: asyncio.Event,
    when_ready: Callable[[], None],
    *,
    when_ending: Callable[[], None] = lambda: None,
    **options: Any,
) -> None:
    """Serve `app` until `end` is set, or until cancelled; `when_ready` is called once it listens, `when_ending` when it
    is to let go of whoever is still connected.

    `options` are further ones of uvicorn, such as certificates.
    """
    usual: dict[str, Any] = {
        "log_level": "warning",
        "use_colors": False,
        "access_log": False,
        "lifespan": "on",
        "timeout_graceful_shutdown": SHUTDOWN_SECONDS,
        "server_header": False,
    }
    config = uvicorn.Config(app, **usual | options)
    server = QuietServer(config)
    serving = asyncio.create_task(server.serve(sockets=[sock]))
    ending = asyncio.create_task(_end_when(end, server, when_ending))
    try:
        while not server.started and not serving.done():  # noqa: ASYNC110  uvicorn has no event
            await asyncio.sleep(0.02)
        if server.started:
            when_ready()
        await asyncio.shield(serving)
    except asyncio.CancelledError:
        when_ending()
        server.should_exit = True
        await serving
        raise
    finally:
        ending.cancel()


async def _end_when(
    end: asyncio.Event, server: uvicorn.Server, when_ending: Callable[[], None]
) -> None:
    await end.wait()
    when_ending()
    server.should_exit = True


def harden_process() -> None:
    """Keep keys out of core dumps, and what is written here from others' eyes; best effort."""
    if os.name == "posix":
        os.umask(0o077)
        import resource

        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
