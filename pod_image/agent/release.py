"""The end of the money: this pod ends itself, and goes on trying for ever."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

from pod_image.agent.clock import backoff_seconds
from pod_image.agent.places.base import OwnPod
from pod_image.agent.ports import Clock
from pod_image.agent.timing import Timing


async def release_for_ever(
    pod: OwnPod, clock: Clock, timing: Timing, say: Callable[[str], None]
) -> None:
    """Release the pod. Never raises, and never returns: a container that exits is restarted and bills on.

    No answer is believed, neither "done" nor "there is no such pod": whoever still lives `gone_seconds`
    later is proof of the contrary. The next way comes first then, and after the last the first again.
    Returns at a place where a pod ends with its container, and only there: whoever called has to end it.
    """
    ways = pod.ways
    if not ways:
        _tell(say, "The pod is released: it ends with this container.")
        return
    loop = asyncio.get_running_loop()
    began, attempt, first, was_disbelieved = loop.time(), 0, 0, False
    while True:
        is_late = loop.time() - began >= timing.stop_instead_seconds
        taken = await _first_taken(pod, first, may_leave=is_late or was_disbelieved)
        if taken is not None:
            attempt, was_disbelieved = 0, True
            first = (taken + 1) % len(ways)
            way, following = ways[taken].name, ways[first].name
            _tell(say, f"The pod is released ({way}).")
            await clock.sleep(timing.gone_seconds)
            _tell(
                say,
                f"The pod still exists: {pod.title} took {way} without effect; {following} is next.",
            )
            continue
        attempt += 1
        seconds = backoff_seconds(
            attempt, first=1.0, longest=timing.longest_release_backoff_seconds
        )
        _tell(say, f"The pod could not be released yet; trying again in {seconds:.0f} s.")
        await clock.sleep(seconds)


async def _first_taken(pod: OwnPod, first: int, *, may_leave: bool) -> int | None:
    """Try the ways, that one first, until one is taken: which. Without `may_leave` none that leaves something."""
    ways = pod.ways
    for step in range(len(ways)):
        number = (first + step) % len(ways)
        way = ways[number]
        if (may_leave or not way.leaves_something) and await pod.take(way.name):
            return number
    return None


def _tell(say: Callable[[str], None], text: str) -> None:
    with suppress(Exception):  # whatever is wrong with the output, the next try has to come
        say(text)
