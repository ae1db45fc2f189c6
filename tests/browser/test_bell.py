"""The browser's own notifications: asked for by one click and by nothing else, and made when a run ends."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.pods import Act
from tests.browser.renting import rent
from tests.browser.stage import CHROMIUM, Stage
from tests.browser.window import Window

pytestmark = pytest.mark.slow

SPY = """
  window.asked = 0;
  const kept = JSON.parse(sessionStorage.getItem('made') || '[]');
  window.made = kept;
  window.Notification = class {
    static permission = '%s';
    static async requestPermission() {
      window.asked += 1;
      return (Notification.permission = '%s');
    }
    constructor(title, options) {
      window.made.push({title, ...options});
      sessionStorage.setItem('made', JSON.stringify(window.made));
    }
  };
"""
"""Stands for the browser's, which a window without a screen cannot show."""
ALLOW = "Show them in this browser, too"


@pytest.fixture
def browser(playwright: Any) -> Iterator[Any]:
    found = playwright.chromium.launch(
        executable_path=str(CHROMIUM), args=["--no-sandbox", "--disable-gpu"]
    )
    yield found
    found.close()


def window_of(browser: Any, staged: Stage, before: str, answer: str) -> Window:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.add_init_script(SPY % (before, answer))
    window = Window(context, staged.open_form(home=f"bell-{before}-{answer}"))
    window.enter()
    return window


def test_one_click_allows_notices_and_one_is_made_when_the_run_ends(
    browser: Any, staged: Stage, act: Act
) -> None:
    act.steps = 8
    window = window_of(browser, staged, "default", "granted")
    page = window.page
    window.use_offered_keys()
    page.locator(".bell > summary").click()
    assert page.evaluate("window.asked") == 0
    page.get_by_role("button", name=ALLOW).click()
    expect(page.get_by_text("This browser shows them while a page")).to_be_visible()
    assert page.evaluate("window.asked") == 1
    page.add_init_script(SPY % ("granted", "granted"))  # as a browser remembers it
    rent(window)
    page.wait_for_function("window.made.some(one => one.title.includes('ended'))")
    assert page.evaluate("window.asked") == 0
    staged.until_no_pods()


def test_a_browser_that_blocks_notices_is_said_with_what_to_do_and_not_asked(
    browser: Any, staged: Stage
) -> None:
    window = window_of(browser, staged, "denied", "denied")
    window.page.locator(".bell > summary").click()
    expect(window.page.get_by_text("This browser blocks notifications")).to_be_visible()
    expect(window.page.get_by_role("button", name=ALLOW)).to_have_count(0)
    assert window.page.evaluate("window.asked") == 0
