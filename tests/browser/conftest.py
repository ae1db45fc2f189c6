"""Debian's Chromium in front of the form. Where there is none, these tests are skipped with the reason.

LAUNCHER_BROWSER=required makes a skip a failure. One browser, one stage and one form serve all tests; each opens
tabs of its own. Fixtures end with this package: Playwright keeps an event loop running in the thread, beside which
tests of other packages could not run one of their own.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest

from tests.browser.pods import Act
from tests.browser.stage import CHROMIUM, Form, Stage, axe_file, stage

IGNORED_CONSOLE = ("Failed to load resource", "WebSocket connection to", "ERR_CONNECTION_REFUSED")
"""Of a server that is being restarted; a page's own errors look different."""
REFUSED_KEY = "rpa_canary0refused0canary0refused0"
CAP_SECONDS = 60.0
"""For whatever a test waits for: a machine that does much else is slow, and a page that is broken stays broken."""


def _missing(what: str) -> NoReturn:
    if os.environ.get("LAUNCHER_BROWSER") == "required":
        pytest.fail(f"{what} is required and not there")
    pytest.skip(f"{what} is not there")


@pytest.fixture(scope="package")
def profile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder where Chromium keeps what it remembers."""
    return tmp_path_factory.mktemp("profile")


@pytest.fixture(scope="package")
def chromium(profile: Path, staged: Stage) -> Iterator[Any]:
    """A browser with a profile on disk; afterwards no key is in it, whichever test typed it."""
    if not CHROMIUM.exists():
        _missing(f"Chromium at {CHROMIUM}")
    sync_api = pytest.importorskip("playwright.sync_api")
    sync_api.expect.set_options(timeout=1000 * CAP_SECONDS)
    with sync_api.sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            profile,
            executable_path=str(CHROMIUM),
            viewport={"width": 1280, "height": 900},
            reduced_motion="reduce",
            args=[
                "--no-sandbox",
                "--disable-gpu",
                "--disable-background-networking",
                "--disable-component-update",
                "--autoplay-policy=no-user-gesture-required",
            ],
        )
        yield context
        context.close()
    none_in_files([REFUSED_KEY, *staged.keys.values()], profile)


@pytest.fixture(scope="package")
def axe() -> str:
    file = axe_file()
    if file is None:
        _missing("axe-core (npm ci in tests/browser, or the package axe-playwright-python)")
    return file.read_text("utf-8")


@pytest.fixture(scope="package")
def staged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with stage(tmp_path_factory.mktemp("stage")) as found:
        yield found


@pytest.fixture(scope="package")
def form(staged: Stage) -> Iterator[Form]:
    """The form of a newcomer: nothing entered, nothing run before the first test, keys have to be typed.

    Afterwards no key is in its files, nor in what it printed.
    """
    form = staged.open_form(offers_keys=False)
    yield form
    assert form.close() == 0
    none_in_files([REFUSED_KEY, *staged.keys.values()], form.home)
    assert not [key for key in staged.keys.values() if key in "".join(form.lines)]


@pytest.fixture
def act(staged: Stage) -> Iterator[Act]:
    """How pods behave in this test, to be changed by it. None is left afterwards."""
    assert staged.player is not None
    staged.player.act = Act()
    yield staged.player.act
    for pod in staged.pods:
        staged.cloud.runpod.world.act(staged.cloud.runpod.world.pods[pod], "terminate")


class Window:
    """Tabs of one test; `problems` are errors on their consoles, `abroad` requests to other places."""

    def __init__(self, context: Any, form: Form, scheme: str = "light") -> None:
        self.context, self.form, self.scheme = context, form, scheme
        self.problems: list[str] = []
        self.abroad: list[str] = []
        self._tabs: list[Any] = []
        self.page = self.tab()

    def tab(self) -> Any:
        page = self.context.new_page()
        self._tabs.append(page)
        page.emulate_media(color_scheme=self.scheme, reduced_motion="reduce")
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.on("request", self._request)
        page.set_default_timeout(1000 * CAP_SECONDS)
        return page

    def enter(self) -> None:
        self.page.goto(self.form.link())
        ready(self.page)

    def go(self, path: str, page: Any = None) -> None:
        page = page or self.page
        page.goto(self.form.base + path)
        ready(page)

    def use_offered_keys(self) -> None:
        self.go("/keys")
        self.page.get_by_role("button", name="Use these").click()
        self.page.get_by_text("3 of 3 keys held").wait_for()

    def type_keys(self, keys: dict[str, str]) -> None:
        """By the label of their fields, on the Keys page."""
        self.go("/keys")
        for number, (label, value) in enumerate(keys.items()):
            self.page.get_by_label(label, exact=True).fill(value)
            self.page.get_by_role("button", name=f"Use key: {label}").click()
            self.page.get_by_text("Held in memory").nth(number).wait_for()
        self.page.get_by_text("3 of 3 keys held").wait_for()

    def close(self) -> None:
        for page in self._tabs:
            page.close()

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


def none_in_files(canaries: list[str], folder: Path) -> None:
    """No file below the folder holds any of the texts."""
    for path in folder.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            for canary in canaries:
                assert canary.encode() not in content, path
                assert canary.encode("utf-16-le") not in content, path


@pytest.fixture
def window(chromium: Any, form: Form) -> Iterator[Window]:
    found = Window(chromium, form)
    found.enter()
    yield found
    found.close()
    assert found.problems == []
    assert found.abroad == []
