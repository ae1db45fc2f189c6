"""How the keys come to the agent: out of the environment that the platform gave, over a pipe, into its memory alone.

Every process of a user may read the environments of the others, and an environment cannot be emptied from
within. So the container's first process hands the keys to the agent and begins anew as `init.py`, without
them: no process of this container has a key in its environment from then on. Standard library alone.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from pod_image.agent import init
from pod_image.contract.interpreter import module_command
from pod_image.contract.secret_names import without_secrets

KEYS_FD_VARIABLE = "LAUNCHER_KEYS_FD"
"""Set for the agent: number of the file descriptor from which it reads what its environment does not say."""


def become_init() -> None:
    """Start the agent and become its container's init. Returns only where that cannot be done: go on as the agent."""
    kept = without_secrets(os.environ)
    handed = {name: value for name, value in os.environ.items() if name not in kept}
    try:
        agent = start_agent((*module_command("pod_image"), *sys.argv[1:]), kept, handed)
    except OSError:
        return
    command = [sys.executable, "-I", "-S", str(Path(init.__file__)), str(agent)]
    with suppress(OSError):
        os.execve(sys.executable, command, kept)
    os._exit(init.main(agent))


def start_agent(
    command: Sequence[str],
    kept: Mapping[str, str],
    handed: Mapping[str, str],
    holds: Sequence[int] = (),
) -> int:
    """Its process id. `kept` is its environment; what is `handed` goes to it alone. Raises OSError.

    `holds`: open files that stay open for as long as it lives.
    """
    reader, writer = os.pipe()
    try:
        agent = subprocess.Popen(
            command,
            env={**kept, KEYS_FD_VARIABLE: str(reader)},
            pass_fds=(reader, *holds),
        )
    except OSError:
        os.close(writer)
        raise
    finally:
        os.close(reader)
    with (
        suppress(OSError),
        os.fdopen(writer, "wb") as pipe,
    ):  # an agent that died already is told of by init
        pipe.write(json.dumps(handed).encode())
    return agent.pid


def own_environment() -> dict[str, str]:
    """The agent's environment, keys included; call it once, after nobody can read this process any more."""
    number = os.environ.pop(KEYS_FD_VARIABLE, "")
    if not number:
        return dict(os.environ)
    with os.fdopen(int(number), "rb") as pipe:
        return {**os.environ, **json.loads(pipe.read())}
