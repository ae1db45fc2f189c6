"""Stands between the emulator and a container's first process; runs alone, as a script, and imports nothing of ours.

Does what a PID namespace does for a real container: orphans become its children, and when the first
process ends, or the emulator goes away (its pipe closes), everything that is left is killed.
"""

import contextlib
import ctypes
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil

PR_SET_CHILD_SUBREAPER = 36


def main() -> int:
    """`shim.py PID_FILE GRACE_SECONDS COMMAND...`; ends with the command's exit code."""
    pid_file, grace, *command = sys.argv[1:]
    wakeup = _wake_on_signals()
    _adopt_orphans()
    try:
        first = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    except OSError as problem:
        print(f"exec: {command[0]}: {problem.strerror}", file=sys.stderr)
        return 127
    Path(pid_file).write_text(str(first.pid))
    code = _wait(first, wakeup, float(grace))
    _kill_rest()
    return code


def _wake_on_signals() -> int:
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    return reader


def _adopt_orphans() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _wait(first: "subprocess.Popen[bytes]", wakeup: int, grace_seconds: float) -> int:
    """Until the first process ends; a SIGTERM, or the pipe's end, gives it `grace_seconds`."""
    deadline: float | None = None
    watched = [sys.stdin.fileno(), wakeup]
    while (code := first.poll()) is None:
        left = None if deadline is None else max(0.0, deadline - time.monotonic())
        ready = select.select(watched, [], [], left)[0]
        if _asked_to_stop(ready, wakeup, watched) and deadline is None:
            deadline = time.monotonic() + grace_seconds
            first.terminate()
        if deadline is not None and time.monotonic() >= deadline:
            first.kill()
        _reap_orphans(first.pid)
    return 128 - code if code < 0 else code


def _asked_to_stop(ready: list[int], wakeup: int, watched: list[int]) -> bool:
    asked = False
    if wakeup in ready:
        numbers = os.read(wakeup, 4096)
        asked = any(number in (signal.SIGTERM, signal.SIGINT) for number in numbers)
    if watched[0] in ready and watched[0] != wakeup and not os.read(watched[0], 4096):
        watched.pop(0)
        asked = True
    return asked


def _reap_orphans(first_pid: int) -> None:
    for child in psutil.Process().children():
        if child.pid != first_pid:
            with contextlib.suppress(ChildProcessError, psutil.NoSuchProcess):
                if child.status() == psutil.STATUS_ZOMBIE:
                    os.waitpid(child.pid, os.WNOHANG)


def _kill_rest() -> None:
    """SIGKILL until nothing is left: a process may fork while it is being killed."""
    while children := psutil.Process().children(recursive=True):
        for child in children:
            with contextlib.suppress(psutil.NoSuchProcess):
                child.kill()
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        time.sleep(0.01)


if __name__ == "__main__":
    sys.exit(main())
