"""The web form as one ASGI application: pages, our own files, and what opens and closes with the program."""

from __future__ import annotations

from launcher.ui.server import lean_socketio  # noqa: F401  before anything loads NiceGUI

# isort: split

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from fastapi import FastAPI
from fastapi.exception_handlers import http_exception_handler
from nicegui import app as nicegui_app
from nicegui import background_tasks, core, ui
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from launcher.clock import Clock, SystemClock
from launcher.config import Config
from launcher.door.server import harden_process
from launcher.providers.call_budget import CallBudgets
from launcher.services.common.interrupts import leaving_on_signals
from launcher.services.common.uninterrupted import what_is_owed
from launcher.services.live.live_runs import Live
from launcher.stores.runs import RunHistory
from launcher.stores.secrets import Keys, KeyStore
from launcher.ui.next_steps import on_page
from launcher.ui.registry import Load, register_pages
from launcher.ui.server.address import take_place
from launcher.ui.server.guard import Guard
from launcher.ui.server.server import run_server
from launcher.ui.state.label_courier import LabelCourier
from launcher.ui.state.offers import Market
from launcher.ui.state.sessions import OpenBench, Sessions
from launcher.ui.state.site import Site
from launcher.ui.state.vault import Vault
from launcher.ui.theme import QUASAR_COLOURS
from pod_image.contract.next_steps import Said

if TYPE_CHECKING:
    from launcher.services.common.workbench import Workbench

ASSETS = Path(__file__).parent / "assets"
REST_SECONDS = 1.0
"""After a first page is connected; it is drawn meanwhile."""
RECONNECT_SECONDS = 30.0
"""A page that loses its connection for longer is built anew; 3, the default, is too short beside an upload."""


def make_site(
    config: Config,
    *,
    clock: Clock | None = None,
    environment: Mapping[str, str] | None = None,
    key_store: KeyStore | None = None,
    open_bench: OpenBench | None = None,
    demo: str = "",
) -> Site:
    """Everything the pages stand on. Raises NotConfigured when the history cannot be opened."""
    config.make_folders()
    clock = clock or SystemClock()
    vault, budgets = Vault(), CallBudgets()

    def open_usual_bench(keys: Keys) -> AbstractAsyncContextManager[Workbench]:
        from launcher.services.common.workbench import open_workbench

        return open_workbench(config, keys, clock=clock, budgets=budgets)

    sessions = Sessions(vault, open_bench or open_usual_bench)
    history = RunHistory(config.history_path)
    return Site(
        config=config,
        clock=clock,
        vault=vault,
        sessions=sessions,
        history=history,
        live=Live(config, history, sessions, clock, on_page),
        market=Market(clock),
        environment=os.environ if environment is None else environment,
        key_store=key_store,
        demo=demo,
    )


@asynccontextmanager
async def running(site: Site) -> AsyncIterator[None]:
    """Run state is followed while the block runs; at its end keys are dropped and everything is closed."""
    site.live.start()
    site.sweeps.start(site.environment)
    courier = LabelCourier(site.sessions, site.history)
    courier.start()
    try:
        yield
    finally:
        await site.queue.close()
        await site.studies.close()
        await courier.stop()
        await site.sweeps.stop()
        await site.tensorboards.close()
        await site.live.stop()
        await site.sessions.close()
        site.vault.clear()
        site.history.close()


def build(site: Site) -> FastAPI:
    """The application with every page. One per process: NiceGUI's own application is a global."""
    outer = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    outer.mount("/assets", StaticFiles(directory=ASSETS))
    nicegui_app.add_exception_handler(404, _absent)
    nicegui_app.colors(**QUASAR_COLOURS)
    _head()
    _load_ahead(register_pages(site, outer))
    ui.run_with(
        outer,
        title="Pod Launcher",
        favicon=ASSETS / "favicon.svg",
        language="en-US",
        dark=site.preferences.theme.dark,
        reconnect_timeout=RECONNECT_SECONDS,
        tailwind=False,
        show_welcome_message=False,
        binding_refresh_interval=None,
    )
    site.when_preferences_changed.append(lambda: _apply_theme(site))
    return outer


async def serve(
    site: Site,
    *,
    port: int | None = None,
    own_name: bool = True,
    open_browser: bool = True,
    say: Callable[[Said], None],
    ready: Callable[[Guard], None] | None = None,
    landing: str = "/",
    beside: Callable[[Guard], ASGIApp] | None = None,
    when_ending: Callable[[], None] = lambda: None,
) -> None:
    """Serve the pages on 127.0.0.1 until a signal or cancellation. Raises InvalidRequest for a taken port.

    Ctrl-C, SIGTERM and a closed terminal end it alike: a GPU whose launch is not through is released first.

    `port` None and `own_name` give the address of last time. `say` gets the launch links, one line each; they let a
    browser in once, to the page `landing`. `beside` takes the guarded form into what serves more at this port.
    """
    place = take_place(site.config.form_address_path, port, own_name=own_name)
    harden_process()
    try:
        application = build(site)
        # a second line of defence behind the guard
        core.sio.eio.cors_allowed_origins = [place.address.origin]
        end = asyncio.Event()
        with leaving_on_signals(end.set, say):
            async with running(site):
                await run_server(
                    application, place, say=say, open_browser=open_browser, ready=ready, end=end,
                    landing=landing, beside=beside, when_ending=when_ending,
                )  # fmt: skip
                if owed := what_is_owed():
                    say(owed)
    finally:
        place.sock.close()


def _load_ahead(load_the_rest: Load) -> None:
    """Once the first page is there, which is what a person waits for, load the others."""
    begun: list[object] = []

    async def load() -> None:
        await asyncio.sleep(REST_SECONDS)
        await load_the_rest()

    def begin() -> None:
        if not begun:
            begun.append(background_tasks.create(load(), name="load the other pages"))

    nicegui_app.on_connect(begin)


async def _absent(request: Request, error: Exception) -> Response:
    """A route's own words where one answered, else a page of ours for an address that nobody has."""
    endpoint = request.scope.get("endpoint")
    if endpoint not in (None, nicegui_app) and isinstance(error, HTTPException):
        return await http_exception_handler(request, error)
    return HTMLResponse((ASSETS / "absent.html").read_text("utf-8"), 404)


def _head() -> None:
    ui.add_head_html(
        '<link rel="preload" href="/assets/inter-latin.woff2" as="font" type="font/woff2" crossorigin>'
        '<link rel="stylesheet" href="/assets/launcher.css">'
        '<link rel="stylesheet" href="/assets/asked_for.css">'
        '<script src="/assets/launcher.js" defer></script>',
        shared=True,
    )


def _apply_theme(site: Site) -> None:
    core.app.config.dark = site.preferences.theme.dark
