"""The list of pods, read for all runs that are watched together."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from launcher.clock import Clock
from launcher.domain.pod import Pod
from launcher.providers.base import Provider


class PodList:
    """The pods as last listed. A pod that the list does not show is asked for by itself: lists lag and fail."""

    def __init__(self, provider: Provider, clock: Clock, fresh_seconds: float) -> None:
        self._provider = provider
        self._clock = clock
        self._fresh_seconds = fresh_seconds
        self._pods: dict[str, Pod] = {}
        self._seen: dict[str, datetime] = {}
        self._read_at = float("-inf")
        self._reading = asyncio.Lock()

    async def look(self, pod_id: str) -> Pod:
        """The pod, at most `fresh_seconds` old. Raises PodGone, ProviderError."""
        async with self._reading:
            now = self._clock.now().timestamp()
            if not 0 <= now - self._read_at < self._fresh_seconds:
                self._pods = {pod.id: pod for pod in await self._provider.pods()}
                self._read_at = now
        return self._note(self._pods.get(pod_id) or await self._provider.pod(pod_id))

    def known(self, pod_id: str, since: datetime) -> tuple[Pod, datetime] | None:
        """The pod as another watcher's list showed it after that moment, and when; no request is made."""
        pod = self._pods.get(pod_id)
        if pod is None or self._read_at <= since.timestamp():
            return None
        return pod, datetime.fromtimestamp(self._read_at, UTC)

    async def look_alone(self, pod_id: str) -> Pod:
        """The pod as it is now, by a request of its own. Raises PodGone, ProviderError."""
        return self._note(await self._provider.pod(pod_id))

    def _note(self, pod: Pod) -> Pod:
        self._seen[pod.id] = self._clock.now() + self._provider.clock_ahead
        return pod

    def has_seen(self, pod_id: str) -> bool:
        """Whether this key has ever shown the pod to this process."""
        return pod_id in self._seen

    def last_seen(self, pod_id: str) -> datetime | None:
        """When this key last showed the pod to this process, by the provider's clock."""
        return self._seen.get(pod_id)
