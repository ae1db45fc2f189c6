"""The end of the money: this pod ends itself, and goes on trying for ever."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

from pod_image.agent.clock import backoff_seconds
from pod_image.agent.pod import WAYS, OwnPod
from pod_image.agent.ports import Clock
from pod_image.agent.timing import Timing


async def release_for_ever(
    pod: OwnPod, clock: Clock, timing: Timing, say: Callable[[str], None]
) -> None:
    """Release the pod. Never returns and never raises: a container that exits is restarted and bills on.

    No answer is believed, neither "done" nor "there is no such pod": whoever still lives `gone_seconds`
    later is proof of the contrary. The next way comes first then: delete, terminate, stop, and again.
    """
    loop = asyncio.get_running_loop()
    began, attempt, first, was_disbelieved = loop.time(), 0, WAYS[0], False
    while True:
        is_late = loop.time() - began >= timing.stop_instead_seconds
        way = await pod.release(may_stop=is_late or was_disbelieved, first=first)
        if way is not None:
            attempt, was_disbelieved = 0, True
            first = WAYS[(WAYS.index(way) + 1) % len(WAYS)]
            _tell(say, f"The pod is released ({way}).")
            await clock.sleep(timing.gone_seconds)
            _tell(say, f"It still lives: RunPod took {way} and did not do it; {first} is next.")
            continue
        attempt += 1
        seconds = backoff_seconds(
            attempt, first=1.0, longest=timing.longest_release_backoff_seconds
        )
        _tell(say, f"The pod could not be released yet; trying again in {seconds:.0f} s.")
        await clock.sleep(seconds)


def _tell(say: Callable[[str], None], text: str) -> None:
    with suppress(Exception):  # whatever is wrong with the output, the next try has to come
        say(text)
