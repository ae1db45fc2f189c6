"""Figures of the clips page with a large dataset: `python -m tests.bench.clips --json`. Real server, real browser."""

from __future__ import annotations

import argparse
import json
import random
import statistics
import struct
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from tests.browser.stage import CHROMIUM, stage
from tests.browser.window import Window
from tests.kit.dataset_files import wav_around, write

RATE_HZ = 16_000


@dataclass
class Figures:
    """Seconds, bytes and milliseconds as the names say."""

    clips: int
    memory_bytes_before: int = 0
    memory_bytes_after: int = 0
    first_load_seconds: float = 0.0
    second_load_seconds: float = 0.0
    elements_on_the_page: int = 0
    next_clip_p50_ms: float = 0.0
    jump_to_the_end_ms: float = 0.0
    search_ms: float = 0.0
    trim_ms: float = 0.0
    undo_ms: float = 0.0
    dataset_page_seconds: float = 0.0


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--clips", type=int, default=5_000)
    parser.add_argument("--picture", type=Path, help="where to leave a picture of the page")
    chosen = parser.parse_args(argv)
    figures = Figures(chosen.clips)
    with (
        tempfile.TemporaryDirectory(prefix="launcher-bench-") as folder,
        stage(Path(folder)) as staged,
        sync_playwright() as playwright,
    ):
        make_dataset(staged.root / "home" / "data" / "datasets" / "big", chosen.clips)
        form = staged.open_form()
        browser = playwright.chromium.launch(
            executable_path=str(CHROMIUM), args=["--no-sandbox", "--disable-gpu"]
        )
        window = Window(browser.new_context(viewport={"width": 1280, "height": 900}), form)
        window.enter()
        figures.memory_bytes_before = form.memory_bytes
        measure(window, figures)
        figures.memory_bytes_after = form.memory_bytes
        if chosen.picture:
            window.page.screenshot(path=str(chosen.picture), full_page=True)
        figures.dataset_page_seconds = timed(lambda: window.go("/datasets/big"))
        browser.close()
    print(json.dumps(asdict(figures)) if chosen.json else _text(figures))


def make_dataset(folder: Path, clips: int) -> None:
    """Clips of a second of noise, and a text for each."""
    draw = random.Random(1)
    sounds = [
        wav_around(
            struct.pack(f"<{RATE_HZ}h", *(draw.randrange(-9000, 9000) for _ in range(RATE_HZ))),
            RATE_HZ,
        )
        for _ in range(4)
    ]
    files: dict[str, bytes | str] = {
        f"wavs/clip-{number:05d}.wav": sounds[number % 4] for number in range(clips)
    }
    table = "".join(
        f"wavs/clip-{number:05d}.wav|This is what is said in clip number {number}.\n"
        for number in range(clips)
    )
    write(folder, {**files, "metadata.csv": table})


def measure(window: Window, figures: Figures) -> None:
    page = window.page
    last = f"clip-{figures.clips - 1:05d}.wav"

    def opened() -> None:
        window.go("/datasets/big/clips")
        page.get_by_role("option", name="clip-00000.wav").wait_for()

    figures.first_load_seconds = timed(opened)
    figures.second_load_seconds = timed(opened)
    figures.elements_on_the_page = int(page.evaluate("document.querySelectorAll('*').length"))
    page.get_by_role("listbox").focus()
    taken = [
        1000 * timed(partial(_to, page, "j", f"clip-{number:05d}.wav")) for number in range(1, 21)
    ]
    figures.next_clip_p50_ms = round(statistics.median(taken), 1)
    page.get_by_role("listbox").focus()
    figures.jump_to_the_end_ms = round(1000 * timed(lambda: _to(page, "End", last)), 1)

    def searched() -> None:
        page.locator("#field-clip-search").fill("number 4242")
        page.get_by_text("1 clip of").wait_for()

    if figures.clips > 4242:
        figures.search_ms = round(1000 * timed(searched), 1)
        page.locator("#field-clip-search").fill("")
        page.get_by_text(f"{figures.clips:,} clips").wait_for()
    page.get_by_role("slider", name="End of the part kept").press("PageDown")
    page.wait_for_timeout(300)
    figures.trim_ms = round(1000 * timed(lambda: _press(page, "Trim", "Undo: trimming")), 1)
    figures.undo_ms = round(1000 * timed(lambda: _press(page, "Undo", "Redo: trimming")), 1)


def _to(page: Any, key: str, clip: str) -> None:
    page.keyboard.press(key)
    page.get_by_role("heading", name=clip).wait_for()


def _press(page: Any, button: str, said: str) -> None:
    page.get_by_role("button", name=button, exact=True).click()
    page.get_by_text(said).wait_for()


def timed(work: Callable[[], None]) -> float:
    began = time.perf_counter()
    work()
    return round(time.perf_counter() - began, 3)


def _text(figures: Figures) -> str:
    return "\n".join(f"{name:24} {value}" for name, value in asdict(figures).items())


if __name__ == "__main__":
    main()
