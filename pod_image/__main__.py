"""`python -m pod_image`: the container's first process. It proves the kill chain, runs the run, ends the pod."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from contextlib import suppress

from pod_image.agent.hardening import forbid_reading
from pod_image.agent.story import run_pod
from pod_image.agent.system import system_ports

TERMINATED = 143


async def main() -> int:
    forbid_reading()
    # The platform ends the container: what is not delivered now stays undelivered, and waiting costs.
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, os._exit, TERMINATED)
    ports = system_ports()
    code = await run_pod(ports)
    with suppress(TimeoutError):
        await asyncio.wait_for(ports.flush(), ports.timing.last_words_seconds)
    return code


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
