"""The first process in a run's container: reads the keys from its standard input, starts the agent with them.

Then it is the container's init: the kernel ends all that is in the container with it.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import NoReturn

from pod_image.agent import init
from pod_image.agent.handover import start_agent
from pod_image.agent.hardening import forbid_reading
from pod_image.bootstrap import FOLDER, end_pod
from pod_image.own_machine.begin import keys_handed, write_control
from pod_image.own_machine.own_python import CannotPrepare, agents_python


def main() -> NoReturn:
    """Does not return: this process goes on as the init, or says why the run cannot begin and ends."""
    forbid_reading()  # before the keys are read
    handed = keys_handed()
    kept = dict(os.environ)
    try:
        # What is installed is below HOME, which is the run's own folder: nothing of it stays for another run.
        python = agents_python({"run_json": kept.get("LAUNCHER_RUN", ""), "may_install": True})
        write_control(Path(kept[FOLDER]), python)
        agent = start_agent((python, "-P", "-m", "pod_image"), kept, handed)
    except CannotPrepare as exc:
        end_pod(str(exc), hint=str(exc.hint))
    except OSError as exc:
        end_pod(f"The agent could not be started: {exc.strerror}.")
    command = [sys.executable, "-I", "-S", str(Path(init.__file__)), str(agent)]
    os.execve(command[0], command, kept)


if __name__ == "__main__":
    main()
