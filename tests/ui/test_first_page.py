"""The start of the form: what it loads before its first page is answered, and what is loaded when."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient
from nicegui import app as nicegui_app
from starlette.routing import Route

from launcher.ui import registry
from launcher.ui.late_routes import LateRoutes
from launcher.ui.registry import PAGE_MODULES, PageModule
from tests.bench.first_page import opened
from tests.ui.conftest import Ground

NOT_BEFORE_THE_FIRST_PAGE = {
    "aiohttp.client", "requests.api", "huggingface_hub", "httpx2", "yaml", "numpy", "soundfile", "torch", "keyring",
    "launcher.api", "launcher.forms.fields", "launcher.hub", "launcher.presets", "launcher.recipes",
    "launcher.workshop", "launcher.providers.base", "launcher.services.common.workbench", "launcher.services.datasets",
    "launcher.services.following", "launcher.services.launching", "launcher.services.planning",
    "pod_image.contract.settings", "pod_image.dataset", "pod_image.hub",
    *(one.name for one in PAGE_MODULES),
}  # fmt: skip


def test_the_first_page_is_answered_before_what_it_does_not_need_is_loaded(tmp_path: Path) -> None:
    """A program of its own, since everything is loaded here; its start takes a second of the processor."""
    with opened(sys.executable, "-X", "importtime") as first:
        loaded = {line.rpartition("|")[2].strip() for line in first.said if "import time:" in line}
    assert "launcher.ui.pages.home.page" in loaded
    assert loaded & NOT_BEFORE_THE_FIRST_PAGE == set()


@pytest.mark.parametrize("module", PAGE_MODULES, ids=lambda one: one.name.rsplit(".pages.")[1])
async def test_a_module_answers_the_paths_that_are_named_for_it_and_no_other(
    ground: Ground, module: PageModule
) -> None:
    before, outer = set(map(id, nicegui_app.routes)), FastAPI()
    known = set(_paths(outer.routes))
    await registry._Late(module, ground.site, outer).load()
    added = [one for one in nicegui_app.routes if id(one) not in before]
    for one in added:
        nicegui_app.routes.remove(one)
    assert set(_paths(added)) == set(module.pages)
    assert set(_paths(outer.routes)) - known == set(module.files)


async def test_a_route_that_is_loaded_late_answers_the_request_that_loaded_it() -> None:
    outer, loaded = FastAPI(), []

    async def load() -> None:
        loaded.append(1)
        outer.get("/late/{name}")(lambda name: f"hello {name}")

    outer.router.routes.append(LateRoutes(outer.router, ["/late/{name}"], load))
    for _ in range(2):
        assert await _answer(outer, "/late/you") == (200, '"hello you"')
    assert (await _answer(outer, "/early"))[0] == 404
    assert loaded == [1]


async def test_what_nobody_asked_for_is_loaded_once_the_first_page_is_there(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    registered: list[str] = []

    def loading(name: str) -> SimpleNamespace | object:
        if not name.startswith("launcher.ui.pages."):
            return import_module(name)
        return SimpleNamespace(register=lambda *_: registered.append(name))

    monkeypatch.setattr(registry, "import_module", loading)
    monkeypatch.setattr(registry, "PAUSE_SECONDS", 0)
    known = list(nicegui_app.routes)
    load_the_rest = registry.register_pages(ground.site, FastAPI())
    assert registered == []
    await load_the_rest()
    await load_the_rest()
    nicegui_app.routes[:] = known
    assert registered == [one.name for one in PAGE_MODULES]


def _paths(routes: Sequence[object]) -> list[str]:
    return [one.path for one in routes if isinstance(one, Route)]


async def _answer(app: FastAPI, path: str) -> tuple[int, str]:
    async with AsyncClient(transport=ASGITransport(app), base_url="http://here") as user:
        answer = await user.get(path)
    return answer.status_code, answer.text


async def test_pages_that_an_earlier_form_has_not_loaded_are_not_passed_through(
    ground: Ground,
) -> None:
    """In one process many forms come and go, in tests: a request went through what each of them had left."""
    for _ in range(3):
        registry.register_pages(ground.site, FastAPI())
    late = [route for route in nicegui_app.router.routes if isinstance(route, LateRoutes)]
    assert len(late) == len([module for module in registry.PAGE_MODULES if module.pages])
