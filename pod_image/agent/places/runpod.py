"""A pod at RunPod: REST v2 about this pod alone, with the key it was given. The only file here with its URLs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlsplit

import httpx

from pod_image.agent.places.base import PodReading, PodUnreadable, Way
from pod_image.contract.nodes import ALONE, Node, node_in
from pod_image.contract.places import PLACES
from pod_image.contract.server_time import server_time

DEFAULT_API_URL = "https://api.runpod.io"
USER_AGENT = "pod-launcher-agent/0.1"
"""The platform's firewall answers a library's default User-Agent with 403, which reads like a bad key."""
VARIABLES = PLACES["runpod"]
WAYS = (Way("delete"), Way("terminate"), Way("stop", leaves_something=True))
"""The last ends the GPU's price, and leaves a stopped pod for others to remove."""
CLUSTER_WAYS = (Way("delete cluster"),)
"""A pod of a cluster cannot be ended alone (409). Whether its own key may end all of them is not known: it is tried."""
_ANSWER_SECONDS = 30.0
"""For one answer, all in all: one that comes a byte at a time must not hold up the next try."""


@dataclass(frozen=True)
class RunPodPod:
    """See `pod_image.agent.places.base.OwnPod` for what each method promises."""

    api_url: str
    pod_id: str
    http: Callable[[], httpx.AsyncClient]
    key: str = field(repr=False)
    node: Node = ALONE

    @classmethod
    def from_environment(
        cls, environment: Mapping[str, str], http: Callable[[], httpx.AsyncClient]
    ) -> RunPodPod:
        return cls(
            api_url=environment.get(VARIABLES.url, "").rstrip("/") or DEFAULT_API_URL,
            pod_id=environment.get(VARIABLES.pod_id, ""),
            http=http,
            key=environment.get(VARIABLES.key, ""),
            node=node_in(environment),
        )

    @classmethod
    def from_told(cls, told: Mapping[str, str], http: Callable[[], httpx.AsyncClient]) -> RunPodPod:
        node = Node(int(told.get("rank", 0)), int(told.get("nodes", 1)))
        return cls(told["api_url"], told["pod_id"], http, key=told["key"], node=node)

    @property
    def title(self) -> str:
        return "RunPod"

    @property
    def ways(self) -> tuple[Way, ...]:
        return CLUSTER_WAYS if self.node.is_in_cluster else WAYS

    @property
    def powerless(self) -> str:
        return "" if self.key else "the platform injected no key"

    @property
    def proof(self) -> str:
        released = "; the program that watches its cluster releases it"
        return f"read itself with its own key{released if self.node.is_in_cluster else ''}"

    @property
    def is_rented(self) -> bool:
        return True

    @property
    def is_stand_in(self) -> bool:
        return (urlsplit(self.api_url).hostname or "") in ("127.0.0.1", "::1", "localhost")

    async def read(self) -> PodReading:
        """Proves DNS, certificates, User-Agent and key at once. That it may delete itself is known from others."""
        try:
            answer = await self._ask("GET", "")
        except (
            httpx.HTTPError,
            OSError,
        ) as exc:  # a time-out is an OSError, and so is want of sockets
            name = type(exc).__name__
            raise PodUnreadable(f"the cloud did not answer ({name})", is_final=False) from exc
        if answer.status_code != 200:
            is_final = answer.status_code in (401, 403, 404, 410)
            raise PodUnreadable(f"the cloud answered {answer.status_code}", is_final=is_final)
        try:
            document = answer.json()
        except ValueError as exc:
            raise PodUnreadable("the cloud gave an unexpected answer", is_final=False) from exc
        if not isinstance(document, dict):
            raise PodUnreadable("the cloud gave an unexpected answer", is_final=False)
        return _reading(document, answer.headers.get("date", ""), self.node.count)

    async def take(self, way: str) -> bool:
        try:
            if way == "delete cluster":
                answer = await self._delete_cluster()
            elif way == "delete":
                answer = await self._ask("DELETE", "")
            else:
                answer = await self._ask("POST", "/action", {"action": way})
        except (
            Exception
        ):  # no socket, no certificates, no answer: there are other ways, and later tries
            return False
        return answer.is_success or answer.status_code == 404

    def as_told(self) -> Mapping[str, str]:
        return {
            "place": "runpod",
            "api_url": self.api_url,
            "pod_id": self.pod_id,
            "key": self.key,
            "rank": str(self.node.rank),
            "nodes": str(self.node.count),
        }

    async def _delete_cluster(self) -> httpx.Response:
        """Ends all pods of the cluster that this one says it is of."""
        itself = await self._ask("GET", "")
        membership = itself.json().get("cluster") if itself.is_success else None
        if not isinstance(membership, dict) or not membership.get("id"):
            return itself if not itself.is_success else httpx.Response(409)
        return await self._send("DELETE", f"/v2/clusters/{quote(str(membership['id']), safe='')}")

    async def _ask(
        self, method: str, below: str, body: dict[str, str] | None = None
    ) -> httpx.Response:
        return await self._send(method, f"/v2/pods/{self.pod_id}{below}", body)

    async def _send(
        self, method: str, path: str, body: dict[str, str] | None = None
    ) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.key}", "User-Agent": USER_AGENT}
        # A client per request: a connection that went bad must not outlive the try that found it.
        async with asyncio.timeout(_ANSWER_SECONDS), self.http() as client:
            return await client.request(method, f"{self.api_url}{path}", headers=headers, json=body)


def _reading(document: Mapping[str, Any], date: str, nodes: int) -> PodReading:
    """Of a cluster the price is that of all its pods, which are alike."""
    price = document.get("cost")
    told = server_time(date)
    gpu = document.get("gpu")
    gpu = gpu if isinstance(gpu, dict) else {}
    count = gpu.get("count")
    return PodReading(
        created_at=_unix_seconds(document.get("createdAt")),
        price_per_hour_usd=price * nodes if isinstance(price, int | float) and price > 0 else None,
        server_time=told.timestamp() if told is not None else None,
        gpu=str(gpu.get("id") or ""),
        gpu_count=count if isinstance(count, int) else 0,
    )


def _unix_seconds(text: object) -> float | None:
    if not isinstance(text, str):
        return None
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return None
    return moment.timestamp() if moment.tzinfo else None
