"""axe-core on every page and state in every look: `python -m tests.browser.axe`. The exit code is 1 where it minds."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.browser.looking import judged_here, look_once
from tests.browser.looks import LOOKS, open_chromium, walk
from tests.browser.pages_apart import pages_apart
from tests.browser.stage import axe_file, stage


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--look", choices=[one.name for one in LOOKS], action="append")
    parser.add_argument("--only", action="append", help="names of states; all when left out")
    chosen = parser.parse_args(argv)
    file = axe_file()
    if file is None:
        parser.error("axe-core is not there: npm ci in tests/browser")
    axe, only = file.read_text("utf-8"), set(chosen.only or ())
    bad = looked_at = 0
    with (
        tempfile.TemporaryDirectory(prefix="launcher-axe-") as folder,
        stage(Path(folder)) as staged,
        sync_playwright() as playwright,
    ):
        browser = open_chromium(playwright)
        for look in [one for one in LOOKS if not chosen.look or one.name in chosen.look]:
            for window, page_state in walk(browser, staged, look, only):
                wrong = look_once(window, axe, page_state) + window.problems
                page_state.after(window.page)
                window.problems = []
                bad, looked_at = bad + _tell(page_state.name, look.name, wrong), looked_at + 1
            page = browser.new_page(viewport={"width": look.width, "height": look.height})
            page.emulate_media(color_scheme=look.scheme)
            for name, path in pages_apart(Path(folder)).items():
                if not only or name in only:
                    page.goto(path.as_uri())
                    bad += _tell(name, look.name, judged_here(page, axe))
                    looked_at += 1
            page.close()
        browser.close()
    print(f"{looked_at} looked at, {bad} with something wrong", flush=True)
    return 1 if bad else 0


def _tell(name: str, look: str, wrong: list[str]) -> int:
    print(f"{name}, {look}: {len(wrong)}", *wrong, sep="\n  ", flush=True)
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
