"""The end of a run in a real browser: the voice that scripted pods deliver is heard, compared blind, taken along."""

from __future__ import annotations

import re
import zipfile

import pytest
from playwright.sync_api import expect

from tests.browser.pods import Act
from tests.browser.renting import HEARD, rent
from tests.browser.stage import Stage
from tests.browser.window import Window
from tests.kit.tiny_voice import WHO

pytestmark = pytest.mark.slow


def test_the_end_of_a_run_is_a_voice_to_hear_to_compare_and_to_take_along(
    window: Window, staged: Stage, act: Act
) -> None:
    page = window.page
    act.steps, act.checkpoint_at = 3, (2,)
    window.type_keys(staged.keys)
    rent(window)
    expect(page.get_by_role("heading", name="Your voice is ready")).to_be_visible()
    page.get_by_label("A sentence").fill("I was made of twelve clips.")
    page.get_by_role("button", name="Speak", exact=True).click()
    page.get_by_role("button", name="Play “I was made of twelve clips.”").click()
    page.wait_for_function(HEARD)

    page.get_by_text("Can you tell it from the recording?").click()
    page.get_by_role("button", name="Start", exact=True).click()
    page.get_by_role("button", name="Play A", exact=True).click()
    page.get_by_role("button", name="B is the recording").click()
    expect(page.get_by_text(re.compile("[AB] is the recording, [AB] is the voice"))).to_be_visible()
    expect(page.get_by_text(re.compile("for the recording in [01] of 1"))).to_be_visible()

    with page.expect_download() as taken:
        page.get_by_role("button", name="Download the voice").click()
    assert taken.value.suggested_filename == f"{WHO.stem}.zip"
    with zipfile.ZipFile(taken.value.path()) as bundle:
        assert f"{WHO.stem}/tokens.txt" in bundle.namelist()

    window.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_text("Use it with Piper").click()
    command = page.locator(".copyable", has_text="piper --model")
    command.get_by_role("button").click()
    expect(command.get_by_role("button")).to_have_text("Copied")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == command.locator("code").inner_text()

    expect(page.get_by_role("link", name="Compare with another voice")).to_be_visible()
    staged.until_no_pods()
