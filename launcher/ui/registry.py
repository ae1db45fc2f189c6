"""Which pages there are, and when their code is loaded: the first page's at once, the others' when they are asked for.

A page that nobody has opened since the start is loaded while nothing else is to be done: see `load_the_rest`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType
from typing import Any

from fastapi import FastAPI
from nicegui import app as nicegui_app
from starlette.routing import BaseRoute

from launcher.ui.late_routes import LateRoutes
from launcher.ui.pages.home import page as home
from launcher.ui.state.site import Site

PAUSE_SECONDS = 0.05
"""Between two modules that are loaded ahead, so that pages are answered in between."""


@dataclass(frozen=True)
class PageModule:
    """A module with `register(site)`, or `register(site, outer)` where it has `files`, and what it answers."""

    name: str
    pages: tuple[str, ...]
    files: tuple[str, ...] = ()


_PAGES = "launcher.ui.pages"
PAGE_MODULES = (
    PageModule(f"{_PAGES}.keys.page", ("/keys",)),
    PageModule(f"{_PAGES}.train.page", ("/train",), ("/voice-samples/{key}",)),
    PageModule(
        f"{_PAGES}.datasets.page",
        ("/datasets", "/datasets/{name}"),
        ("/uploads/{dataset}", "/uploads/{dataset}/{path:path}", "/clips/{name}/{path:path}",
         "/reports/{name}"),
    ),
    PageModule(f"{_PAGES}.clips.page", ("/datasets/{name}/clips",), ("/peaks/{name}/{path:path}",)),
    PageModule(
        f"{_PAGES}.recording.page",
        ("/record/{name}",),
        ("/recordings/{name}/takes/{key}", "/recordings/{name}/takes/{key}/before",
         "/recordings/{name}/place", "/recordings/{name}/sentences"),
    ),
    PageModule(f"{_PAGES}.runs.page", ("/runs",)),
    PageModule(
        f"{_PAGES}.run.page",
        ("/runs/{nonce}", "/run/{owner}/{name}/{run_id}", "/tensorboard/{nonce}"),
        ("/media/{nonce}/{path:path}",),
    ),
    PageModule(f"{_PAGES}.queue.page", ("/queue",)),
    PageModule(f"{_PAGES}.voice.page", ("/voice",), ("/spoken/{name}",)),
    PageModule(f"{_PAGES}.compare", ("/compare",)),
    PageModule(f"{_PAGES}.studies.page", ("/studies", "/studies/{owner}/{name}/{study}", "/studies/in-folder")),
    PageModule(f"{_PAGES}.help.page", ("/help",), ("/help-texts/{topic}/{place}",)),
)  # fmt: skip
"""In the order in which they are loaded ahead: where a person is likely to go next."""

_LOADED_BESIDE = (
    "launcher.services.common.workbench",
    "launcher.services.datasets",
    "launcher.services.planning.plan",
    "launcher.services.launching.launch",
    "launcher.services.following.watch",
)
"""What takes long, and may be loaded on another thread: elements of pages may not, while a page is being drawn."""

Load = Callable[[], Awaitable[None]]


def register_pages(site: Site, outer: FastAPI) -> Load:
    """Every page, and the routes for files that pages need. What is returned loads all that is not loaded yet."""
    home.register(site)
    # NiceGUI's router outlives a form in its process: what an earlier one has not loaded belongs to that one.
    pages = nicegui_app.router.routes
    pages[:] = [route for route in pages if not isinstance(route, LateRoutes)]
    loads = [_Late(module, site, outer).answer() for module in PAGE_MODULES]

    async def load_the_rest() -> None:
        for name in _LOADED_BESIDE:
            await asyncio.to_thread(import_module, name)
            await asyncio.sleep(PAUSE_SECONDS)
        for load in loads:
            await load()
            await asyncio.sleep(PAUSE_SECONDS)

    return load_the_rest


class _Late:
    """One module that is not loaded yet."""

    def __init__(self, module: PageModule, site: Site, outer: FastAPI) -> None:
        self._module, self._site, self._outer = module, site, outer
        self._is_loaded = False

    def answer(self) -> Load:
        for router, paths in (
            (nicegui_app.router, self._module.pages),
            (self._outer.router, self._module.files),
        ):
            if paths:
                router.routes.append(LateRoutes(router, paths, self.load))
        return self.load

    async def load(self) -> None:
        if self._is_loaded:
            return
        self._is_loaded = True
        register: Callable[..., Any] = _register_of(import_module(self._module.name))
        routes = self._outer.router.routes
        known = len(routes)
        register(self._site, self._outer) if self._module.files else register(self._site)
        _to_the_front(routes, known)


def _register_of(module: ModuleType) -> Callable[..., Any]:
    register: Callable[..., Any] = module.register
    return register


def _to_the_front(routes: list[BaseRoute], known: int) -> None:
    """Behind the pages' own application they would never be asked: it answers every path."""
    added = routes[known:]
    del routes[known:]
    routes[0:0] = added
