"""A second process that releases the pod when the agent is dead or hangs; `python -m pod_image.agent.guard FD`.

Says over FD that it is ready, and answers each beat there, so that the agent can tell a guard that hangs.
Reads the key from its standard input, never from arguments or environment, and knows of the run but its caps.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import httpx

from pod_image.agent import process_tree
from pod_image.agent.agent_lock import is_taken
from pod_image.agent.limits import Caps
from pod_image.agent.places import told_pod
from pod_image.agent.places.base import OwnPod, PodUnreadable
from pod_image.agent.ports import Clock
from pod_image.agent.release import release_for_ever
from pod_image.agent.timing import Timing

FIRST_BEAT_SECONDS = 3_600.0
ORPHAN_SECONDS = 120.0
"""After the agent's end: time for the platform to start it again."""
_PAUSE_SECONDS = 5.0
"""A look that comes later than that after the one before: this process did not run, so perhaps nobody did."""


class WatchedAgent(Protocol):
    """The agent as the guard sees it."""

    def answer(self) -> None:
        """Tell it that its beat was heard."""
        ...

    def is_stopped(self) -> bool:
        """Whether the system holds it (SIGSTOP): it can do nothing then, however long one waits."""
        ...

    def kill(self) -> None:
        """End it at once; the container's first process ends with it, and the platform starts all anew."""
        ...


@dataclass
class Watch:
    """What to do and when, in the event loop's time. Pure but for being told."""

    release_at: float
    heard_at: float
    killed_at: float | None = None
    is_orphan: bool = False

    def heard(self, release_in_seconds: float, now: float) -> None:
        self.heard_at, self.killed_at = now, None
        self.release_at = now + release_in_seconds

    def lost(self, now: float) -> None:
        """The agent's end of the pipe is closed."""
        self.is_orphan = True
        self.release_at = min(self.release_at, now + ORPHAN_SECONDS)

    def is_due(self, now: float, timing: Timing) -> bool:
        """Whether the pod has to be released: past its time, or with an agent that not even SIGKILL ends."""
        if now >= self.release_at + (0.0 if self.is_orphan else timing.guard_grace_seconds):
            return True
        return self.killed_at is not None and now - self.killed_at >= ORPHAN_SECONDS

    def is_hung(self, now: float, timing: Timing, *, is_stopped: bool) -> bool:
        """Whether the agent has to be killed, so that it is started again with all that lies on the disk."""
        if self.is_orphan or self.killed_at is not None:
            return False
        limit = timing.guard_stopped_seconds if is_stopped else timing.guard_hung_seconds
        return now - self.heard_at >= limit

    def was_away(self, seconds: float) -> None:
        """The guard itself did not run for so long, and so could not hear: it is no silence of the agent's."""
        self.heard_at += seconds


async def guard(
    lines: asyncio.StreamReader,
    http: Callable[[], httpx.AsyncClient],
    clock: Clock,
    timing: Timing,
    say: Callable[[str], None],
    agent_of: Callable[[Mapping[str, Any]], WatchedAgent],
) -> None:
    """Watch until the pod has to be released, then release it for ever. Returns when another agent took over."""
    loop = asyncio.get_running_loop()
    orders = _document(await lines.readline())
    pod = told_pod(orders["pod"], http)
    agent = agent_of(orders)
    watch = Watch(release_at=loop.time() + FIRST_BEAT_SECONDS, heard_at=loop.time())
    listening = asyncio.ensure_future(_listen(lines, watch, agent))
    try:
        while not watch.is_due(loop.time(), timing):
            if watch.is_hung(loop.time(), timing, is_stopped=agent.is_stopped()):
                if await _is_past_its_caps(pod, orders):
                    break
                say("guard: the agent is stopped or hangs; killing it, so that it starts again.")
                watch.killed_at = loop.time()
                agent.kill()
            looked_at = loop.time()
            await clock.sleep(timing.watch_seconds)
            away_seconds = loop.time() - looked_at - timing.watch_seconds
            if away_seconds >= _PAUSE_SECONDS:
                watch.was_away(away_seconds)
    finally:
        listening.cancel()
    if watch.is_orphan and is_taken(Path(str(orders["folder"]))):
        return
    say("guard: the agent has died, hangs, or is past its deadline; releasing the pod.")
    await release_for_ever(pod, clock, timing, lambda text: say(f"guard: {text}"))
    agent.kill()  # here the container's end is the pod's own, and it ends with the agent


async def _listen(lines: asyncio.StreamReader, watch: Watch, agent: WatchedAgent) -> None:
    loop = asyncio.get_running_loop()
    while line := await lines.readline():
        seconds = _document(line).get("release_in_seconds")
        if isinstance(seconds, int | float):
            watch.heard(float(seconds), loop.time())
            agent.answer()
    watch.lost(loop.time())


async def _is_past_its_caps(pod: OwnPod, orders: Mapping[str, Any]) -> bool:
    """Whether the cloud says that the pod's time is over: an agent that hangs at every start has an end too."""
    caps = orders.get("caps")
    if not isinstance(caps, dict):
        return False
    try:
        reading = await pod.read()
    except PodUnreadable:
        return False
    if reading.created_at is None or reading.server_time is None:
        return False
    limits = Caps(**caps).limits(reading.created_at, reading.price_per_hour_usd)
    return reading.server_time >= limits.ends_at


def _document(line: bytes) -> dict[str, Any]:
    try:
        document = json.loads(line)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


class AgentProcess:
    """The agent that started this guard, by its number and the time of its start."""

    def __init__(self, answers: int, orders: Mapping[str, Any]) -> None:
        self._answers = answers
        self._pid, self._started = int(orders["agent_pid"]), str(orders["agent_started"])

    def answer(self) -> None:
        with suppress(OSError):  # full or closed: the agent has not looked for long
            os.write(self._answers, b".")

    def is_stopped(self) -> bool:
        return process_tree.is_stopped(self._pid)

    def kill(self) -> None:
        if process_tree.started(self._pid) == self._started:
            with suppress(OSError):
                os.kill(self._pid, signal.SIGKILL)


async def _main(answers: int) -> None:
    from pod_image.agent.hardening import forbid_reading
    from pod_image.agent.system import ErrorOutput, Output, SystemClock

    forbid_reading()  # before the key is read
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(lines), sys.stdin
    )
    os.write(answers, b".")
    timing = Timing()
    output = Output()  # on a thread: whoever reads it must not be able to stop the release
    sys.stderr = ErrorOutput(lambda line: output.write(f"guard: {line}"))
    await guard(
        lines,
        lambda: httpx.AsyncClient(timeout=timing.request_seconds),
        SystemClock(),
        timing,
        output.write,
        partial(AgentProcess, answers),
    )


if __name__ == "__main__":
    asyncio.run(_main(int(sys.argv[1])))
