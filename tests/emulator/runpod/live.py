"""A cloud behind a real socket, its log as a client sees it, and waiting for what real processes do."""

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import psutil

from launcher.emulator.runpod import RunPodEmulator

PATIENCE_SECONDS = 60.0


def until(true: Callable[[], Any]) -> Any:
    """What `true` gives once it is true. Real processes have no clock to be handed."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (value := true()):
        assert time.monotonic() < deadline, "it did not become true in time"
        time.sleep(0.02)
    return value


def client(cloud: RunPodEmulator, key: str | None = None) -> httpx.Client:
    headers = {"Authorization": f"Bearer {key or cloud.api_key}"}
    return httpx.Client(base_url=cloud.url, headers=headers, timeout=PATIENCE_SECONDS)


def log_lines(http: httpx.Client, pod_id: str, **options: Any) -> Iterator[dict[str, str]]:
    """The log's events as they come."""
    with http.stream("GET", f"/v2/pods/{pod_id}/logs", **options) as reply:
        for line in reply.iter_lines():
            if line.startswith("data: "):
                yield json.loads(line.removeprefix("data: "))


def processes_with(word: str) -> list[int]:
    """Processes that have the word in their command line."""
    found = []
    for process in psutil.process_iter(["cmdline", "status"]):
        is_zombie = process.info["status"] == psutil.STATUS_ZOMBIE
        if not is_zombie and any(word in part for part in process.info["cmdline"] or []):
            found.append(process.pid)
    return found
