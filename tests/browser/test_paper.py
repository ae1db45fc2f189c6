"""A run on paper: what was done and what it cost, black on white, without what can only be clicked."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.lived_history import write_history
from tests.browser.stage import Stage
from tests.browser.window import Window

pytestmark = pytest.mark.slow
COLOUR = "getComputedStyle(document.body).backgroundColor"


def test_a_printed_run_is_its_facts_on_white(chromium: Any, staged: Stage) -> None:
    write_history(staged.root / "printed")
    window = Window(chromium, staged.open_form(home="printed"), scheme="dark")
    window.enter()
    window.go("/runs/finished00")
    page = window.page
    assert page.evaluate(COLOUR) != "rgb(255, 255, 255)"
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate(COLOUR) == "rgb(255, 255, 255)"
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.get_by_text("$0.75").first).to_be_visible()
    for gone in ("header", "#pages", "button", ".btn"):
        assert not [one for one in page.locator(gone).all() if one.is_visible()], gone
    window.close()


def test_a_system_that_takes_colours_away_leaves_a_border_at_what_is_chosen(
    chromium: Any, staged: Stage
) -> None:
    window = Window(chromium, staged.open_form(home="plain-colours"))
    window.enter()
    page = window.page
    page.emulate_media(forced_colors="active")
    style = page.locator(".nav a[aria-current=page]").evaluate(
        "(link) => getComputedStyle(link).outlineStyle"
    )
    assert style == "solid"
    page.emulate_media(forced_colors="none")
    window.close()
