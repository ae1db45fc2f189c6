"""A pod that is a job of Hugging Face: it ends with its container, and the Hub starts none of them again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

import httpx

from pod_image.agent.places.base import EndsWithItsProgram, PodReading
from pod_image.contract.places import PLACES
from pod_image.contract.server_time import server_time
from pod_image.contract.variables import PUBLIC_HUB_URL

VARIABLES = PLACES["hf-jobs"]
_HARDWARE_PATH = "/api/jobs/hardware"
"""Public, so that no token goes along."""
_TRIES, _ANSWER_SECONDS = 3, 10.0


@dataclass(frozen=True)
class JobPod(EndsWithItsProgram):
    """See `pod_image.agent.places.base.OwnPod` for what each method promises.

    The token that starts and cancels jobs is not in it, so it can ask nobody about itself, only what time it is; its
    time-out at the Hub, which the launcher has set and read back, ends what hangs.
    """

    pod_id: str
    hub_url: str
    http: Callable[[], httpx.AsyncClient] = field(repr=False)

    @classmethod
    def from_environment(
        cls, environment: Mapping[str, str], http: Callable[[], httpx.AsyncClient]
    ) -> JobPod:
        return cls(
            environment.get(VARIABLES.pod_id, ""),
            environment.get("HF_ENDPOINT") or PUBLIC_HUB_URL,
            http,
        )

    @classmethod
    def from_told(cls, told: Mapping[str, str], http: Callable[[], httpx.AsyncClient]) -> JobPod:
        return cls(told["pod_id"], told["hub_url"], http)

    @property
    def title(self) -> str:
        return "Hugging Face Jobs"

    @property
    def proof(self) -> str:
        return "a job ends with its container, and by its time-out at the Hub"

    @property
    def is_rented(self) -> bool:
        return True

    async def read(self) -> PodReading:
        """The Hub's time alone, where it answers: the caps count from the deadline that the launcher sent, which is in
        that time, and a machine's own clock may be wrong."""
        for _ in range(_TRIES):
            with suppress(httpx.HTTPError, httpx.InvalidURL, OSError):
                return PodReading(None, None, await asyncio.wait_for(self._time(), _ANSWER_SECONDS))
        return PodReading(None, None, None)

    async def _time(self) -> float | None:
        async with self.http() as client:
            answer = await client.get(f"{self.hub_url.rstrip('/')}{_HARDWARE_PATH}")
        told = server_time(answer.headers.get("date"), answer.headers.get("age"))
        return told.timestamp() if told is not None else None

    def as_told(self) -> Mapping[str, str]:
        return {"place": "hf-jobs", "pod_id": self.pod_id, "hub_url": self.hub_url}
