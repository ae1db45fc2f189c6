"""Figures of one process that watches a fleet: `python -m tests.bench.fleet --json`.

A hundred scripted pods speak once a second each, in a process of their own; this one follows them all by
`launcher.services.live`, as the web form and `launcher top` do. Takes about five minutes.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil
from pydantic import SecretStr

from launcher.cli.terminal.next_steps import in_terminal
from launcher.config import Config
from launcher.services.common.workbench import open_workbench
from launcher.services.following.adopted import adopt, runs_of_pods
from launcher.services.live.live_runs import Live
from launcher.services.live.own_keys import OwnKeys
from launcher.stores.secrets import Keys
from tests.kit.checkout import ROOT

MINUTE = 60.0
SETTLES_SECONDS = 15.0
"""After the last log stream was opened."""
MOST_OPENING_SECONDS = 600.0


@dataclass
class Figures:
    """Calls are counted where they arrive."""

    runs: int = 0
    runs_heard: int = 0
    events_a_second: float = 0.0
    core_share: float = 0.0
    """Of one core, over the time of watching."""
    rss_mb: float = 0.0
    most_rss_mb: float = 0.0
    calls_a_minute: float = 0.0
    most_calls_in_a_minute: int = 0
    """From the very start on, while the log streams are opened."""
    calls: dict[str, int] | None = None
    seconds_until_all_are_heard: float = 0.0
    seconds_behind: float = 0.0
    """From the newest word of a pod to its place in the picture, at the worst of all runs at the end."""
    file_descriptors: int = 0


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument(
        "--minutes", type=float, default=2.0, help="of watching, once all are heard"
    )
    chosen = parser.parse_args(argv)
    with (
        tempfile.TemporaryDirectory(prefix="launcher-bench-") as folder,
        cloud(chosen.runs) as pods,
    ):
        figures = asyncio.run(watched(pods, Path(folder), chosen.minutes * MINUTE))
    text = json.dumps(asdict(figures))
    print(text if chosen.json else text.replace(", ", "\n"))


class Pods:
    """The other process."""

    def __init__(self, process: subprocess.Popen[str], address: dict[str, str]) -> None:
        self._process = process
        self.url, self.key = address["url"], address["key"]

    def calls(self) -> dict[str, int]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        found: dict[str, int] = json.loads(self._process.stdout.readline())
        return found


@contextmanager
def cloud(runs: int) -> Iterator[Pods]:
    words = [sys.executable, "-P", "-m", "tests.bench.fleet_pods", str(runs)]
    environment = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"}
    process = subprocess.Popen(
        words,
        cwd=ROOT,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield Pods(process, json.loads(process.stdout.readline()))
        finally:
            process.stdin.close()


async def watched(pods: Pods, folder: Path, seconds: float) -> Figures:
    config = Config(folder / "config", folder / "data", place_urls={"runpod": pods.url})
    keys = Keys(SecretStr(pods.key))
    figures = Figures()
    async with open_workbench(config, keys) as bench:
        for run in await runs_of_pods(bench):
            adopt(bench, run)
        live = Live(config, bench.runs, OwnKeys(bench), bench.clock, in_terminal)
        live.wants_logs = False
        live.start()
        try:
            counting = asyncio.create_task(_count(pods, figures))
            await _until_all_are_heard(live, figures)
            await asyncio.sleep(SETTLES_SECONDS)
            await _measure(pods, live, figures, seconds)
            counting.cancel()
        finally:
            await live.stop()
    return figures


async def _until_all_are_heard(live: Live, figures: Figures) -> None:
    began = time.monotonic()
    live.refresh()
    figures.runs = len(live.live_runs)
    while time.monotonic() - began < MOST_OPENING_SECONDS:
        if all(live.view(run).picture.step for run in live.live_runs):
            break
        await asyncio.sleep(1.0)
    figures.seconds_until_all_are_heard = round(time.monotonic() - began, 1)


async def _count(pods: Pods, figures: Figures) -> None:
    """The most calls in any minute, looked at every five seconds."""
    counts: list[int] = [0]
    while True:
        counts.append(sum((await asyncio.to_thread(pods.calls)).values()))
        most = counts[-1] - counts[max(0, len(counts) - 13)]
        figures.most_calls_in_a_minute = max(figures.most_calls_in_a_minute, most)
        await asyncio.sleep(5.0)


async def _measure(pods: Pods, live: Live, figures: Figures, seconds: float) -> None:
    process = psutil.Process()
    calls = await asyncio.to_thread(pods.calls)
    before, began, heard = _spent(), time.monotonic(), _heard(live)
    await asyncio.sleep(seconds)
    passed, spent = time.monotonic() - began, _spent() - before
    after = await asyncio.to_thread(pods.calls)
    figures.calls = {kind: count - calls.get(kind, 0) for kind, count in after.items()}
    figures.calls_a_minute = round(sum(figures.calls.values()) / passed * MINUTE, 1)
    figures.core_share = round(spent / passed, 4)
    figures.events_a_second = round((_heard(live) - heard) / passed, 1)
    figures.rss_mb = round(process.memory_info().rss / 1e6, 1)
    figures.most_rss_mb = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3, 1)
    figures.file_descriptors = process.num_fds()
    pictures = [live.view(run).picture for run in live.live_runs]
    figures.runs_heard = sum(picture.step is not None for picture in pictures)
    now = live.clock.now()
    late = [(now - each.heard_at).total_seconds() for each in pictures if each.heard_at]
    figures.seconds_behind = round(max(late, default=0.0), 1)


def _spent() -> float:
    used: Any = resource.getrusage(resource.RUSAGE_SELF)
    return float(used.ru_utime + used.ru_stime)


def _heard(live: Live) -> int:
    return sum(live.view(run).picture.last_seq for run in live.live_runs)


if __name__ == "__main__":
    main()
