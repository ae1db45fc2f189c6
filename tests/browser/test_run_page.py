"""A run's page on one screen: how it goes is seen without a click, values are read by pointer and by keyboard."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.lived_history import write_history
from tests.browser.looking import WIDTHS
from tests.browser.pods import Act
from tests.browser.renting import rent
from tests.browser.stage import Stage
from tests.browser.window import Window

pytestmark = pytest.mark.slow
SCREEN = {"width": 1280, "height": 800}
BOTTOM = "one => one.getBoundingClientRect().bottom + window.scrollY"
STEADY = """() => { window.kept = document.querySelector(".curves .plot-area path"); window.moved = 0;
  new PerformanceObserver((list) => list.getEntries().forEach((one) => { window.moved += one.value; }))
    .observe({type: "layout-shift"}); }"""
NOTE = ".demo-note, .rented, .run-page .notice"
"""Of the demo, of other runs, and that there is no key: they are not there on every page of a run."""


@pytest.fixture
def watcher(chromium: Any, staged: Stage) -> Iterator[Window]:
    write_history(staged.root / "watched")
    window = Window(chromium, staged.open_form(home="watched"))
    window.page.set_viewport_size(SCREEN)
    window.enter()
    yield window
    window.close()


def test_the_curve_appears_on_a_page_that_was_open_before_the_first_step(
    window: Window, staged: Stage, act: Act
) -> None:
    act.boots_in = 1.5
    window.type_keys(staged.keys)
    rent(window)
    page = window.page
    expect(page.get_by_text("The curves begin with the first step.", exact=False)).to_be_visible()
    curve = page.locator(".curves .plot-area path").first
    expect(curve).to_have_attribute("d", re.compile("L"))
    drawn = curve.get_attribute("d")
    expect(curve).not_to_have_attribute("d", drawn)  # it goes on
    expect(page.locator(".bell-new")).to_have_count(1)  # with news the header is at its longest
    widths = page.evaluate(WIDTHS)
    assert widths[0] <= widths[1]


def test_how_a_run_goes_is_on_one_screen_and_its_values_are_read_by_pointer_and_keyboard(
    watcher: Window,
) -> None:
    page = watcher.page
    watcher.go("/runs/running000")
    curve = page.locator(".curves .plot-area path").first
    expect(curve).to_have_attribute("d", re.compile("L"))
    page.evaluate("(css) => document.querySelectorAll(css).forEach((one) => one.remove())", NOTE)
    for part in (".run-bars", ".run-head .facts", ".curves .plot-area", ".newest-samples .player"):
        assert page.locator(part).first.evaluate(BOTTOM) <= SCREEN["height"], part
    for words in ("Speed", "GPU at work", "GPU memory", "Log", "Steps of the run"):
        expect(page.get_by_text(words, exact=True).first).to_be_visible()

    page.evaluate(STEADY)
    loss = page.get_by_role("button", name=re.compile("^Sound"))
    page.locator(".curves .plot-reader").hover(position={"x": 80, "y": 60})
    expect(loss).not_to_contain_text("0.4221")
    expect(page.locator(".curves .plot-foot")).to_contain_text(
        re.compile(r"Step [\d,]+, .*\d\d:\d\d")
    )
    expect(page.locator(".gauges .plot-said").first).to_be_visible()  # the same moment everywhere
    page.mouse.move(5, 5)
    expect(loss).to_contain_text("0.4221")
    assert page.evaluate("window.moved") == 0
    assert page.evaluate("window.kept === document.querySelector('.curves .plot-area path')")

    reader = page.get_by_role("slider", name="Values of the curves")
    reader.press("Home")
    expect(reader).to_have_attribute(
        "aria-valuetext", re.compile(r"^Step 25, .*Sound \(mel\) 1\.3")
    )
    reader.press("ArrowRight")
    expect(reader).to_have_attribute("aria-valuetext", re.compile("^Step 50, "))
    reader.press("+")
    page.get_by_role("button", name="Show all of it").click()
    page.get_by_text("Values", exact=True).click()
    expect(page.locator(".plot-values tbody tr")).to_have_count(20)
    page.get_by_role("button", name=re.compile("^KL")).click()
    expect(page.locator(".plot-values th")).to_have_count(3)
    page.locator("#field-curve-axis").select_option("time")
    expect(page.locator(".curves .plot-grid text").last).to_contain_text(re.compile("min|s$"))
    page.reload()  # what was chosen of the picture stays
    expect(page.locator("#field-curve-axis")).to_have_value("time")
    expect(page.get_by_role("button", name=re.compile("^KL"))).to_have_attribute(
        "aria-pressed", "true"
    )
    assert watcher.problems == []
