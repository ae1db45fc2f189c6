"""No box scrolls beside the page, what is wrong is led to, and what the framework shows is in our words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.browser.stage import Form
from tests.browser.window import Window

pytestmark = pytest.mark.slow

IN_VIEW = """e => {
  const box = e.getBoundingClientRect();
  return box.top >= 0 && box.bottom <= window.innerHeight && box.height > 0;
}"""
SECOND_BARS = """() => [...document.querySelectorAll(".page *")].filter((e) => {
  const style = getComputedStyle(e);
  const scrolls = (how) => how === "auto" || how === "scroll";
  const down = scrolls(style.overflowY) && e.scrollHeight > e.clientHeight + 1;
  const across = scrolls(style.overflowX) && e.scrollWidth > e.clientWidth + 1;
  return (down && !e.matches("textarea, pre, .log, .dialog *")) || (across && !e.matches(".table-box, pre"));
}).map((e) => e.className)"""
MANY_TABS = """() => {
  const nav = document.createElement("nav");
  nav.className = "tabs";
  nav.innerHTML = "<a href='#'>Part of the run</a>".repeat(30);
  document.querySelector(".page").append(nav);
}"""


@pytest.fixture
def small(chromium: Any, form: Form) -> Iterator[Window]:
    """A window in which the price panel is taller than what is seen."""
    window = Window(chromium, form)
    window.page.set_viewport_size({"width": 1100, "height": 340})
    window.enter()
    yield window
    window.close()


def test_a_small_window_has_one_scroll_bar_and_leads_to_what_is_wrong(small: Window) -> None:
    page = small.page
    small.go("/train?preset=finetune-medium")
    page.evaluate(MANY_TABS)
    assert page.evaluate(SECOND_BARS) == []
    page.evaluate("document.querySelector('.page > .tabs').remove()")
    assert page.evaluate("getComputedStyle(document.documentElement).scrollbarGutter") == "stable"
    page.locator(".side .price").wait_for()
    page.evaluate("window.scrollTo(0, document.body.scrollHeight)")  # the panel's end goes along
    page.wait_for_function(f"({IN_VIEW})(document.querySelector('.side .btn-primary'))")

    more = page.locator("details", has=page.get_by_label("Find a setting")).last
    page.get_by_text("Change single values", exact=True).click()
    page.get_by_label("Find a setting").fill("seed")
    seed = page.locator("#field-seed")
    page.get_by_text("1 found", exact=False).wait_for()
    page.wait_for_function(f"({IN_VIEW})(document.querySelector('#field-seed'))")
    seed.fill("many")
    page.get_by_text("Enter a whole number").wait_for()
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = false; })")
    assert not seed.is_visible()
    page.get_by_role("button", name="Check everything").click()
    page.get_by_text("This value is not valid: “Random seed”.", exact=True).wait_for()
    page.wait_for_function(f"({IN_VIEW})(document.querySelector('#field-seed'))")
    assert page.evaluate("document.activeElement.id") == "field-seed"
    assert more.evaluate("one => one.open")

    page.evaluate("window.socket.disconnect()")
    page.get_by_text("No connection to the launcher.").wait_for()
    page.evaluate(
        "document.body.insertAdjacentHTML('beforeend', '<div id=esm-fallback>ES modules</div>')"
    )
    said = "getComputedStyle(document.getElementById('esm-fallback'), '::after').content"
    assert "This page needs JavaScript" in page.evaluate(said)

    answer = page.goto(small.form.base + "/nowhere")
    assert answer.status == 404
    page.get_by_role("heading", name="This page does not exist").wait_for()
    page.get_by_role("link", name="Home").click()
    page.get_by_role("heading", level=1).wait_for()
    assert page.url == small.form.base + "/"
    assert small.problems == []
