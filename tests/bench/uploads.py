"""Uploads through a real browser: `python -m tests.bench.uploads --json`. 1,000 files and 2 GB, then one of 2 GB.

Covered: the drop zone, the route, memory of the server and how long its other answers wait meanwhile. Not
covered: making clips of what came (the files are of a kind that no clip is made of).
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import sync_playwright

from tests.browser.stage import CHROMIUM, Form
from tests.browser.window import Window

NOWHERE = "http://127.0.0.1:9"
"""No cloud is asked for anything here."""
PIECE = 2**20
MOST_SECONDS = 1_800.0


@dataclass
class Figures:
    """One upload. Answers are those of another page of the server, asked for ten times a second."""

    files: int
    sent_bytes: int
    seconds: float = 0.0
    megabytes_per_second: float = 0.0
    answers: int = 0
    answer_p95_ms: float = 0.0
    answer_longest_ms: float = 0.0
    server_memory_before_bytes: int = 0
    server_memory_peak_bytes: int = 0
    page_reloads: int = 0
    again_seconds: float = 0.0
    """The same files dropped a second time: they are known, and not sent."""


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--files", type=int, default=1_000)
    parser.add_argument("--bytes", type=int, default=2 * 10**9)
    chosen = parser.parse_args(argv)
    with (
        tempfile.TemporaryDirectory(prefix="launcher-uploads-") as folder,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(
            executable_path=str(CHROMIUM), args=["--no-sandbox", "--disable-gpu"]
        )
        form = Form(Path(folder) / "home", {"RUNPOD_API_BASE_URL": NOWHERE, "HF_ENDPOINT": NOWHERE})
        window = Window(browser.new_context(), form)
        window.enter()
        many = _upload(window, Path(folder), "many", chosen.files, chosen.bytes // chosen.files)
        one = _upload(window, Path(folder), "one", 1, chosen.bytes)
        browser.close()
        form.close()
    found = {"many": asdict(many), "one": asdict(one)}
    print(json.dumps(found) if chosen.json else json.dumps(found, indent=2))


def _upload(window: Window, root: Path, name: str, count: int, each_bytes: int) -> Figures:
    source = root / name
    _generate(source, count, each_bytes)
    figures = Figures(count, count * each_bytes)
    window.go(f"/datasets/{name}")
    page = window.page
    page.evaluate("window.stays = true")
    with _watched(window, figures):
        figures.seconds = _drop(page, source)
    figures.megabytes_per_second = round(figures.sent_bytes / 1e6 / figures.seconds, 1)
    arrived = [one for one in (root / "home/data/incoming" / name).rglob("*") if one.is_file()]
    assert len(arrived) == count
    assert sum(one.stat().st_size for one in arrived) == figures.sent_bytes
    figures.again_seconds = _drop(page, source)
    figures.page_reloads = 0 if page.evaluate("window.stays === true") else 1
    return figures


def _generate(source: Path, count: int, each_bytes: int) -> None:
    source.mkdir()
    piece = os.urandom(PIECE)
    for number in range(count):
        with (source / f"clip-{number:04d}.json").open("wb") as file:
            for start in range(0, each_bytes, PIECE):
                file.write(piece[: min(PIECE, each_bytes - start)])


def _drop(page: Any, source: Path) -> float:
    """Seconds until the page says that all is there; nothing may have failed."""
    page.locator(".drop-state").evaluate_all("found => found.forEach((one) => (one.hidden = true))")
    began = time.perf_counter()
    page.locator("input[webkitdirectory]").set_input_files(str(source))
    page.wait_for_function(
        "() => { const p = document.querySelector('.drop-state p');"
        " return p && p.textContent.startsWith('Sent:') && !document.querySelector('.drop-under'); }",
        timeout=1000 * MOST_SECONDS,
    )
    words = page.locator(".drop-state p").text_content()
    assert "failed" not in words, words
    return round(time.perf_counter() - began, 2)


@contextmanager
def _watched(window: Window, figures: Figures) -> Iterator[None]:
    """Ask for another page and the server's memory meanwhile."""
    cookies = {one["name"]: one["value"] for one in window.context.cookies()}
    figures.server_memory_before_bytes = window.form.memory_bytes
    over = threading.Event()
    taken: list[float] = []

    def ask() -> None:
        with httpx.Client(**window.form.direct, cookies=cookies, timeout=120) as client:
            while not over.wait(0.1):
                began = time.perf_counter()
                client.get("/assets/launcher.js").raise_for_status()
                taken.append(1000 * (time.perf_counter() - began))
                figures.server_memory_peak_bytes = max(
                    figures.server_memory_peak_bytes, window.form.memory_bytes
                )

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        yield
    finally:
        over.set()
        asking.join()
    figures.answers = len(taken)
    figures.answer_p95_ms = round(sorted(taken)[int(0.95 * len(taken))], 1)
    figures.answer_longest_ms = round(max(taken), 1)


if __name__ == "__main__":
    main()
