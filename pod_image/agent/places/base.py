"""What a place has to let a pod do: read itself, and end itself. The agent, its guard and its boot know no more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


class PodUnreadable(Exception):
    """The own pod could not be read. `is_final`: the answer will not change by asking again."""

    def __init__(self, message: str, *, is_final: bool) -> None:
        super().__init__(message)
        self.message = message
        self.is_final = is_final


@dataclass(frozen=True)
class PodReading:
    """What the place says about this pod. `server_time` is the place's own clock; times are unix seconds.

    `ahead_seconds`: where it tells no time, how far its time is ahead of this machine's clock.
    """

    created_at: float | None
    price_per_hour_usd: float | None
    server_time: float | None
    gpu: str = ""
    gpu_count: int = 0
    ahead_seconds: float = 0.0


@dataclass(frozen=True)
class Way:
    """A way for a pod to end itself. `leaves_something`: it ends the dear part, and leaves a rest for others."""

    name: str
    leaves_something: bool = False


class OwnPod(Protocol):
    """This pod, as its place knows it. `EndsWithItsProgram` is one where the end of the container is the pod's."""

    @property
    def title(self) -> str:
        """The place, as sentences say it."""
        ...

    @property
    def pod_id(self) -> str:
        """Empty where this is no pod."""
        ...

    @property
    def ways(self) -> tuple[Way, ...]:
        """How it can end itself, the best first. Empty where the container's end is the pod's: then whoever ends
        a pod lets its container end, and nothing starts it again."""
        ...

    @property
    def powerless(self) -> str:
        """Why it cannot even try to end itself, or nothing."""
        ...

    @property
    def proof(self) -> str:
        """What a reading that succeeded has proved, for `armed`."""
        ...

    @property
    def is_rented(self) -> bool:
        """Whether the machine is one of many that are rented out: then it is tried before the run begins."""
        ...

    @property
    def is_stand_in(self) -> bool:
        """Whether the place is played on this very computer, which rents out no GPU."""
        ...

    async def read(self) -> PodReading:
        """Proves at once whatever the release will need. Raises PodUnreadable."""
        ...

    async def take(self, way: str) -> bool:
        """Try that way. True when the place took it, also when it knows no such pod. Never raises."""
        ...

    def as_told(self) -> Mapping[str, str]:
        """All that another process needs to be the same pod, `place` among it. Holds the key."""
        ...


class EndsWithItsProgram:
    """What is the same at every place where a pod ends with its program, and nobody starts that again: there is no
    way to take, and nobody who could be asked."""

    @property
    def ways(self) -> tuple[Way, ...]:
        return ()

    @property
    def powerless(self) -> str:
        return ""

    @property
    def is_stand_in(self) -> bool:
        return False

    async def take(self, way: str) -> bool:
        return False
