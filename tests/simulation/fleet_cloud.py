"""A cloud with as many pods as one likes, for what follows them: it lists them by pages and lets each one speak.

The emulator keeps a world for every pod; of thousands only what a watcher sees is wanted here.
"""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import httpx

from launcher.domain.pod import NONCE_VARIABLE, PodName
from launcher.emulator.runpod import RunPodWorld
from pod_image.contract.environment import RUN_VARIABLE
from tests.bench.fleet_pods import TOTAL_STEPS, document_of, fill
from tests.kit.virtual_time import START, now_seconds

PAGE = 1_000
"""As many pods as RunPod gives in one answer."""
SPEAKS_SECONDS = 60.0
TAKES_TO_GO_SECONDS = 5.0
STREAM_SECONDS = 3_600.0
"""RunPod's own client lets a log stream last that long."""


class FleetCloud(httpx.AsyncBaseTransport):
    def __init__(self, count: int, end_after_seconds: float | None = None) -> None:
        """`end_after_seconds`: all pods say their last word then, and are gone a moment later."""
        self.ends_at = START + end_after_seconds if end_after_seconds is not None else math.inf
        self.calls: list[float] = []
        self.open_streams = 0
        self.count = count
        self._names = [str(number) for number in range(1, count + 1)]
        self._like = _wire()
        self._pages: dict[int, bytes] = {}
        self._documents = {name: document_of(int(name)) for name in self._names}

    @property
    def most_calls_in_a_minute(self) -> int:
        """Whenever the minute begins."""
        last = 0
        most = 0
        for first, at in enumerate(self.calls):
            while last < len(self.calls) and self.calls[last] < at + 60:
                last += 1
            most = max(most, last - first)
        return most

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.calls.append(now_seconds())
        await asyncio.sleep(0.05)
        words = request.url.path.strip("/").split("/")
        if now_seconds() > self.ends_at + TAKES_TO_GO_SECONDS:
            return self._nothing(words, request)
        if words[-1] == "logs":
            return httpx.Response(200, stream=_Stream(self, words[-2]), request=request)
        if len(words) == 3:
            return httpx.Response(200, json=self._pod(words[-1]), request=request)
        first = int(request.url.params.get("cursor", "0"))
        return httpx.Response(200, content=self._page(first), request=request)

    def _nothing(self, words: list[str], request: httpx.Request) -> httpx.Response:
        if len(words) > 2:
            return httpx.Response(404, json={"title": "Not Found", "status": 404}, request=request)
        return httpx.Response(200, json={"pods": []}, request=request)

    def _page(self, first: int) -> bytes:
        """Made once: it says the same each time."""
        if first not in self._pages:
            found = [self._pod(name) for name in self._names[first : first + PAGE]]
            is_last = first + PAGE >= len(self._names)
            following = None if is_last else str(first + PAGE)
            paging = {"hasNextPage": not is_last, "nextCursor": following}
            self._pages[first] = json.dumps({"pods": found, "pagination": paging}).encode()
        return self._pages[first]

    def _pod(self, name: str) -> dict[str, Any]:
        document = self._documents[name]
        nonce = document.attempt.nonce
        return {
            **self._like,
            "id": name,
            "name": str(PodName(document.run_id, 1, nonce)),
            "env": {RUN_VARIABLE: document.to_json(), NONCE_VARIABLE: nonce},
        }

    def run_id(self, name: str) -> str:
        return self._documents[name].run_id


class _Stream(httpx.AsyncByteStream):
    def __init__(self, cloud: FleetCloud, name: str) -> None:
        self._cloud, self._name = cloud, name

    async def __aiter__(self) -> AsyncIterator[bytes]:
        self._cloud.open_streams += 1
        ends_at = now_seconds() + STREAM_SECONDS
        try:
            yield self._line(1, "armed", works=True) + self._line(2, "phase", **_TRAINING)
            said = 0
            while now_seconds() < ends_at:
                if now_seconds() >= self._cloud.ends_at:
                    yield self._line(3 + said, "ended", reason="finished", delivered=[])
                    return
                newest = int((now_seconds() - START) // SPEAKS_SECONDS) + 1
                yield b"".join(self._step(step) for step in range(said + 1, newest + 1))
                said = newest
                await asyncio.sleep(
                    min(SPEAKS_SECONDS, max(0.0, self._cloud.ends_at - now_seconds()))
                )
        finally:
            self._cloud.open_streams -= 1

    def _step(self, step: int) -> bytes:
        told = {"step": step, "total_steps": TOTAL_STEPS, "cost_usd": 0.01}
        return self._line(2 + step, "step", **told)

    def _line(self, seq: int, event: str, **rest: Any) -> bytes:
        at = datetime.fromtimestamp(now_seconds(), UTC).isoformat()
        head = {"event": event, "at": at, "run_id": self._cloud.run_id(self._name), "seq": seq}
        line = json.dumps({**head, **rest})
        data = json.dumps({"source": "container", "line": line, "ts": at})
        return f"id: {at}/{seq}\ndata: {data}\n\n".encode()


_TRAINING = {"phase": "train", "state": "started"}


def _wire() -> dict[str, Any]:
    """A running pod as the emulator shows one."""
    world = RunPodWorld()
    fill(world, 1)
    (pod,) = world.pods.values()
    return {**world.wire(pod), "status": "RUNNING"}
