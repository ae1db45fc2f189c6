"""Choosing instead of typing, by keyboard and pointer: a voice that is heard, a language, a new repo, a folder."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.page_acts import choose
from tests.browser.stage import Stage
from tests.browser.window import Window
from tests.kit.checkout import DEMO_CLIPS
from tests.kit.choices import THORSTEN_CHECKPOINT

pytestmark = pytest.mark.slow


def value(page: Any, name: str) -> Any:
    return expect(page.locator(f"#field-{name}"))


def search(page: Any) -> Any:
    return page.get_by_role("dialog").get_by_role("combobox")


def test_a_voice_is_found_heard_and_chosen_by_keyboard(window: Window, staged: Stage) -> None:
    page = window.page
    window.go("/train?preset=finetune-medium")
    choose(page, "Language")
    search(page).fill("deutschland")
    search(page).press("Enter")
    value(page, "language").to_have_value("de_DE")
    page.get_by_text("German (Germany)", exact=True).first.wait_for()
    choose(page, "Base checkpoint")
    expect(search(page)).to_be_focused()
    first = page.locator(".picker-row").first
    expect(first).to_have_attribute("aria-selected", "true")
    expect(first).to_contain_text("fits best")
    with page.expect_response("**/voice-samples/**") as heard:
        page.get_by_role("button", name="Play thorsten").click()
    assert heard.value.status in (200, 206)
    page.get_by_text("CC0").last.wait_for()
    search(page).fill("polish gosia")
    expect(page.locator(".picker-row")).to_have_count(1)
    search(page).fill("")
    search(page).press("ArrowDown")
    expect(page.locator(".picker-row").nth(1)).to_have_attribute("aria-selected", "true")
    search(page).press("ArrowUp")
    search(page).press("Enter")
    value(page, "base_checkpoint").to_have_value(
        f"datasets/rhasspy/piper-checkpoints/{THORSTEN_CHECKPOINT}"
    )
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_a_new_repo_is_named_and_a_list_left_by_escape_changes_nothing(
    window: Window, staged: Stage
) -> None:
    window.type_keys(staged.keys)
    page = window.page
    window.go("/train?preset=finetune-medium&dataset=demo/clips")
    choose(page, "Results repo")
    search(page).fill("anna-2")
    page.get_by_role("option", name="New private repo demo/anna-2").click()
    value(page, "results_repo").to_have_value("demo/anna-2")
    choose(page, "Dataset repo")
    page.get_by_role("option", name="demo/clips").wait_for()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    value(page, "dataset_repo").to_have_value("demo/clips")


def test_a_folder_is_gone_through_by_keyboard(window: Window) -> None:
    page = window.page
    window.go("/datasets/gone-through")
    page.get_by_text("Use a folder on this computer").click()
    page.locator("#field-local-folder").fill(str(DEMO_CLIPS))
    page.get_by_role("button", name="Browse for: recordings").click()
    page.get_by_role("option", name="wavs").wait_for()
    search(page).press("Backspace")
    page.get_by_role("option", name="clips").wait_for()
    search(page).fill("clips")
    search(page).press("Enter")
    page.get_by_role("option", name="wavs").wait_for()
    search(page).press("Enter")
    expect(page.get_by_role("dialog")).to_contain_text("FLAC files in this folder.")
    page.get_by_role("dialog").get_by_role("button", name="Use this folder").click()
    value(page, "local-folder").to_have_value(str(DEMO_CLIPS / "wavs"))
