"""A second process that releases the pod when the agent is dead or hangs; `python -m pod_image.agent.guard`.

Reads the key from its standard input, never from arguments or environment, and knows nothing of the run.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from pod_image.agent.pod import OwnPod
from pod_image.agent.ports import Clock
from pod_image.agent.release import release_for_ever
from pod_image.agent.timing import Timing

LOCK_NAME = "agent.lock"
FIRST_BEAT_SECONDS = 3_600.0
ORPHAN_SECONDS = 120.0
"""After the agent's end: time for the platform to start it again."""


@dataclass
class Watch:
    """When to release, in the event loop's time. Pure but for being told."""

    release_at: float
    heard_at: float
    is_orphan: bool = False

    def heard(self, release_in_seconds: float, now: float) -> None:
        self.heard_at = now
        self.release_at = now + release_in_seconds

    def lost(self, now: float) -> None:
        """The agent's end of the pipe is closed."""
        self.is_orphan = True
        self.release_at = min(self.release_at, now + ORPHAN_SECONDS)

    def is_due(self, now: float, timing: Timing) -> bool:
        if now >= self.release_at + (0.0 if self.is_orphan else timing.guard_grace_seconds):
            return True
        return not self.is_orphan and now - self.heard_at >= timing.guard_hung_seconds


async def guard(
    lines: asyncio.StreamReader,
    http: Callable[[], httpx.AsyncClient],
    clock: Clock,
    timing: Timing,
    say: Callable[[str], None],
) -> None:
    """Watch until the pod has to be released, then release it for ever. Returns when another agent took over."""
    loop = asyncio.get_running_loop()
    orders = _document(await lines.readline())
    pod = OwnPod(str(orders["api_url"]), str(orders["pod_id"]), http, key=str(orders["key"]))
    watch = Watch(release_at=loop.time() + FIRST_BEAT_SECONDS, heard_at=loop.time())
    listening = asyncio.ensure_future(_listen(lines, watch))
    try:
        while not watch.is_due(loop.time(), timing):
            await clock.sleep(timing.watch_seconds)
    finally:
        listening.cancel()
    if watch.is_orphan and is_held(Path(str(orders["folder"])) / LOCK_NAME):
        return
    say("guard: the agent is dead or hangs; releasing the pod.")
    await release_for_ever(pod, clock, timing, lambda text: say(f"guard: {text}"))


async def _listen(lines: asyncio.StreamReader, watch: Watch) -> None:
    loop = asyncio.get_running_loop()
    while line := await lines.readline():
        seconds = _document(line).get("release_in_seconds")
        if isinstance(seconds, int | float):
            watch.heard(float(seconds), loop.time())
    watch.lost(loop.time())


def is_held(lock: Path) -> bool:
    """Whether an agent works in that folder: it holds the lock as long as it lives."""
    try:
        with lock.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _document(line: bytes) -> dict[str, Any]:
    try:
        document = json.loads(line)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


async def _main() -> None:
    from pod_image.agent.hardening import forbid_reading
    from pod_image.agent.system import Output, SystemClock

    forbid_reading()  # before the key is read
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(lines), sys.stdin
    )
    timing = Timing()
    say = (
        Output().write
    )  # on a thread: whoever reads our output must not be able to stop the release
    await guard(
        lines, lambda: httpx.AsyncClient(timeout=timing.request_seconds), SystemClock(), timing, say
    )


if __name__ == "__main__":
    asyncio.run(_main())
