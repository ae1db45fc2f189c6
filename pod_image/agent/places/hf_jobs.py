"""A pod that is a job of Hugging Face: it ends with its container, and the Hub starts none of them again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import httpx

from pod_image.agent.places.base import EndsWithItsProgram, PodReading
from pod_image.contract.places import PLACES

VARIABLES = PLACES["hf-jobs"]


@dataclass(frozen=True)
class JobPod(EndsWithItsProgram):
    """See `pod_image.agent.places.base.OwnPod` for what each method promises.

    The token that starts and cancels jobs is not in it, so it can ask nobody about itself; its time-out at the Hub,
    which the launcher has set and read back, ends what hangs.
    """

    pod_id: str

    @classmethod
    def from_environment(
        cls, environment: Mapping[str, str], http: Callable[[], httpx.AsyncClient]
    ) -> JobPod:
        return cls(environment.get(VARIABLES.pod_id, ""))

    @classmethod
    def from_told(cls, told: Mapping[str, str], http: Callable[[], httpx.AsyncClient]) -> JobPod:
        return cls(told["pod_id"])

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
        """Nothing: the caps count from the deadline that the launcher sent, and from the agent's start."""
        return PodReading(None, None, None)

    def as_told(self) -> Mapping[str, str]:
        return {"place": "hf-jobs", "pod_id": self.pod_id}
