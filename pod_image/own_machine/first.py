"""The first process of a run on a person's own machine: what a container would do. Holds no key.

`first.py AGENT_PID FOLDER`. Buries what dies, wakes an agent that was stopped, and when the agent ends, or the run is
well past its deadline, ends everything that the run started. There is no container whose end would do that.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import signal
import sys
import time
from pathlib import Path

from pod_image.agent.init import adopt_orphans, send
from pod_image.own_machine.identity import uptime
from pod_image.own_machine.run_place import RunPlace
from pod_image.process_table import living_processes, members

GRACE_SECONDS = 8.0
"""Of an agent that is told to end, before it is killed."""
LATE_SECONDS = 180.0
"""After the deadline: the agent and its guard have ended the run long before, or hang."""
_WAKE_SECONDS = 0.5
_UNKILLABLE_SECONDS = 15.0
_LONGEST_WAIT_SECONDS = 60.0
"""Between two looks at the machine's uptime: the wait for signals stands still while it sleeps."""


def main(agent: int, place: RunPlace) -> int:
    """Return when the agent has ended, with its exit code, once nothing else of the run lives."""
    wakeup = wake_on_signals()
    adopt_orphans()
    code, why = until_over(agent, wakeup, late_at(place))
    end_all()
    with contextlib.suppress(OSError):
        place.write("ended", {"at": time.time(), "code": code, "why": why})
    if code == 0 and is_delivered(place):
        shutil.rmtree(place.disk, ignore_errors=True)
    return code


def late_at(place: RunPlace) -> float:
    """By the machine's uptime, when the run is well past its deadline: a clock that is set meanwhile makes it neither
    late nor young."""
    order = place.order
    deadline, began, at = order.get("deadline"), order.get("created_at"), order.get("uptime")
    if not isinstance(deadline, int | float):
        return float("inf")
    if not isinstance(at, int | float):
        at = uptime()
    if not isinstance(began, int | float):
        began = time.time()
    return at + deadline - began + LATE_SECONDS  # what was installed since is of the run's time


def until_over(agent: int, wakeup: int, late_at: float) -> tuple[int, str]:
    """The agent's exit code, and why it was ended, where it was: told to end, or late."""
    kill_at, why = float("inf"), ""
    while True:
        code = _code_of(agent)
        if code is not None:
            return code, why
        now = time.monotonic()
        if uptime() > late_at and not why:
            kill_at, why = now, "deadline"
        if now >= kill_at:
            send(agent, signal.SIGKILL)
        wait = min(_LONGEST_WAIT_SECONDS, max(0.05, kill_at - now))
        if select.select([wakeup], [], [], wait)[0] and _asked_to_end(wakeup) and not why:
            send(agent, signal.SIGTERM)
            kill_at, why = time.monotonic() + GRACE_SECONDS, "asked"


def _code_of(agent: int) -> int | None:
    """Buries what has died. None while the agent lives; one that was stopped is woken."""
    while True:
        try:
            pid, status = os.waitpid(-1, os.WUNTRACED | os.WNOHANG)
        except ChildProcessError:
            return 1  # no agent
        if pid == 0:
            return None
        if pid != agent:
            continue
        if not os.WIFSTOPPED(status):
            code = os.waitstatus_to_exitcode(status)
            return 128 - code if code < 0 else code
        time.sleep(_WAKE_SECONDS)  # whoever stops it again and again must not keep us busy
        send(agent, signal.SIGCONT)


def end_all() -> None:
    """SIGKILL until nothing below this process is left, or what is left cannot be killed."""
    give_up_at = time.monotonic() + _UNKILLABLE_SECONDS
    while (
        left := members({os.getpid()}, living_processes()) - {os.getpid()}
    ) and time.monotonic() < give_up_at:
        for pid in left:
            send(pid, signal.SIGKILL)
        time.sleep(0.02)
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass


def is_delivered(place: RunPlace) -> bool:
    """Whether the run's last word is that all of it is where it was to go: its working folder may go then."""
    if not place.events.is_file():  # the run can put a pipe there, which never ends
        return False
    try:
        last = json.loads(place.events.read_bytes().rstrip().rpartition(b"\n")[2])
    except (OSError, ValueError):
        return False
    is_end = isinstance(last, dict) and last.get("event") == "ended"
    return is_end and last.get("reason") != "aborted" and last.get("not_delivered_count") == 0


def wake_on_signals() -> int:
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: None)
    return reader


def _asked_to_end(wakeup: int) -> bool:
    """SIGHUP is none: a terminal that goes away is not the run's."""
    numbers = os.read(wakeup, 4_096)
    return any(number in (signal.SIGTERM, signal.SIGINT) for number in numbers)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), RunPlace(Path(sys.argv[2]))))
