"""Debian's Chromium in front of the form. Where there is none, these tests are skipped with the reason.

LAUNCHER_BROWSER=required makes a skip a failure.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest

from tests.browser.stage import AXE, CHROMIUM, Form, Stage, stage

IGNORED_CONSOLE = ("Failed to load resource", "WebSocket connection to", "ERR_CONNECTION_REFUSED")
"""Of a server that is being restarted; a page's own errors look different."""


def _missing(what: str) -> None:
    if os.environ.get("LAUNCHER_BROWSER") == "required":
        pytest.fail(f"{what} is required and not there")
    pytest.skip(f"{what} is not there")


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    if not CHROMIUM.exists():
        _missing(f"Chromium at {CHROMIUM}")
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=str(CHROMIUM),
            args=[
                "--no-sandbox",
                "--disable-gpu",
                "--disable-background-networking",
                "--disable-component-update",
                "--autoplay-policy=no-user-gesture-required",
            ],
        )
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def axe() -> str:
    if not AXE.exists():
        _missing("axe-core (npm ci in tests/browser)")
    return AXE.read_text("utf-8")


@pytest.fixture(scope="module")
def staged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with stage(tmp_path_factory.mktemp("stage")) as found:
        yield found


@pytest.fixture(scope="module")
def form(staged: Stage) -> Form:
    return staged.open_form()


class Window:
    """A browser window with its own cookies; fails the test for errors on the console and requests abroad."""

    def __init__(self, context: Any, form: Form) -> None:
        self.context, self.form = context, form
        self.problems: list[str] = []
        self.abroad: list[str] = []
        self.page = self.tab()

    def tab(self) -> Any:
        page = self.context.new_page()
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.on("request", self._request)
        page.set_default_timeout(20_000)
        return page

    def enter(self) -> None:
        self.page.goto(self.form.link())
        ready(self.page)

    def go(self, path: str, page: Any = None) -> None:
        page = page or self.page
        page.goto(self.form.base + path)
        ready(page)

    def use_offered_keys(self, page: Any = None) -> None:
        page = page or self.page
        self.go("/keys", page)
        page.get_by_role("button", name="Use these").click()
        page.get_by_text("3 of 3 keys held").wait_for()

    def _console(self, message: Any) -> None:
        if message.type == "error" and not any(one in message.text for one in IGNORED_CONSOLE):
            self.problems.append(message.text)

    def _request(self, request: Any) -> None:
        url = request.url
        if not url.startswith(
            (self.form.base, "data:", "blob:", self.form.base.replace("http", "ws"))
        ):
            self.abroad.append(url)


def ready(page: Any) -> None:
    """The page is connected and drawn."""
    page.wait_for_function("window.did_handshake === true")
    page.wait_for_selector("#content:not([aria-busy])")


@pytest.fixture
def window(chromium: Any, form: Form) -> Iterator[Window]:
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    found = Window(context, form)
    found.enter()
    yield found
    context.close()
    assert found.problems == []
    assert found.abroad == []
