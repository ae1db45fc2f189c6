"""Pictures of every page and state: `python -m tests.browser.screenshots --out DIR`. To be looked at by people."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from tests.browser.page_states import PAGE_STATES, WITH_KEYS, WITH_RUNS, PageState, write_history
from tests.browser.stage import CHROMIUM, Stage, stage
from tests.browser.window import Window


@dataclass(frozen=True)
class Look:
    """How a window is set up."""

    name: str
    width: int
    height: int
    scheme: str


LOOKS = (
    Look("light", 1280, 900, "light"),
    Look("dark", 1280, 900, "dark"),
    Look("narrow", 390, 844, "light"),
)


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
        browser = playwright.chromium.launch(
            executable_path=str(CHROMIUM), args=["--no-sandbox", "--disable-gpu"]
        )
        for look in looks:
            _take(browser, staged, look, chosen.out, set(chosen.only or ()))
        browser.close()


def _take(browser: Any, staged: Stage, look: Look, out: Path, only: set[str]) -> None:
    write_history(staged.root / f"lived-{look.name}")
    for home, page_states, keyed in (
        ("empty", PAGE_STATES, False),
        ("keyed", WITH_KEYS, True),
        ("lived", WITH_RUNS, False),
    ):
        wanted = [page_state for page_state in page_states if not only or page_state.name in only]
        if not wanted:
            continue
        form = staged.open_form(home=f"{home}-{look.name}")
        size = {"width": look.width, "height": look.height}
        context = browser.new_context(viewport=size, color_scheme=look.scheme)
        window = Window(context, form, look.scheme)
        window.enter()
        if keyed:
            window.use_offered_keys()
        for page_state in wanted:
            _picture(window, page_state, out / f"{page_state.name}-{look.name}.png")
        context.close()
        form.close()


def _picture(window: Window, page_state: PageState, path: Path) -> None:
    window.go(page_state.path)
    page_state.act(window.page)
    window.page.wait_for_timeout(700)  # prices and charts come a moment later
    has_dialog = window.page.locator("dialog[open]").count() > 0
    window.page.screenshot(path=str(path), full_page=not has_dialog)
    print(path, flush=True)


if __name__ == "__main__":
    main()
