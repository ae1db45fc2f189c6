"""The local server: the launch link, the browser, a clean end. Knows no page and no service."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

from launcher.ui.server.address import PLAIN_HOST, Place
from launcher.ui.server.guard import Guard
from pod_image.contract.environment import for_python
from pod_image.contract.interpreter import module_command
from pod_image.contract.next_steps import NextStep, Said, Sentence

SHUTDOWN_SECONDS = 3
"""Open pages hold their websocket; longer than this the end does not wait for them."""
_USUAL_UMASK = 0o022
BROWSER_SECONDS = 30.0
"""A browser that runs in the terminal would otherwise be waited for."""


class QuietServer(uvicorn.Server):
    """uvicorn without its own signal handling: ours ends the server without a traceback."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def run_server(
    app: ASGIApp,
    place: Place,
    *,
    say: Callable[[Said], None],
    open_browser: bool = True,
    ready: Callable[[Guard], None] | None = None,
    end: asyncio.Event | None = None,
    landing: str = "/",
) -> None:
    """Serve `app` behind the guard until `end` is set, or until cancelled.

    `say` gets the launch link, which leads to the page `landing`, and a new one whenever one was used. `ready` gets
    the guard once it listens.
    """
    guard = Guard(app, place.address)
    guard.when_entered = lambda: say(f"Opened. For another browser: {guard.new_link(landing)}")
    config = uvicorn.Config(
        guard,
        log_level="warning",
        use_colors=False,
        access_log=False,
        lifespan="on",
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
        server_header=False,
        ws_max_size=2_000_000,
    )
    server = QuietServer(config)
    serving = asyncio.create_task(server.serve(sockets=[place.sock]))
    ending = asyncio.create_task(_end_when(end or asyncio.Event(), server))
    page: Path | None = None
    try:
        while not server.started and not serving.done():  # noqa: ASYNC110  uvicorn has no event
            await asyncio.sleep(0.02)
        if server.started:
            page = _announce(guard, place, say, open_browser, landing)
            if ready:
                ready(guard)
        await asyncio.shield(serving)
    except asyncio.CancelledError:
        server.should_exit = True
        await serving
        raise
    finally:
        ending.cancel()
        if page is not None:
            _remove(page)


async def _end_when(end: asyncio.Event, server: uvicorn.Server) -> None:
    await end.wait()
    server.should_exit = True


def _announce(
    guard: Guard, place: Place, say: Callable[[Said], None], open_browser: bool, landing: str
) -> Path | None:
    if place.note:
        say(place.note)
    say(f"Open {guard.new_link(landing)}")
    if sys.platform == "darwin" and place.address.host != PLAIN_HOST:
        say(
            Sentence(
                "Safari may not find this address: use another browser, or start with ",
                NextStep.USE_PLAIN_ADDRESS,
                ".",
            )
        )
    return _open_quietly(guard.new_link(landing)) if open_browser else None


def _open_quietly(link: str) -> Path:
    """Open the link without putting it on a command line, where `ps` shows it to everyone."""
    folder = Path(tempfile.mkdtemp(prefix="launcher-"))  # 0700
    page = folder / "open.html"
    page.touch(mode=0o600)
    page.write_text(f'<!doctype html><meta http-equiv="refresh" content="0;url={link}">', "utf-8")
    # A browser in a snap or flatpak cannot read it: the link in the terminal remains.
    open_in_browser(page.as_uri())
    return page


def open_in_browser(uri: str) -> threading.Thread:
    """Open the person's browser, which outlives us and is given no key of ours. Silent where there is none."""
    # A browser's downloads are as they always were.
    umask = _USUAL_UMASK if os.name == "posix" else -1

    def opening() -> None:
        with contextlib.suppress(OSError, subprocess.SubprocessError):
            subprocess.run(
                module_command("webbrowser", uri),
                env=for_python(os.environ),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=BROWSER_SECONDS,
                umask=umask,
                check=False,
            )

    thread = threading.Thread(target=opening, name="browser", daemon=True)
    thread.start()
    return thread


def _remove(page: Path) -> None:
    with contextlib.suppress(OSError):
        page.unlink()
        page.parent.rmdir()


def harden_process() -> None:
    """Keep keys out of core dumps, and what is written here from others' eyes; best effort."""
    if os.name == "posix":
        os.umask(0o077)
        import resource

        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
