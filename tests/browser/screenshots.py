"""Pictures of every page and state: `python -m tests.browser.screenshots --out DIR`. To be looked at by people."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.browser.looks import LOOKS, open_chromium, walk
from tests.browser.page_states import PageState
from tests.browser.stage import stage
from tests.browser.window import Window


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--look", choices=[one.name for one in LOOKS], action="append")
    parser.add_argument(
        "--only", action="append", help="names of the states of pages; all when left out"
    )
    chosen = parser.parse_args(argv)
    looks = [one for one in LOOKS if not chosen.look or one.name in chosen.look]
    chosen.out.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="launcher-pictures-") as folder,
        stage(Path(folder)) as staged,
        sync_playwright() as playwright,
    ):
        browser = open_chromium(playwright)
        for look in looks:
            for window, page_state in walk(browser, staged, look, set(chosen.only or ())):
                _picture(window, page_state, chosen.out / f"{page_state.name}-{look.name}.png")
        browser.close()


def _picture(window: Window, page_state: PageState, path: Path) -> None:
    page_state.act(window.page)
    window.page.wait_for_timeout(700)  # prices and charts come a moment later
    has_dialog = window.page.locator("dialog[open]").count() > 0
    window.page.screenshot(path=str(path), full_page=not has_dialog)
    page_state.after(window.page)
    print(path, flush=True)


if __name__ == "__main__":
    main()
