"""The agent's side of the guard: a beat as long as the agent's loop turns, and another guard when this one is gone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from pod_image.agent.guard import FIRST_BEAT_SECONDS
from pod_image.agent.limits import Caps
from pod_image.agent.places.base import OwnPod
from pod_image.agent.ports import GuardOrders, GuardProcess, Line, Ports


class GuardKeeper:
    """Guard and agent watch each other: this is the agent's half. Nothing here waits."""

    def __init__(self, ports: Ports, pod: OwnPod, caps: Caps | None, say: Line) -> None:
        self._ports, self._say = ports, say
        self._orders = GuardOrders(pod.as_told(), ports.folder, caps)
        self._guard: GuardProcess | None = None
        self._next_start_at = 0.0
        self._seconds_left = _counted_down(FIRST_BEAT_SECONDS)

    async def keep(self) -> None:
        """Look after the guard for ever."""
        while True:
            try:
                self.look()
            except Exception as exc:
                self._say(f"The guard cannot be watched: {type(exc).__name__}: {exc}.")
            await self._ports.clock.sleep(self._ports.timing.watch_seconds)

    def look(self) -> None:
        """One beat, to a guard that lives."""
        if self._guard is not None and not self._guard.is_well():
            self._say("The guard has died or hangs; starting another one.")
            self._guard.end()
            self._guard = None
        if self._guard is None:
            self._start()
        if self._guard is not None:
            self._guard.beat(self._seconds_left())

    def release_in(self, seconds_left: Callable[[], float]) -> None:
        """From now on the pod may live so long, as told anew with each beat."""
        self._seconds_left = seconds_left

    def join_release(self) -> None:
        """The agent releases the pod now; the guard does so too if the pod is still there a while later."""
        own = self._ports.timing.guard_joins_seconds
        self._seconds_left = _counted_down(min(own, self._seconds_left()))

    def _start(self) -> None:
        """A guard, or none as yet: the agent goes on without one, and tries again."""
        now = asyncio.get_running_loop().time()
        if now < self._next_start_at:
            return
        self._next_start_at = now + self._ports.timing.guard_restart_seconds
        try:
            self._guard = self._ports.processes.start_guard(self._orders)
        except OSError as exc:
            self._say(f"The guard could not be started: {exc.strerror}.")


def _counted_down(seconds: float) -> Callable[[], float]:
    loop = asyncio.get_running_loop()
    ends_at = loop.time() + seconds
    return lambda: ends_at - loop.time()
