"""The page of a run to send, in Chromium: it asks nobody for anything, plays, and is for everyone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from launcher.services.sharing.choice import Choice
from launcher.services.sharing.shared_page import shared_page
from tests.browser.looking import RUN_AXE, WIDTHS
from tests.kit.shared_runs import SECRETS, shared_run

pytestmark = pytest.mark.slow
PLAYS = """() => new Promise((done) => {
  const player = document.querySelector('audio');
  player.onloadedmetadata = () => done(player.duration);
  player.onerror = () => done(0);
  player.load();
})"""


def test_the_page_asks_for_nothing_plays_and_is_for_everyone(
    chromium: Any, axe: str, tmp_path: Path
) -> None:
    path = tmp_path / "run-01.html"
    path.write_text(shared_page(shared_run(reference=None), Choice()), encoding="utf-8")
    page = chromium.new_page()
    asked: list[str] = []
    problems: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: problems.append(message.text))
    page.route(lambda url: url != path.as_uri(), lambda route: route.abort())
    for scheme, width in (("light", 1280), ("dark", 390)):
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(path.as_uri())
        assert page.evaluate(PLAYS) > 0.1
        assert page.locator("polyline").first.bounding_box()["height"] > 50
        assert page.locator("svg text").first.is_visible()
        page.evaluate(axe)
        assert page.evaluate(RUN_AXE, []) == []
        scrolled, shown = page.evaluate(WIDTHS)
        assert scrolled <= shown
    assert {url for url in asked if not url.startswith("data:")} == {path.as_uri()}
    assert problems == []
    assert [secret for secret in SECRETS if secret in page.content()] == []
    page.close()
