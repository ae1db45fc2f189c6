"""The container's first process: buries what dies, wakes an agent that was stopped, and ends with it.

`init.py AGENT_PID`, run by its path with the standard library alone. It takes the place of the process that
started the agent (`pod_image.agent.handover`), and holds no key: neither in its environment nor in its memory.
The kernel lets nothing inside a container stop or kill its first process, so this stays when all else is gone.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time
from types import FrameType

_PR_SET_CHILD_SUBREAPER = 36
_WAKE_SECONDS = 0.5


def main(agent: int) -> int:
    """Return when the agent has ended, with its exit code: the container ends then, and is started again."""
    adopt_orphans()

    def pass_on(number: int, frame: FrameType | None) -> None:
        send(agent, signal.SIGTERM)

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, pass_on)
    while True:
        try:
            pid, status = os.waitpid(-1, os.WUNTRACED)
        except ChildProcessError:
            return 1  # no agent
        if pid != agent:
            continue
        if not os.WIFSTOPPED(status):
            code = os.waitstatus_to_exitcode(status)
            return 128 - code if code < 0 else code
        time.sleep(_WAKE_SECONDS)  # whoever stops it again and again must not keep us busy
        send(agent, signal.SIGCONT)


def adopt_orphans() -> None:
    """From here on what loses its parent below us becomes our child: no program can leave by starting itself anew.

    In a container, where an image has a first process of its own, it comes to us all the same.
    """
    if sys.platform == "linux":
        try:
            ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        except (OSError, AttributeError):
            return


def send(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except OSError:
        return


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
