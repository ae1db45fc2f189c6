"""The log of a run in a real browser: as long as a run may print, read from its end, searched, downloaded whole."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import expect

from launcher.domain.run import RunState
from launcher.stores.runs import RunHistory
from pod_image.contract.outcomes import EndReason
from pod_image.contract.run_log import stamped
from pod_image.hub import Repo, publish
from tests.browser.stage import Stage
from tests.browser.window import Window
from tests.kit.clocks import NOW
from tests.kit.hub_access import hub_of
from tests.kit.runs import run

pytestmark = pytest.mark.slow
LINES = 100_000


def test_a_hundred_thousand_lines_are_read_searched_and_downloaded(
    chromium: Any, staged: Stage
) -> None:
    repo = staged.cloud.results_repo
    log = "".join(
        f"{stamped(NOW.timestamp() + number / 20)}step {number} loss {3 - number / LINES:.4f}\n"
        for number in range(LINES)
    )
    hub = staged.cloud.hub
    access = hub_of(hub)
    publish(access, Repo(repo, "model"), {"run-77/log.txt": log.encode()}, "a long log")
    _remember_run(staged, repo)
    window = Window(chromium, staged.open_form(home="log"))
    window.enter()
    window.use_offered_keys()
    window.go("/runs/longlog000?tab=log")
    page = window.page
    lines, newest = page.locator(".log-line"), page.get_by_role("button", name="Newest lines")
    expect(page.get_by_text("100,000 lines", exact=True)).to_be_visible()
    expect(page.get_by_text(f"step {LINES - 1} loss")).to_be_visible()
    assert lines.count() < 200
    expect(newest).to_be_hidden()

    region = page.get_by_role("region", name="Log of the run")
    region.focus()
    page.keyboard.press("Control+Home")
    expect(page.get_by_text("step 0 loss")).to_be_visible()
    newest.click()
    expect(page.get_by_text(f"step {LINES - 1} loss")).to_be_visible()

    page.get_by_label("Search").fill("STEP 77777")
    page.keyboard.press("Enter")
    expect(page.get_by_text("1 line of 100,000")).to_be_visible()
    expect(page.locator(".log-line mark").first).to_have_text("step")
    with page.expect_download() as whole:
        page.get_by_role("button", name="Download").click()
    assert whole.value.path().read_text() == log
    assert window.problems == []
    window.close()


def _remember_run(staged: Stage, repo: str) -> None:
    data = staged.root / "log" / "data"
    data.mkdir(parents=True, exist_ok=True)
    history = RunHistory(data / "runs.sqlite")
    history.add(
        run(
            nonce="longlog000", run_id="run-77", results_repo=repo, state=RunState.ENDED,
            end_reason=EndReason.FINISHED, ended_at=NOW + timedelta(hours=1),
        )
    )  # fmt: skip
    history.close()
