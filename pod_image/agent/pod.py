"""HTTP to the cloud about this pod alone, with the key the platform injected. The only file here with its URLs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from pod_image.contract.environment import (
    POD_ID_VARIABLE,
    POD_KEY_VARIABLE,
    PROVIDER_URL_VARIABLE,
)

DEFAULT_API_URL = "https://api.runpod.io"
USER_AGENT = "pod-launcher-agent/0.1"
"""The platform's firewall answers a library's default User-Agent with 403, which reads like a bad key."""
WAYS = ("delete", "terminate", "stop")
"""Ways for a pod to end itself. The last ends the GPU's price, and leaves a stopped pod for others to remove."""
_ANSWER_SECONDS = 30.0
"""For one answer, all in all: one that comes a byte at a time must not hold up the next try."""


class PodUnreadable(Exception):
    """The own pod could not be read. `is_final`: the answer will not change by asking again."""

    def __init__(self, message: str, *, is_final: bool) -> None:
        super().__init__(message)
        self.message = message
        self.is_final = is_final


@dataclass(frozen=True)
class PodReading:
    """What the cloud says about this pod. `server_time` is the answer's Date header, unix seconds."""

    created_at: float | None
    price_per_hour_usd: float | None
    server_time: float | None
    gpu: str = ""
    gpu_count: int = 0


@dataclass(frozen=True)
class OwnPod:
    """This pod, as the cloud knows it."""

    api_url: str
    pod_id: str
    http: Callable[[], httpx.AsyncClient]
    key: str = field(repr=False)

    @classmethod
    def from_environment(
        cls, environment: Mapping[str, str], http: Callable[[], httpx.AsyncClient]
    ) -> OwnPod:
        return cls(
            api_url=environment.get(PROVIDER_URL_VARIABLE, "").rstrip("/") or DEFAULT_API_URL,
            pod_id=environment.get(POD_ID_VARIABLE, ""),
            http=http,
            key=environment.get(POD_KEY_VARIABLE, ""),
        )

    async def read(self) -> PodReading:
        """Read the pod: proves DNS, certificates, User-Agent and key at once. Raises PodUnreadable."""
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
            raise PodUnreadable("the cloud answered something else", is_final=False) from exc
        if not isinstance(document, dict):
            raise PodUnreadable("the cloud answered something else", is_final=False)
        return _reading(document, answer.headers.get("date", ""))

    async def release(self, *, may_stop: bool, first: str = WAYS[0]) -> str | None:
        """Try the ways to end this pod, `first` first, until one is taken. Returns it, or None. Never raises.

        "There is no such pod" counts as taken. Without `may_stop` the last way is left out.
        """
        place = WAYS.index(first)
        for way in (*WAYS[place:], *WAYS[:place]):
            if (may_stop or way != "stop") and await self._is_taken(way):
                return way
        return None

    async def _is_taken(self, way: str) -> bool:
        try:
            if way == "delete":
                answer = await self._ask("DELETE", "")
            else:
                answer = await self._ask("POST", "/action", {"action": way})
        except (
            Exception
        ):  # no socket, no certificates, no answer: there are other ways, and later tries
            return False
        return answer.is_success or answer.status_code == 404

    async def _ask(
        self, method: str, below: str, body: dict[str, str] | None = None
    ) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.key}", "User-Agent": USER_AGENT}
        # A client per request: a connection that went bad must not outlive the try that found it.
        async with asyncio.timeout(_ANSWER_SECONDS), self.http() as client:
            return await client.request(
                method, f"{self.api_url}/v2/pods/{self.pod_id}{below}", headers=headers, json=body
            )


def _reading(document: Mapping[str, Any], date: str) -> PodReading:
    price = document.get("cost")
    gpu = document.get("gpu")
    gpu = gpu if isinstance(gpu, dict) else {}
    count = gpu.get("count")
    return PodReading(
        created_at=_unix_seconds(document.get("createdAt")),
        price_per_hour_usd=float(price) if isinstance(price, int | float) and price > 0 else None,
        server_time=_date_seconds(date),
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


def _date_seconds(text: str) -> float | None:
    try:
        return parsedate_to_datetime(text).timestamp()
    except (TypeError, ValueError):
        return None
