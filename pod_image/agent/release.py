"""The end of the money: this pod ends itself, and goes on trying for ever."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from pod_image.agent.clock import backoff_seconds
from pod_image.agent.pod import OwnPod
from pod_image.agent.ports import Clock
from pod_image.agent.timing import Timing


async def release_for_ever(
    pod: OwnPod, clock: Clock, timing: Timing, say: Callable[[str], None]
) -> None:
    """Release the pod. Never returns: a container that exits is restarted by the platform and bills on.

    An accepted release is not believed either: whoever still lives `gone_seconds` later tries again.
    """
    attempt, loop = 0, asyncio.get_running_loop()
    began = loop.time()
    while True:
        is_late = loop.time() - began >= timing.stop_instead_seconds
        way = await pod.release(may_stop=is_late)
        if way is not None:
            attempt = 0
            say(f"The pod is released ({way}).")
            await clock.sleep(timing.gone_seconds)
            continue
        attempt += 1
        seconds = backoff_seconds(
            attempt, first=1.0, longest=timing.longest_release_backoff_seconds
        )
        say(f"The pod could not be released yet; trying again in {seconds:.0f} s.")
        await clock.sleep(seconds)
