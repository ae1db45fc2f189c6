"""From the Train page to a run, as a person rents a GPU in a window; and how it is told that something sounds."""

from __future__ import annotations

import re

from tests.browser.stage import TRAIN_PATH
from tests.browser.window import Window, ready

HEARD = "[...window.launcherPlayers.values()].some(one => one.at > 0 && !one.problem)"
"""A player that was mounted before the sound began and is not there any more does not count."""


def rent(window: Window, *, clicks: int = 1) -> str:
    """From the Train page to a run; its address."""
    page = window.page
    window.go(TRAIN_PATH)
    page.locator("#field-results_repo").fill("demo/voice")
    page.locator("#field-results_repo").blur()
    page.get_by_role("button", name="Check everything").click()
    page.get_by_text("Ready", exact=True).wait_for()
    page.get_by_role("button", name="Rent and start…").click()
    page.get_by_role("button", name=re.compile("Rent and start, ")).click(click_count=clicks)
    page.wait_for_url(re.compile("/runs/"))
    ready(page)
    return str(page.url).replace(window.form.base, "")
