"""Real processes: interpreters that another user may run, pipes that nobody reads, demos in the background."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path


def fill(writer: int) -> None:
    """Write into the pipe until it takes no more."""
    os.set_blocking(writer, False)
    for size in (1 << 16, 1):
        with suppress(BlockingIOError):
            while True:
                os.write(writer, b"x" * size)
    os.set_blocking(writer, True)


def python_for(user: str | None, environment: dict[str, str]) -> str | None:
    """This interpreter, or the system's of the same version: a home of root's is closed to others."""
    system = f"/usr/bin/python{sys.version_info.major}.{sys.version_info.minor}"
    for python in (sys.executable, system):
        with contextlib.suppress(OSError, subprocess.CalledProcessError):
            command = [python, "-c", "import pod_image.agent.guard"]
            subprocess.run(
                command, user=user, check=True, cwd="/", env=environment, stderr=subprocess.DEVNULL
            )
            return python
    return None


LAUNCHER = [sys.executable, "-m", "launcher.cli.app"]


LONGEST_SECONDS = 540


@contextlib.contextmanager
def demo_in_background(home: Path, *words: str) -> Iterator[subprocess.Popen[str]]:
    """A demo in the background; ended by force if a test leaves it running."""
    process = subprocess.Popen(
        [*LAUNCHER, "demo", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "LAUNCHER_HOME": str(home)},
    )
    killer = threading.Timer(LONGEST_SECONDS, process.kill)
    killer.start()
    try:
        yield process
    finally:
        killer.cancel()
        process.kill()
        process.communicate()
