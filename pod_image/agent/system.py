"""The real machine behind the agent's ports: clock, sockets, threads, standard output."""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import queue
import sys
import threading
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TypeVar

import httpx

from pod_image.agent.ports import Line, Ports
from pod_image.agent.processes import SystemProcesses
from pod_image.agent.timing import Timing

T = TypeVar("T")
FOLDER_VARIABLE = "LAUNCHER_FOLDER"
_WAITING_LINES = 10_000


def run_folder() -> Path:
    """Where the run's files are: below `LAUNCHER_FOLDER` of the image, else below the working folder."""
    return Path(os.environ.get(FOLDER_VARIABLE) or ".").absolute() / "run"


def system_ports(
    environment: Mapping[str, str], timing: Timing | None = None, output: Output | None = None
) -> Ports:
    """Everything real; `environment` is the pod's, with the keys that this process's own does not hold."""
    from pod_image.agent.hugging_face import HuggingFace

    timing = timing or Timing()
    output = output or Output()
    return Ports(
        environment=environment,
        folder=run_folder(),
        clock=SystemClock(),
        http=lambda: httpx.AsyncClient(timeout=timing.request_seconds),
        processes=SystemProcesses(),
        hub=HuggingFace,
        run_blocking=in_thread,
        write_line=output.write,
        flush=output.flush,
        timing=timing,
        checks_machine=True,
        uptime=uptime if hasattr(time, "CLOCK_BOOTTIME") else None,
    )


def uptime() -> float:
    """A laptop that slept has used up the run's time all the same."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class SystemClock:
    """The machine's own time."""

    def now(self) -> float:
        return time.time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


async def in_thread(call: Callable[[], T]) -> T:
    """Run a blocking call on a thread of its own.

    Not on the loop's pool: a call that hangs for ever would take one of its few workers with it, and
    keep the interpreter from ending.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def work() -> None:
        try:
            result = call()
        except BaseException as exc:  # handed to whoever waits
            _tell(loop, partial(_fail, future, exc))
        else:
            _tell(loop, partial(_fulfil, future, result))

    threading.Thread(target=work, name="blocking", daemon=True).start()
    return await future


def _fulfil(future: asyncio.Future[T], result: T) -> None:
    if not future.done():
        future.set_result(result)


def _fail(future: asyncio.Future[T], exc: BaseException) -> None:
    if not future.done():
        future.set_exception(exc)


def _tell(loop: asyncio.AbstractEventLoop, callback: Callable[[], object]) -> None:
    with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
        loop.call_soon_threadsafe(callback)


class Output:
    """Standard output, written by a thread: a reader that hangs must not hang the agent too."""

    def __init__(self) -> None:
        self._lines: queue.Queue[str] = queue.Queue(maxsize=_WAITING_LINES)
        threading.Thread(target=self._work, name="output", daemon=True).start()

    def write(self, line: str) -> None:
        with contextlib.suppress(queue.Full):
            self._lines.put_nowait(line.replace("\n", " "))

    async def flush(self) -> None:
        """Wait until everything is out; who calls this sets the limit."""
        while self._lines.unfinished_tasks:  # noqa: ASYNC110  # a thread writes them
            await asyncio.sleep(0.05)

    def _work(self) -> None:
        while True:
            line = self._lines.get()
            with contextlib.suppress(OSError, ValueError):
                sys.stdout.write(line + "\n")
                sys.stdout.flush()
            self._lines.task_done()


class ErrorOutput(io.TextIOBase):
    """Standard error, by lines, over an output that never blocks: what libraries and Python itself write there."""

    def __init__(self, write_line: Line) -> None:
        self._write_line = write_line

    def write(self, text: str) -> int:
        for line in text.splitlines():
            if line.strip():
                self._write_line(line)
        return len(text)
