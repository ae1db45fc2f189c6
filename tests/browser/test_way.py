"""The way of a person through the form, in a real browser, above scripted pods: rent, watch, stop, compare."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Window, ready
from tests.browser.pods import Act
from tests.browser.stage import Stage


@pytest.fixture(autouse=True)
def usual_act(staged: Stage) -> None:
    assert staged.player is not None
    staged.player.act = Act()


def rent(window: Window, page: Any = None) -> str:
    """From the Train page to a run; its address."""
    page = page or window.page
    window.go("/train?preset=quick-check&dataset=demo/clips", page)
    page.locator("#field-results_repo").fill("demo/voice")
    page.locator("#field-results_repo").blur()
    page.get_by_role("button", name="Check everything").click()
    page.get_by_text("Ready", exact=True).wait_for()
    page.get_by_role("button", name="Rent and start…").click()
    page.get_by_role("button", name=re.compile("Rent and start, ")).click()
    page.wait_for_url(re.compile("/runs/"))
    ready(page)
    return str(page.url).replace(window.form.base, "")


def test_a_run_is_rented_watched_heard_and_compared(window: Window, staged: Stage) -> None:
    page = window.page
    assert staged.player is not None
    staged.player.act = Act(steps=60)
    window.use_offered_keys()
    first = rent(window)
    expect(page.get_by_text(re.compile("step [1-9][0-9]? of 60"))).to_be_visible(timeout=20_000)
    expect(page.locator(".rented")).to_contain_text("RTX")
    assert len(staged.pods) == 1
    page.reload()  # in the middle: everything is there again
    ready(page)
    expect(page.locator("[role=img] svg path")).not_to_have_count(0)
    window.go(f"{first}?tab=samples")
    play = page.get_by_role("button", name=re.compile("^Play “The quick")).first
    play.wait_for()
    play.click()
    page.wait_for_function("[...document.querySelectorAll('audio')].some(a => a.currentTime > 0)")
    window.go(first)
    expect(page.get_by_text("The run finished.")).to_be_visible(timeout=30_000)
    expect(page.get_by_text("Metered by the GPU")).to_be_visible()
    staged.until_no_pods()
    expect(page.locator(".rented")).to_be_hidden(timeout=10_000)

    second = rent(window)
    page.get_by_role("button", name="Stop and keep").click(timeout=20_000)
    page.get_by_role("dialog").get_by_role("button", name="Stop and keep").click()
    expect(page.get_by_text("The run was stopped on request")).to_be_visible(timeout=30_000)
    staged.until_no_pods()

    window.go("/runs")
    for box in page.get_by_role("checkbox").all():
        box.check()
    page.get_by_role("button", name="Compare the two").click()
    page.wait_for_url(re.compile("/compare"))
    ready(page)
    expect(page.get_by_text("Settings that differ").first).to_be_visible()
    assert first != second


def test_a_command_waits_for_its_receipt(window: Window, staged: Stage) -> None:
    page = window.page
    assert staged.player is not None
    staged.player.act = Act(steps=120)
    window.use_offered_keys()
    run = rent(window)
    page.get_by_role("button", name="Sample now").click()
    page.get_by_label("Text").fill("Something of my own.")
    page.get_by_role("button", name="Speak it").click()
    expect(page.get_by_text(re.compile("Sample now: done")).first).to_be_visible(timeout=20_000)
    window.go(f"{run}?tab=samples")
    expect(page.get_by_text("“Something of my own.”")).to_be_visible()
    page.locator(".rented").get_by_role("link", name="Stop and remove").click()
    ready(page)
    page.get_by_role("button", name="Stop and remove now").click()
    expect(page.get_by_text("removed by hand").first).to_be_visible(timeout=20_000)
    staged.until_no_pods()


def test_a_second_tab_has_no_key_and_the_first_keeps_it_over_a_reload(window: Window) -> None:
    window.use_offered_keys()
    other = window.tab()
    window.go("/keys", other)
    expect(other.get_by_text("No keys")).to_be_visible()
    window.page.reload()
    ready(window.page)
    expect(window.page.get_by_text("3 of 3 keys held")).to_be_visible()


def test_a_double_click_rents_one_gpu(window: Window, staged: Stage) -> None:
    page = window.page
    window.use_offered_keys()
    before = len(staged.cloud.runpod.world.pods)
    window.go("/train?preset=quick-check&dataset=demo/clips")
    page.locator("#field-results_repo").fill("demo/voice")
    page.locator("#field-results_repo").blur()
    page.get_by_role("button", name="Check everything").click()
    page.get_by_text("Ready", exact=True).wait_for()
    page.get_by_role("button", name="Rent and start…").click()
    page.get_by_role("button", name=re.compile("Rent and start, ")).dblclick()
    page.wait_for_url(re.compile("/runs/"))
    ready(page)
    expect(page.locator(".now-words", has_text="step")).to_be_visible(timeout=20_000)
    assert len(staged.cloud.runpod.world.pods) == before + 1
    page.get_by_role("button", name="Stop and keep").click()
    page.get_by_role("dialog").get_by_role("button", name="Stop and keep").click()
    staged.until_no_pods()


def test_the_form_can_be_restarted_while_a_run_goes_on(
    chromium: Any, staged: Stage, window: Window
) -> None:
    assert staged.player is not None
    staged.player.act = Act(steps=400)
    form = staged.open_form(home="restarted")
    context = chromium.new_context()
    other = Window(context, form)
    other.enter()
    other.use_offered_keys()
    run = rent(other)
    expect(other.page.locator(".now-words", has_text="step")).to_be_visible(timeout=20_000)
    assert form.close() == 0
    again = staged.open_form(port=form.port, home="restarted")
    # The page finds by itself that it is not let in any more, and says where the link is.
    expect(other.page.get_by_text("needs its launch link")).to_be_visible(timeout=30_000)
    other.form = again
    other.enter()
    other.go(run)
    expect(other.page.get_by_text("These are the last known figures")).to_be_visible()
    other.use_offered_keys()
    other.go(run)
    expect(other.page.get_by_role("button", name="Stop and keep")).to_be_enabled(timeout=20_000)
    other.go(f"{run}?ask=remove")
    other.page.get_by_role("button", name="Stop and remove now").click()
    expect(other.page.get_by_text("removed by hand").first).to_be_visible(timeout=20_000)
    staged.until_no_pods()
    context.close()


def test_a_run_that_failed_says_what_to_do(window: Window, staged: Stage) -> None:
    assert staged.player is not None
    staged.player.act = Act(
        steps=4,
        reason="failed",
        detail="The GPU ran out of memory.",
        hint="Lower the batch size to 16.",
    )
    window.use_offered_keys()
    rent(window)
    expect(window.page.get_by_text("Lower the batch size to 16.")).to_be_visible(timeout=30_000)
    staged.until_no_pods()


def test_the_keyboard_alone_reaches_the_rent_button(window: Window) -> None:
    page = window.page
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the page")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("!!document.activeElement.closest('#content')")
    window.go("/keys")
    _tab_to(page, "Use these")
    page.keyboard.press("Enter")
    page.get_by_text("3 of 3 keys held").wait_for()
    window.go("/train?preset=quick-check&dataset=demo/clips")
    page.locator("#field-results_repo").focus()
    page.keyboard.press("Control+A")
    page.keyboard.type("demo/voice")
    _tab_to(page, "Check everything")
    page.keyboard.press("Enter")
    page.get_by_text("Ready", exact=True).wait_for()
    _tab_to(page, "Rent and start…")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    for _ in range(8):  # the focus stays within the question
        page.keyboard.press("Tab")
        assert page.evaluate(
            "document.activeElement === document.body || !!document.activeElement.closest('dialog')"
        )
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()


def _tab_to(page: Any, name: str) -> None:
    for _ in range(150):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent.trim()").startswith(name):
            return
    raise AssertionError(f"the Tab key does not reach {name}")
