"""Becomes a run's first process: says who it is, reads the keys from its standard input, starts the agent with them.

`begin.py FOLDER LOCKS…`. The keys stand in no argument, no file and no environment: they go from one pipe into another,
which the agent alone reads, once it has closed itself to other processes. The locks of the run's GPUs are open files,
which stay open in this process and in the agent: the GPUs are the run's while either lives.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NoReturn

from pod_image.agent.handover import start_agent
from pod_image.agent.hardening import forbid_reading
from pod_image.bootstrap import end_pod
from pod_image.contract.interpreter import module_command
from pod_image.own_machine.identity import boot_id
from pod_image.own_machine.own_python import CannotPrepare, agents_python
from pod_image.own_machine.run_place import RunPlace
from pod_image.process_table import process


def main(place: RunPlace, locks: Sequence[int]) -> NoReturn:
    """Does not return: this process goes on as `first`, or says why the run cannot begin and ends."""
    forbid_reading()  # before the keys are read
    say_who(place)
    handed = keys_handed()
    kept = dict(os.environ)
    try:
        python = agents_python(place.order)
        write_control(place.disk, python)
        agent = start_agent((python, "-P", "-m", "pod_image"), kept, handed, locks)
    except CannotPrepare as exc:
        end_pod(str(exc), hint=str(exc.hint))
    except OSError as exc:
        end_pod(f"The agent could not be started: {exc.strerror}.")
    _become_first(agent, place, kept)


def say_who(place: RunPlace) -> None:
    """Which process the run's first one is. Raises OSError."""
    own = process(os.getpid())
    assert own is not None  # there is a /proc, or nothing is started here
    place.write("process", {"pid": own.pid, "started": own.started, "boot_id": boot_id()})


def keys_handed() -> Mapping[str, str]:
    """All of them, or the start was cut off: then there is no run."""
    try:
        with os.fdopen(os.dup(0), "rb") as pipe:
            document = json.loads(pipe.read())
    except ValueError:
        end_pod("The start of the run was cut off before its keys had arrived.")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    return {str(name): str(value) for name, value in document.items()}


def write_control(disk: Path, python: str) -> None:
    """What an instruction runs: the agent's Python may be on nobody's path. Raises OSError."""
    from shlex import join, quote

    words = join([python, "-P", "-m", "pod_image.control"])
    program = disk / "control"
    program.write_text(f'#!/bin/sh\nLAUNCHER_FOLDER={quote(str(disk))} exec {words} "$@"\n')
    program.chmod(0o700)


def _become_first(agent: int, place: RunPlace, environment: Mapping[str, str]) -> NoReturn:
    command = module_command("pod_image.own_machine.first", str(agent), str(place.root))
    os.execve(command[0], command, environment)


if __name__ == "__main__":
    main(RunPlace(Path(sys.argv[1])), [int(number) for number in sys.argv[2:]])
