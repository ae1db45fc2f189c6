"""What a person typed outlives the page, our own links lose nothing, and the keyboard is not led through marks."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from launcher.stores.queue import QueueStore
from tests.browser.stage import Form, Stage
from tests.browser.window import Window, asks_to_stay, ready
from tests.kit.checkout import DEMO_CLIPS
from tests.kit.clocks import NOW

pytestmark = pytest.mark.slow

MOST_STOPS = 20
"""From the first field to the check, with the usual settings: each field, choice and closed part is one."""
NAME = "document.activeElement.textContent.trim()"
RESTORED = "Restored what you had typed."


@pytest.fixture
def newcomer(chromium: Any, staged: Stage) -> Iterator[Window]:
    """At a form that nobody has used: what others have typed or run adds stops."""
    form = staged.open_form(home="newcomer", offers_keys=False)
    window = Window(chromium, form)
    window.enter()
    yield window
    window.close()
    form.close()


def test_few_tabs_lead_to_the_check_and_help_is_shown_where_it_is_asked_for(
    newcomer: Window,
) -> None:
    window = newcomer
    window.go("/train?preset=finetune-medium")
    page, tabs = window.page, len(window.context.pages)
    # Drawn, and not drawn anew below the focus.
    page.get_by_text("Prices need the RunPod key").wait_for()
    skip(page, "Skip to the page")
    names: list[str] = []
    while not names or not names[-1].startswith("Check everything"):
        page.keyboard.press("Tab")
        names.append(page.evaluate(NAME))
        assert len(names) <= MOST_STOPS, names

    window.go("/help")
    window.go("/train?preset=finetune-medium")
    skip(page, "Skip to the check")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Check everything")).to_be_focused()

    field = page.locator("#field-dataset_repo")
    field.press("Alt+ArrowDown")  # the list has a button for the pointer, which is no stop
    expect(page.get_by_role("dialog")).to_contain_text("There is no Hugging Face token")
    page.get_by_role("button", name="Close").click()
    expect(field).to_be_focused()
    field.press("F1")
    told = page.locator(".field-help")
    expect(told).to_contain_text("dataset")
    assert told.get_attribute("id") in field.get_attribute("aria-describedby")
    field.press("Escape")
    expect(told).to_be_hidden()
    page.get_by_role("button", name="Help on Dataset repo").first.click()
    expect(told).to_be_visible()
    assert len(window.context.pages) == tabs


def test_what_was_typed_outlives_a_reload_until_it_is_used(window: Window, form: Form) -> None:
    folder = a_dataset(form, "typed")
    page = window.page
    window.go("/datasets")
    name = page.locator("#field-dataset-name")
    name.press_sequentially("my-voi")
    reload(page)
    expect(name).to_have_value("my-voi")
    expect(page.get_by_text(RESTORED)).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(name).to_have_value("")
    name.fill("hf_" + "a1" * 15)  # what looks like a key stays nowhere
    assert page.evaluate("JSON.stringify(sessionStorage)").count("a1a1") == 0
    name.fill("my-voice")
    name.press("Enter")
    page.wait_for_url("**/datasets/my-voice")
    window.go("/datasets")
    expect(page.get_by_text(RESTORED)).to_have_count(0)
    expect(name).to_have_value("")

    window.go("/datasets/typed")
    text = page.locator(".clip-text input").first
    text.fill("Typed a moment before the reload.")
    reload(page)
    expect(text).to_have_value("Typed a moment before the reload.")
    page.wait_for_function("!Object.keys(sessionStorage).some((one) => one.startsWith('typed:'))")
    assert "Typed a moment before the reload." in (folder / "metadata.csv").read_text("utf-8")


def test_the_whole_report_opens_in_front_of_the_page(window: Window, form: Form) -> None:
    a_dataset(form, "reported")
    page = window.page
    window.go("/datasets/reported")
    page.get_by_role("button", name="Check", exact=True).click()
    page.get_by_role("button", name="The whole report, with charts").click()
    expect(page.frame_locator("iframe.report-page").get_by_text("In figures")).to_be_visible()
    assert page.url.endswith("/datasets/reported")
    box = "document.querySelector('iframe.report-page').contentDocument.documentElement"
    page.wait_for_function(f"{box}.scrollHeight <= {box}.clientHeight")  # no second scroll bar
    page.get_by_role("button", name="Close").click()
    expect(page.locator("iframe.report-page")).to_be_hidden()


def test_leaving_the_page_while_recordings_are_sent_asks_first(window: Window) -> None:
    page = window.page
    window.go("/datasets/leaving")
    begun: list[Any] = []

    def hold(route: Any) -> None:
        begun.append(route) if route.request.method == "PUT" else route.continue_()

    page.route("**/uploads/**", hold)  # the upload begins, and gets no further
    page.locator("h1").click()  # a browser asks nobody who has done nothing on the page
    page.locator("input[type=file]").first.set_input_files(min((DEMO_CLIPS / "wavs").iterdir()))
    stop = page.get_by_role("button", name="Stop the upload")
    expect(stop).to_be_visible()
    asks_to_stay(page)
    expect(stop).to_be_visible()
    stop.click()
    expect(page.get_by_text("1 failed")).to_be_visible()
    page.unroute("**/uploads/**")
    reload(page)  # now nobody is asked


def test_a_part_that_is_drawn_anew_keeps_the_keyboard_and_what_was_unfolded(
    window: Window, form: Form
) -> None:
    a_dataset(form, "redrawn")
    page = window.page
    window.go("/datasets/redrawn")
    search = page.locator("#field-clip-search")
    search.fill("clip")
    leave_out = [page.get_by_role("button", name=f"Leave out clip_0{n}") for n in (1, 2, 3)]
    leave_out[0].click()
    page.get_by_text("Clips left out (1)").click()
    leave_out[1].focus()
    leave_out[1].press("Enter")
    expect(page.get_by_text("Clips left out (2)")).to_be_visible()
    # The list of those that were left out is drawn anew, and stays open.
    expect(page.get_by_role("button", name="Restore clip_02")).to_be_visible()
    expect(leave_out[2]).to_be_focused()  # what comes next, where the row is gone
    expect(search).to_have_value("clip")

    # The table of the queue is drawn anew with every change.
    queue = QueueStore(form.home / "data" / "queue.sqlite")
    entry = queue.add({}, results_repo="me/voice", place="runpod", agreed_usd=1.0, now=NOW)
    window.go("/queue")
    sooner = page.get_by_role("button", name=f"Entry {entry.number} sooner")
    sooner.focus()
    for priority in (1, 2):
        sooner.press("Enter")
        expect(page.get_by_text(f"priority {priority}", exact=True)).to_be_visible()
        expect(sooner).to_be_focused()
    page.get_by_text("The budget is the most").click()  # whoever has left it is left alone
    page.evaluate("document.activeElement.blur()")
    queue.prioritise(entry.number, 5)
    expect(page.get_by_text("priority 5", exact=True)).to_be_visible()
    assert page.evaluate("document.activeElement === document.body")
    queue.remove(entry.number)
    queue.close()


def a_dataset(form: Form, name: str) -> Path:
    folder = form.home / "data" / "datasets" / name
    shutil.copytree(DEMO_CLIPS, folder)
    return folder


def skip(page: Any, words: str) -> None:
    for _ in range(2):
        page.keyboard.press("Tab")
        if page.evaluate(NAME) == words:
            break
    expect(page.get_by_role("link", name=words)).to_be_focused()
    page.keyboard.press("Enter")


def reload(page: Any) -> None:
    page.reload()
    ready(page)
