"""`python -m pod_image`: the container's first process. It starts the agent, which lives the run and ends the pod."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Mapping
from contextlib import suppress

from pod_image.agent.handover import KEYS_FD_VARIABLE, become_init, own_environment
from pod_image.agent.hardening import forbid_reading
from pod_image.contract.places import is_pod
from pod_image.contract.secret_names import secret_values

TERMINATED = 143


def main() -> int:
    if KEYS_FD_VARIABLE not in os.environ and is_pod(os.environ):
        become_init()
    return agent()


def agent() -> int:
    """The agent's whole life. What keeps it from beginning ends the pod: the container would be started for ever."""
    forbid_reading()
    environment = own_environment()
    try:
        return asyncio.run(_live(environment))
    except Exception as exc:
        from pod_image.bootstrap import end_pod

        end_pod(f"The agent could not be started ({type(exc).__name__}).", environment)


async def _live(environment: Mapping[str, str]) -> int:
    from pod_image.agent.events import Masking
    from pod_image.agent.system import ErrorOutput, Output, system_ports

    output = Output()
    mask = Masking(secret_values(environment))
    sys.stderr = ErrorOutput(lambda line: output.write(mask(f"agent: {line}")))
    # Only now: the Hub's library keeps the standard error that it finds.
    from pod_image.agent.story import run_pod

    # The platform ends the container: what is not delivered now stays undelivered, and waiting costs.
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, os._exit, TERMINATED)
    ports = system_ports(environment, output=output)
    code = await run_pod(ports)
    with suppress(TimeoutError):
        await asyncio.wait_for(ports.flush(), ports.timing.flush_seconds)
    return code


if __name__ == "__main__":
    sys.exit(main())
