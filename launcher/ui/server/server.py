"""The local server: the launch link, the browser, a clean end. Knows no page and no service."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

from starlette.types import ASGIApp

from launcher.door.address import PLAIN_HOST
from launcher.door.server import serve_until
from launcher.ui.server.address import Place
from launcher.ui.server.guard import Guard
from pod_image.contract.interpreter import module_command
from pod_image.contract.next_steps import NextStep, Said, Sentence

_USUAL_UMASK = 0o022
BROWSER_SECONDS = 30.0
"""A browser that runs in the terminal would otherwise be waited for."""


async def run_server(
    app: ASGIApp,
    place: Place,
    *,
    say: Callable[[Said], None],
    open_browser: bool = True,
    ready: Callable[[Guard], None] | None = None,
    end: asyncio.Event | None = None,
    landing: str = "/",
    beside: Callable[[Guard], ASGIApp] | None = None,
    when_ending: Callable[[], None] = lambda: None,
) -> None:
    """Serve `app` behind the guard until `end` is set, or until cancelled.

    `say` gets the launch link, which leads to the page `landing`, and a new one whenever one was used. `ready` gets
    the guard once it listens. `beside` takes what is served here into something that serves more at this port, and has
    it as its `app`.
    """
    guard = Guard(app, place.address)
    guard.when_entered = lambda: say(f"Opened. For another browser: {guard.new_link(landing)}")
    page: Path | None = None

    def announce() -> None:
        nonlocal page
        page = _announce(guard, place, say, open_browser, landing)
        if ready:
            ready(guard)

    served = guard if beside is None else beside(guard)
    try:
        await serve_until(
            served,
            place.sock,
            end or asyncio.Event(),
            announce,
            when_ending=when_ending,
            ws_max_size=2_000_000,
        )
    finally:
        if page is not None:
            _remove(page)


def _announce(
    guard: Guard, place: Place, say: Callable[[Said], None], open_browser: bool, landing: str
) -> Path | None:
    if place.note:
        say(place.note)
    say(f"Open {guard.new_link(landing)}")
    if sys.platform == "darwin" and place.address.host != PLAIN_HOST:
        say(
            Sentence(
                "Safari may not find this address. Use another browser, or start with ",
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
        # Here, since it takes a while, in which the first page is on its way already.
        from pod_image.contract.environment import for_python

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
