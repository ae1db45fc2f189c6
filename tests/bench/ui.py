"""Figures of the web form: `python -m tests.bench.ui --json`. Real server, real browser, scripted pods.

Full length takes about eight minutes; `--events` and `--loads` shorten it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import sync_playwright
from pydantic import SecretStr

from launcher.cli.demo_form import demo_config
from launcher.config import Config
from launcher.services.common.workbench import open_workbench
from launcher.services.launching.launch import launch
from launcher.services.planning.compose import compose
from launcher.services.planning.plan import make_plan
from launcher.stores.runs import RunHistory
from launcher.stores.secrets import Keys
from launcher.stores.sqlite_file import transaction
from tests.browser.pods import Act
from tests.browser.stage import CHROMIUM, Form, Stage, stage
from tests.browser.window import Window
from tests.kit.runs import ended_run

RUNS = 10
SETTLE_SECONDS = 75.0
WATCH_STEPS = """() => { window.seen = []; const place = document.querySelector('.now-words');
  new MutationObserver(() => { const found = place.textContent.match(/step ([0-9,]+)/);
    if (found) window.seen.push([Number(found[1].replace(',', '')), Date.now()]); })
  .observe(place, {childList: true, characterData: true, subtree: true}); }"""


@dataclass
class Figures:
    """Seconds, bytes and milliseconds as the names say; `p95` over all steps that were seen."""

    start_to_first_page_seconds: float = 0.0
    first_page_bytes: int = 0
    first_page_requests: int = 0
    event_to_screen_p50_ms: float = 0.0
    event_to_screen_p95_ms: float = 0.0
    events_seen: int = 0
    runs_watched: int = 0
    price_follow_up_p95_ms: float = 0.0
    list_of_200_runs_ms: float = 0.0
    list_of_2000_runs_ms: float = 0.0
    list_of_2000_runs_sorted_ms: float = 0.0
    memory_bytes_at_start: int = 0
    memory_bytes_before_loads: int = 0
    memory_bytes_after_loads: int = 0
    page_loads: int = 0
    events_wanted: int = 0
    events_kept: int = 0
    step_on_screen: int = 0
    server_growth_from_tenth: float = 0.0
    page_heap_growth_from_tenth: float = 0.0


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--events", type=int, default=30_000)
    parser.add_argument("--rate", type=float, default=100.0, help="events a second")
    parser.add_argument("--loads", type=int, default=1_000)
    chosen = parser.parse_args(argv)
    figures = Figures()
    with (
        tempfile.TemporaryDirectory(prefix="launcher-bench-") as folder,
        stage(Path(folder)) as staged,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(
            executable_path=str(CHROMIUM), args=["--no-sandbox", "--disable-gpu"]
        )
        form = _start(staged, figures)
        window = Window(browser.new_context(), form)
        _first_page(window, figures)
        window.use_offered_keys()
        for measure in (
            lambda: _price(window, figures),
            lambda: _long_list(staged, window, figures),
            lambda: _latency(staged, window, figures),
            lambda: _flood(staged, window, figures, chosen.events, chosen.rate),
            lambda: _loads(window, figures, chosen.loads),
        ):
            measure()
            print(json.dumps(asdict(figures)), file=sys.stderr)  # what is known if the rest fails
        browser.close()
    print(json.dumps(asdict(figures)) if chosen.json else _text(figures))


def _start(staged: Stage, figures: Figures) -> Form:
    began = time.perf_counter()
    form = staged.open_form(poll_seconds=Config.poll_seconds)
    with httpx.Client(**form.direct, follow_redirects=True) as client:
        client.get(form.link().removeprefix(form.base)).raise_for_status()
    figures.start_to_first_page_seconds = round(time.perf_counter() - began, 2)
    figures.memory_bytes_at_start = form.memory_bytes
    return form


def _first_page(window: Window, figures: Figures) -> None:
    sizes: list[int] = []

    def finished(request: Any) -> None:
        sizes.append(request.sizes()["responseBodySize"])

    window.page.on("requestfinished", finished)
    window.enter()
    window.page.wait_for_timeout(500)
    window.page.remove_listener("requestfinished", finished)
    figures.first_page_bytes, figures.first_page_requests = sum(sizes), len(sizes)


def _price(window: Window, figures: Figures) -> None:
    window.go("/train?preset=finetune-medium&dataset=demo/clips")
    page = window.page
    page.wait_for_function("document.querySelector('.price').textContent.includes('about')")
    page.get_by_text("Change single values", exact=True).click()
    taken = []
    for epochs in range(2000, 9000, 500):
        before = page.locator(".price").text_content()
        page.locator("#field-epochs").fill(str(epochs))
        began = time.perf_counter()
        page.wait_for_function(
            "(before) => document.querySelector('.price').textContent !== before", arg=before
        )
        taken.append(1000 * (time.perf_counter() - began))
    figures.price_follow_up_p95_ms = round(_p95(taken), 1)


def _latency(staged: Stage, window: Window, figures: Figures) -> None:
    assert staged.player is not None
    staged.player.act = Act(steps=100_000, step_seconds=1.0, checkpoint_at=())
    nonces = _launched(staged, RUNS)
    window.go(f"/runs/{nonces[0]}")
    page = window.page
    page.wait_for_function("document.querySelector('.now-words').textContent.includes('step')")
    page.evaluate(WATCH_STEPS)
    page.wait_for_timeout(30_000)
    seen = dict(reversed(page.evaluate("window.seen")))
    said = _said(staged, nonces[0])
    late = [at - said[step] for step, at in seen.items() if step in said]
    figures.events_seen, figures.runs_watched = len(late), RUNS
    figures.event_to_screen_p50_ms = round(statistics.median(late), 1)
    figures.event_to_screen_p95_ms = round(_p95(late), 1)
    for pod_id in staged.pods:
        staged.cloud.runpod.world.act(staged.cloud.runpod.world.pods[pod_id], "terminate")


def _long_list(staged: Stage, window: Window, figures: Figures) -> None:
    """From the address to the last row of the first page; then a click on a column to the rows in that order."""
    page = window.page
    figures.list_of_200_runs_ms = _opened(staged, window, 200)
    figures.list_of_2000_runs_ms = _opened(staged, window, 2_000)
    began = time.perf_counter()
    page.get_by_role("button", name="Cost", exact=True).click()
    page.get_by_text("$19.99").first.wait_for()
    figures.list_of_2000_runs_sorted_ms = round(1000 * (time.perf_counter() - began), 1)
    with closing(RunHistory(staged.root / "home" / "data" / "runs.sqlite")) as history:
        for run in history.runs(limit=10_000):
            if run.nonce.startswith("listed"):
                history.delete(run)


def _opened(staged: Stage, window: Window, count: int) -> float:
    with closing(RunHistory(staged.root / "home" / "data" / "runs.sqlite")) as history:
        known = len(history.runs(limit=10_000))
        with transaction(history._db):
            for number in range(known, count):
                history.add(
                    ended_run(
                        nonce=f"listed{number:06d}",
                        run_id=f"run-{number}",
                        planned_at=datetime.now(UTC) - timedelta(hours=number),
                        cost_usd=0.01 * number,
                    )
                )
    began = time.perf_counter()
    window.go("/runs")
    window.page.locator(".run-title").nth(24).wait_for()
    return round(1000 * (time.perf_counter() - began), 1)


def _launched(staged: Stage, count: int) -> list[str]:
    """In a thread: Playwright has an event loop of its own in this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(lambda: asyncio.run(_launch_many(staged, count))).result()


