"""The way of a person through the form, in a real browser, above scripted pods: rent, watch, hear, stop, compare."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.pods import SENTENCES, Act
from tests.browser.renting import HEARD, rent
from tests.browser.stage import TRAIN_PATH, Stage
from tests.browser.window import Window, ready

pytestmark = pytest.mark.slow


def test_from_an_open_page_to_a_voice(window: Window, staged: Stage, act: Act) -> None:
    page = window.page
    expect(page.get_by_role("heading", name="From recordings to a voice")).to_be_visible()
    window.type_keys(staged.keys)
    first = rent(window)
    expect(page.get_by_text(re.compile("step [1-9][0-9,]* of"))).to_be_visible()
    expect(page.locator(".rented")).to_contain_text("RTX")
    assert len(staged.pods) == 1
    page.reload()  # in the middle: everything is there again, the keys too
    ready(page)
    expect(page.locator("[role=img] svg path")).not_to_have_count(0)
    hear_a_sample(window, first)
    a_second_tab_watches_without_keys(window, first)
    act.enough.set()
    window.go(first)
    expect(page.get_by_text("The run finished.", exact=True)).to_be_visible()
    expect(page.get_by_text("Metered by the GPU")).to_be_visible()
    staged.until_no_pods()
    expect(page.locator(".rented")).to_be_hidden()

    act.enough.clear()
    second = rent(window)
    expect(page.get_by_text(re.compile("step [1-9][0-9,]* of"))).to_be_visible()
    stop_and_keep(page)
    expect(page.get_by_text("The run was stopped on request.", exact=True)).to_be_visible()
    staged.until_no_pods()
    compare(window, first, second)
    try_the_voice(window, first)


def hear_a_sample(window: Window, run: str) -> None:
    page = window.page
    window.go(f"{run}?tab=samples")
    play = page.get_by_role("button", name=re.compile(f"^Play “{SENTENCES[0]}")).first
    play.click()
    page.wait_for_function(HEARD)


def a_second_tab_watches_without_keys(window: Window, run: str) -> None:
    other = window.tab()
    window.go(run, other)
    expect(other.get_by_text("No keys")).to_be_visible()
    expect(other.locator(".now-words", has_text="step")).to_be_visible()
    expect(other.get_by_role("button", name="Finish now")).to_be_disabled()
    other.close()


def stop_and_keep(page: Any) -> None:
    page.get_by_role("button", name="Finish now").click()
    page.get_by_role("dialog").get_by_role("button", name="Finish now").click()


def compare(window: Window, *runs: str) -> None:
    page = window.page
    window.go("/runs")
    for box in page.get_by_role("checkbox").all()[: len(runs)]:
        box.check()
    page.get_by_role("button", name="Compare").click()
    page.wait_for_url(re.compile("/compare"))
    ready(page)
    expect(page.get_by_text("Settings that differ").first).to_be_visible()
    expect(page.locator("[role=img] svg path")).not_to_have_count(0)


def try_the_voice(window: Window, run: str) -> None:
    page = window.page
    window.go(f"/voice?run={run.removeprefix('/runs/')}")
    page.get_by_role("button", name="Download").click()
    # A voice of an earlier test may be here already, and the panel with it.
    expect(page.get_by_role("button", name="Download")).to_have_count(0)
    page.locator("#field-say").fill("I was made of twelve clips.")
    page.get_by_role("button", name="Speak", exact=True).click()
    # The voice's own process loads its libraries first, beside all else that a busy machine does.
    page.get_by_role("button", name="Play “I was made of twelve clips.”").click(timeout=180_000)
    page.wait_for_function(HEARD)


def test_a_double_click_rents_one_gpu_and_a_command_waits_for_its_receipt(
    window: Window, staged: Stage, act: Act
) -> None:
    page = window.page
    window.type_keys(staged.keys)
    before = len(staged.cloud.runpod.world.pods)
    run = rent(window, clicks=2)
    page.get_by_role("button", name="Sample now").click()
    page.get_by_label("Text").fill("Something of my own.")
    page.get_by_role("button", name="Make sample").click()
    expect(page.get_by_text(re.compile("Sample now: done")).first).to_be_visible()
    assert len(staged.cloud.runpod.world.pods) == before + 1
    window.go(f"{run}?tab=samples")
    expect(page.get_by_text("“Something of my own.”")).to_be_visible()
    page.locator(".rented").get_by_role("link", name="Cancel run").click()
    ready(page)
    page.get_by_role("button", name="Cancel run now").click()
    expect(page.get_by_text("cancelled").first).to_be_visible()
    staged.until_no_pods()


def test_the_form_can_stand_still_and_be_restarted_while_a_run_goes_on(
    window: Window, staged: Stage, act: Act
) -> None:
    page = window.page
    window.type_keys(staged.keys)
    run = rent(window)
    expect(page.locator(".now-words", has_text="step")).to_be_visible()
    with window.form.blocked():
        page.get_by_role("button", name="Sample now").click()
    expect(page.get_by_role("button", name="Make sample")).to_be_visible()
    page.keyboard.press("Escape")
    page.evaluate("window.socket.io.engine.close()")  # as a computer that was asleep
    page.wait_for_function("!window.socket.connected")
    page.wait_for_function("window.socket.connected")
    page.get_by_role("button", name="Sample now").click()
    expect(page.get_by_role("button", name="Make sample")).to_be_visible()
    expect(page.locator("#popup")).to_have_attribute("aria-hidden", "true")
    assert window.form.close() == 0
    window.form.start()
    # The page finds by itself that it is not let in any more, and says where the link is.
    expect(page.get_by_text("needs its launch link")).to_be_visible()
    window.enter()
    window.go(run)
    expect(page.get_by_text("These are the last known figures")).to_be_visible()
    window.type_keys(staged.keys)
    window.go(run)
    expect(page.get_by_role("button", name="Finish now")).to_be_enabled()
    window.go(f"{run}?ask=remove")
    page.get_by_role("button", name="Cancel run now").click()
    expect(page.get_by_text("cancelled").first).to_be_visible()
    staged.until_no_pods()


def test_the_keyboard_alone_rents_and_reads_why_a_run_failed(
    window: Window, staged: Stage, act: Act
) -> None:
    page, press = window.page, window.page.keyboard.press
    act.steps, act.reason = 4, "failed"
    act.detail, act.hint = "The GPU ran out of memory.", "Lower the batch size to 16."
    press("Tab")
    expect(page.get_by_role("link", name="Skip to the page")).to_be_focused()
    press("Enter")
    press("Tab")
    assert page.evaluate("!!document.activeElement.closest('#content')")
    window.go("/keys")
    for label, value in staged.keys.items():
        _tab_to(page, label)
        page.keyboard.type(value)
        press("Enter")
    page.get_by_text("3 of 3 keys").wait_for()
    window.go(TRAIN_PATH)
    _tab_to(page, "Results repo")
    press("Control+A")
    page.keyboard.type("demo/voice")
    _tab_to(page, "Check everything")
    press("Enter")
    page.get_by_text("Ready", exact=True).wait_for()
    _tab_to(page, "Rent and start…")
    press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    for _ in range(8):  # the focus stays within the question
        press("Tab")
        assert page.evaluate(
            "document.activeElement === document.body || !!document.activeElement.closest('dialog')"
        )
    press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(page.get_by_role("button", name="Rent and start…")).to_be_focused()
    press("Enter")
    _tab_to(page, "Rent and start, ")
    press("Enter")
    page.wait_for_url(re.compile("/runs/"))
    ready(page)
    expect(page.get_by_text("Lower the batch size to 16.")).to_be_visible()
    staged.until_no_pods()


NAME_OF_FOCUS = """() => { const here = document.activeElement;
  return here.getAttribute('aria-label') || (here.labels && here.labels[0] || here).textContent.trim(); }"""


def _tab_to(page: Any, name: str) -> None:
    for _ in range(150):
        page.keyboard.press("Tab")
        if page.evaluate(NAME_OF_FOCUS).startswith(name):
            return
    raise AssertionError(f"the Tab key does not reach {name}")
