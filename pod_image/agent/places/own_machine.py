"""A run on a person's own machine: it ends with its first process, which ends whatever the run started."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import ClassVar, Self

import httpx

from pod_image.agent.places.base import EndsWithItsProgram, PodReading
from pod_image.contract.own_machine import CLOCK_AHEAD_VARIABLE
from pod_image.contract.places import PLACES


@dataclass(frozen=True)
class OwnMachinePod(EndsWithItsProgram):
    """See `pod_image.agent.places.base.OwnPod` for what each method promises. Nobody is asked, and nothing is paid."""

    place: ClassVar[str]
    title: ClassVar[str]

    pod_id: str
    gpu_count: int
    ahead_seconds: float = 0.0

    @classmethod
    def from_environment(
        cls, environment: Mapping[str, str], http: Callable[[], httpx.AsyncClient]
    ) -> Self:
        lent = environment.get("CUDA_VISIBLE_DEVICES", "")
        count = sum(each.startswith("GPU-") for each in lent.split(","))
        ahead_seconds = 0.0
        with suppress(ValueError):
            ahead_seconds = float(environment.get(CLOCK_AHEAD_VARIABLE, "0"))
        return cls(environment.get(PLACES[cls.place].pod_id, ""), count, ahead_seconds)

    @classmethod
    def from_told(cls, told: Mapping[str, str], http: Callable[[], httpx.AsyncClient]) -> Self:
        return cls(told["pod_id"], int(told["gpu_count"]))

    @property
    def proof(self) -> str:
        return "the run ends with its first process, which ends all that it started"

    @property
    def is_rented(self) -> bool:
        return False

    async def read(self) -> PodReading:
        """The caps count from the deadline that the launcher sent, and from the agent's start."""
        return PodReading(
            None, None, None, gpu_count=self.gpu_count, ahead_seconds=self.ahead_seconds
        )

    def as_told(self) -> Mapping[str, str]:
        return {"place": self.place, "pod_id": self.pod_id, "gpu_count": str(self.gpu_count)}