async def _launch_many(staged: Stage, count: int) -> list[str]:
    """Runs that the form did not start itself: it finds them in the history."""
    env = staged.cloud.env
    names = ("RUNPOD_API_KEY", "HF_DATASET_TOKEN", "HF_UPLOAD_TOKEN")
    runpod, hf_dataset, hf_upload = (SecretStr(env[name]) for name in names)
    keys = Keys(runpod, hf_dataset, hf_upload)
    config = demo_config(staged.cloud, staged.root)
    given = {"recipe": "command", "argv": ["true"], "results_repo": staged.cloud.results_repo,
             "cloud": "any", "max_hours": 2.0}  # fmt: skip
    nonces = []
    async with open_workbench(config, keys) as bench:
        for _ in range(count):
            plan = await make_plan(bench, compose(None, given), keys)
            nonces.append((await launch(bench, plan, keys)).nonce)
    return nonces


def _said(staged: Stage, nonce: str) -> dict[int, float]:
    """When each step was said, in milliseconds since 1970, as the form's own journal has it."""
    found = {}
    for line in (staged.root / "home" / "data" / "events" / f"{nonce}.jsonl").open():
        event = json.loads(line)
        if event["event"] == "step":
            found[event["step"]] = 1000 * datetime.fromisoformat(event["at"]).timestamp()
    return found


def _flood(staged: Stage, window: Window, figures: Figures, events: int, rate: float) -> None:
    assert staged.player is not None
    staged.player.act = Act(steps=events, step_seconds=1 / rate, checkpoint_at=())
    (nonce,) = _launched(staged, 1)
    window.go(f"/runs/{nonce}")
    window.page.wait_for_timeout(1000 * events / rate / 10)
    server, heap = window.form.memory_bytes, _heap(window.page)
    window.page.wait_for_timeout(1000 * events / rate * 0.9)
    figures.events_wanted = events
    figures.events_kept = len(_said(staged, nonce))
    figures.step_on_screen = _step_on_screen(window.page)
    figures.server_growth_from_tenth = round(window.form.memory_bytes / server - 1, 3)
    figures.page_heap_growth_from_tenth = round(_heap(window.page) / heap - 1, 3)


def _step_on_screen(page: Any) -> int:
    found = re.search(r"step ([0-9,]+)", page.locator(".now-words").text_content())
    return int(found[1].replace(",", "")) if found else 0


def _heap(page: Any) -> float:
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.collectGarbage")
    return float(session.send("Runtime.getHeapUsage")["usedSize"])


def _loads(window: Window, figures: Figures, loads: int) -> None:
    figures.memory_bytes_before_loads = window.form.memory_bytes
    cookies = {one["name"]: one["value"] for one in window.context.cookies()}
    with httpx.Client(**window.form.direct, cookies=cookies, timeout=60) as client:
        for _ in range(loads):
            client.get("/help").raise_for_status()
    # NiceGUI keeps a page that no browser connected to for a minute.
    time.sleep(SETTLE_SECONDS if loads else 0)
    figures.page_loads = loads
    figures.memory_bytes_after_loads = window.form.memory_bytes


def _p95(values: Sequence[float]) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))]


def _text(figures: Figures) -> str:
    return "\n".join(f"{name:32} {value}" for name, value in asdict(figures).items())


if __name__ == "__main__":
    main()
