"""Two tabs of one browser, another browser with its cookie, and a page of another address: who gets at the keys."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.stage import CHROMIUM, Form, Stage
from tests.browser.window import Window, ready

pytestmark = pytest.mark.slow

LISTEN = """() => {
  window.heard = [];
  window.channel = new BroadcastChannel('launcher-keys');
  window.channel.onmessage = (event) => window.heard.push(event.data);
}"""
SAY = "(message) => window.channel.postMessage(message)"
HEARD = "window.heard"
NO_KEYS, ALL_KEYS = "No keys", "3 of 3 keys"


@pytest.fixture
def stranger(playwright: Any, chromium: Any, window: Window, form: Form) -> Iterator[Any]:
    """A page of another browser that has the cookie of the first, and so is let in to the form."""
    browser = playwright.chromium.launch(
        executable_path=str(CHROMIUM), args=["--no-sandbox", "--disable-gpu"]
    )
    context = browser.new_context()
    context.add_cookies(chromium.cookies())
    page = context.new_page()
    page.goto(form.base + "/runs")
    ready(page)
    page.evaluate(LISTEN)
    yield page
    browser.close()


def test_a_tab_is_let_in_by_the_first_and_by_nothing_else(
    window: Window, form: Form, staged: Stage, stranger: Any
) -> None:
    window.type_keys(staged.keys)
    first, second, spy = window.page, window.tab(), window.tab()
    window.go("/help", spy)
    spy.evaluate(LISTEN)
    elsewhere = page_of_another_address(window)

    window.go("/runs", second)
    second.get_by_role("button", name="Use them here").click()
    expect(first.get_by_text("It shows “Runs”.")).to_be_visible()
    assert first.title().startswith("Allow? · ")
    first.reload()  # the question waits
    ready(first)
    second.evaluate("window.isBeforeIt = true")
    first.get_by_role("button", name="Allow").click()
    # It reloads by itself then, and the keys are told before that.
    second.wait_for_function("!window.isBeforeIt")
    ready(second)
    expect(second.get_by_text(ALL_KEYS)).to_be_visible()
    expect(first.get_by_text("It shows “Runs”.")).to_have_count(0)
    assert not first.title().startswith("Allow?")
    second.reload()
    ready(second)
    expect(second.get_by_text(ALL_KEYS)).to_be_visible()

    # What went from tab to tab is no key, and admits nobody any more.
    (grant,) = (each["grant"] for each in spy.evaluate(HEARD) if each["kind"] == "grant")
    assert not [key for key in staged.keys.values() if key in str(spy.evaluate(HEARD))]
    for page in (spy, stranger):
        show_as_an_answer(page, grant)
    assert elsewhere.evaluate(HEARD) == []

    window.go("/keys", second)
    for label in staged.keys:
        second.get_by_role("button", name=f"Forget the {label}").click()
    expect(first.get_by_text(NO_KEYS, exact=True)).to_be_visible()
    window.abroad.clear()  # the page of another address


def page_of_another_address(window: Window) -> Any:
    """It listens at a channel of the same name, and asks there."""
    page = window.tab()
    page.route("http://other.localhost:9/*", lambda route: route.fulfill(body="<p>Elsewhere</p>"))
    page.goto("http://other.localhost:9/")
    page.evaluate(LISTEN)
    for message in ({"kind": "who"}, {"kind": "ask", "ask": "made up"}):
        page.evaluate(SAY, message)
    return page


def show_as_an_answer(page: Any, grant: str) -> None:
    """Have the tab ask, and show it this grant as the answer to its own question."""
    if page.get_by_role("button", name="Use them here").count() == 0:
        page.evaluate(SAY, {"kind": "here"})
    page.evaluate("window.heard.length = 0")  # questions of other tabs
    page.get_by_role("button", name="Use them here").click()
    page.wait_for_function("window.heard.some(each => each.kind === 'ask')")
    ask = [each["ask"] for each in page.evaluate(HEARD) if each["kind"] == "ask"][-1]
    page.evaluate(SAY, {"kind": "grant", "ask": ask, "grant": grant})
    expect(page.get_by_text("Nothing was shared.")).to_be_visible()
    expect(page.get_by_text(NO_KEYS, exact=True)).to_be_visible()
