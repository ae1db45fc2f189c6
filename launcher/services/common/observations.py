"""What can be seen of a run from outside, as values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from launcher.domain.pod import Pod, PodStatus
from launcher.domain.run import Run
from pod_image.contract.events import Event


@dataclass(frozen=True)
class EventSeen:
    """The pod said something; each `seq` once and in order."""

    event: Event


@dataclass(frozen=True)
class LogSeen:
    """A line of the container or the system that is no event."""

    source: str
    text: str
    at: datetime | None


@dataclass(frozen=True)
class PodSeen:
    """The pod's status changed, or whether a cluster has its first pod. `before` is None for the first look."""

    pod: Pod
    before: PodStatus | None


@dataclass(frozen=True)
class RestartSeen:
    """The pod's uptime jumped back: the platform has started the container again."""

    uptime_seconds: float


@dataclass(frozen=True)
class ReleasedHere:
    """The pod outstayed its run and was released from this machine."""

    pod_id: str
    why: str


@dataclass(frozen=True)
class PlaceSilent:
    """The place, by its title, has not answered since then; said once, until it answers."""

    place: str
    since: datetime
    why: str


@dataclass(frozen=True)
class PlaceAnswers:
    """It answers again, after a PlaceSilent."""

    place: str


@dataclass(frozen=True)
class RunEnded:
    """The last observation: the pod is gone and the history knows the end."""

    run: Run


@dataclass(frozen=True)
class Tick:
    """Time went on. `is_fresh`: the pod was looked at just now; `trouble` says why that failed.

    `uptime_seconds`: of the container, as last seen; 0 while none was.
    """

    at: datetime
    trouble: str = ""
    uptime_seconds: float = 0.0
    is_fresh: bool = True


@dataclass(frozen=True)
class Gone:
    """The pod does not exist any more, and its log has been read to the end."""


Observation = (
    EventSeen
    | LogSeen
    | PodSeen
    | RestartSeen
    | ReleasedHere
    | PlaceSilent
    | PlaceAnswers
    | RunEnded
)
"""What `watch` yields."""
RawObservation = EventSeen | LogSeen | PodSeen | RestartSeen | Tick | Gone
"""What `follow` yields: raw material for `watch` and `launch`."""
