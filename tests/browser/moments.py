"""What is done on a page to see keys that go from tab to tab, keys that are remembered, help beside a field, and text
that a reload brought back; and what undoes it, since one form serves all states.
"""

from __future__ import annotations

from typing import Any

from tests.browser.window import ready


def offer_keys(page: Any) -> None:
    """As another tab says of itself that it has keys."""
    page.evaluate("new BroadcastChannel('launcher-keys').postMessage({kind: 'here'})")
    page.get_by_role("button", name="Use them here").wait_for()


def ask_for_keys(page: Any) -> None:
    """Another tab of the browser wants to use the keys of this one."""
    other = page.context.new_page()
    other.goto(page.url)
    ready(other)
    other.get_by_role("button", name="Use them here").click()
    page.get_by_role("button", name="Allow").wait_for()


def ask_no_more(page: Any) -> None:
    (other,) = [one for one in page.context.pages if one.get_by_text("press Allow there").count()]
    other.get_by_role("button", name="Do not ask").click()
    page.get_by_role("button", name="Allow").wait_for(state="detached")
    other.close()


def remember_a_key(page: Any) -> None:
    for one in page.get_by_text("What does remembering mean?").all():
        one.click()
    page.get_by_role("button", name="Remember on this computer: RunPod API key").click()
    page.get_by_role("button", name="Stop remembering: RunPod API key").wait_for()


def stop_remembering(page: Any) -> None:
    page.get_by_role("button", name="Stop remembering: RunPod API key").click()
    page.get_by_role("button", name="Remember on this computer: RunPod API key").wait_for()


def ask_for_help(page: Any) -> None:
    page.locator("#field-dataset_repo").press("F1")
    page.locator(".field-help").wait_for()


def come_back(page: Any) -> None:
    page.locator("#field-dataset-name").press_sequentially("my-voi")
    page.reload()
    ready(page)
    page.get_by_text("Restored what you had typed.").wait_for()


def drop_what_was_typed(page: Any) -> None:
    page.get_by_role("button", name="Undo").click()
    page.get_by_text("Restored what you had typed.").wait_for(state="hidden")
