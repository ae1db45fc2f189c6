"""Tabs of one test in Chromium, and what may not be found in files afterwards."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path
from typing import Any

from playwright.sync_api import Error

from tests.browser.stage import Form

IGNORED_CONSOLE = ("Failed to load resource", "WebSocket connection to", "ERR_CONNECTION_REFUSED")
"""Of a server that is being restarted; a page's own errors look different."""


REFUSED_KEY = "rpa_canary0refused0canary0refused0"


ALL_HELD = re.compile(r"(\d) of \1 keys")
"""However many there are: a place of its own has a key of its own."""
CAP_SECONDS = 60.0
"""For whatever a test waits for: a machine that does much else is slow, and a page that is broken stays broken."""


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
        self._leave()
        self.page.goto(self.form.link())
        ready(self.page)

    def _leave(self) -> None:
        """A page that is reconnecting reloads itself: in the midst of the next one, or of being left."""
        with suppress(Error):
            self.page.goto("about:blank")
            return
        self.page.goto("about:blank")

    def go(self, path: str, page: Any = None) -> None:
        page = page or self.page
        page.goto(self.form.base + path)
        ready(page)

    def use_offered_keys(self) -> None:
        self.go("/keys")
        self.page.get_by_role("button", name="Use these").click()
        self.page.get_by_text(ALL_HELD).wait_for()

    def type_keys(self, keys: dict[str, str]) -> None:
        """By the label of their fields, on the Keys page."""
        self.go("/keys")
        for number, (label, value) in enumerate(keys.items()):
            self.page.get_by_label(label, exact=True).fill(value)
            self.page.get_by_role("button", name=f"Use this key: {label}").click()
            self.page.get_by_text("In memory").nth(number).wait_for()
        self.page.get_by_text("3 of 3 keys").wait_for()

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


def asks_to_stay(page: Any) -> None:
    """Closing the page brings up the browser's question; the answer is to stay."""
    with page.expect_event("dialog") as asked:
        page.close(run_before_unload=True)
    assert asked.value.type == "beforeunload"
    asked.value.dismiss()


def none_in_files(canaries: list[str], folder: Path) -> None:
    """No file below the folder holds any of the texts."""
    for path in folder.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            for canary in canaries:
                assert canary.encode() not in content, path
                assert canary.encode("utf-16-le") not in content, path
