"""The list of pods, read for all runs that are watched together."""

from __future__ import annotations

import asyncio
from collections import deque
from datetime import UTC, datetime

from launcher.clock import Clock
from launcher.domain.pod import Pod
from launcher.errors import PodGone
from launcher.providers.base import Provider
from launcher.providers.call_budget import Turn, looking

MOST_ALONE = 5
"""Looks by calls of their own in the time that a list is fresh; whoever comes then has to do with the list."""


class PodList:
    """The pods as last listed. A pod that the list does not show is asked for by itself: lists lag and fail.

    Whoever asks here can wait, but for `look_now`.
    """

    def __init__(self, provider: Provider, clock: Clock, fresh_seconds: float) -> None:
        self._provider = provider
        self._clock = clock
        self._fresh_seconds = fresh_seconds
        self._pods: dict[str, Pod] = {}
        self._seen: dict[str, datetime] = {}
        self._released: set[str] = set()
        self._alone: deque[float] = deque(maxlen=MOST_ALONE)
        """When the last ones were made."""
        self._read_at = float("-inf")
        self._reading = asyncio.Lock()

    async def pods(self) -> list[Pod]:
        """All of them, at most `fresh_seconds` old. Raises ProviderError, NotConfigured."""
        async with self._reading:
            now = self._clock.now().timestamp()
            if not 0 <= now - self._read_at < self._fresh_seconds:
                with looking(Turn.LIST):
                    self._pods = {pod.id: pod for pod in await self._provider.pods()}
                self._read_at = now
            return list(self._pods.values())

    def is_unlisted(self, pod_id: str, since: datetime) -> bool:
        """Whether a list that was read after that moment does not show it; False while none was."""
        return self._read_at > since.timestamp() and pod_id not in self._pods

    async def look(self, pod_id: str) -> Pod:
        """The pod, at most `fresh_seconds` old. Raises PodGone, ProviderError."""
        if pod_id not in self._released:
            await self.pods()
        shown = None if pod_id in self._released else self._pods.get(pod_id)
        if shown is not None:
            return self._note(shown)
        with looking():
            return await self.look_now(pod_id)

    def known(self, pod_id: str, since: datetime) -> tuple[Pod, datetime] | None:
        """The pod as another watcher's list showed it after that moment, and when; no request is made."""
        pod = self._pods.get(pod_id)
        if pod is None or self._read_at <= since.timestamp():
            return None
        return pod, datetime.fromtimestamp(self._read_at, UTC)

    async def look_now(self, pod_id: str) -> Pod:
        """The same as `look_alone`, by a call that never waits for its turn."""
        if pod_id in self._released:
            raise PodGone(f"Pod {pod_id} was released.")
        return self._note(await self._provider.pod(pod_id))

    async def look_alone(self, pod_id: str) -> Pod:
        """The pod as it is now, by a request of its own unless many want one. Raises PodGone, ProviderError."""
        now = self._clock.now().timestamp()
        if len(self._alone) == MOST_ALONE and 0 <= now - self._alone[0] < self._fresh_seconds:
            return await self.look(pod_id)
        self._alone.append(now)
        with looking():
            return await self.look_now(pod_id)

    def note_released(self, pod_id: str) -> None:
        """It was released and is proven to be gone: nobody has to ask for it any more."""
        self._released.add(pod_id)
        self._pods.pop(pod_id, None)

    def is_released(self, pod_id: str) -> bool:
        return pod_id in self._released

    def _note(self, pod: Pod) -> Pod:
        self._seen[pod.id] = self._clock.now() + self._provider.clock_ahead
        return pod

    def has_seen(self, pod_id: str) -> bool:
        """Whether this key has ever shown the pod to this process."""
        return pod_id in self._seen

    def last_seen(self, pod_id: str) -> datetime | None:
        """When this key last showed the pod to this process, by the provider's clock."""
        return self._seen.get(pod_id)
