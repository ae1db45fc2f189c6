"""What a launch tells while it goes on, as values, and whom."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from launcher.domain.offer import Offer
from launcher.domain.pod_ids import named_pod
from launcher.domain.run import Run
from launcher.services.common.observations import EventSeen, LogSeen, PodSeen, RawObservation, Tick


class Stage(StrEnum):
    SETTLING = "settling"
    """An earlier launch that was cut off is looked into."""
    PREPARING = "preparing"
    """Results repo and run secrets are made."""
    RENTING = "renting"
    REFUSED = "refused"
    """This candidate was refused; the next one is tried."""
    UNCLEAR = "unclear"
    """The order had no clear answer; its pod is looked for."""
    RENTED = "rented"
    SEEN = "seen"
    """`seen` says what: an event, a log line, a change of the pod."""
    ARMED = "armed"
    """The pod can end itself: it needs nobody from here on."""
    RELEASING = "releasing"
    RELEASED = "released"


@dataclass(frozen=True)
class Progress:
    """One step of a launch. `text` is a sentence for a person."""

    stage: Stage
    text: str
    run: Run | None = None
    offer: Offer | None = None
    seen: RawObservation | None = None


Report = Callable[[Progress], None]


class Reporter:
    """Says every step to whoever asked for the launch."""

    def __init__(self, report: Report) -> None:
        self._report: Report | None = report

    def say(
        self,
        stage: Stage,
        text: str,
        run: Run | None = None,
        offer: Offer | None = None,
        seen: RawObservation | None = None,
    ) -> None:
        """Tell the person. Where nobody can be told any more, the launch goes on in silence."""
        if self._report is None:
            return
        try:
            self._report(Progress(stage, text, run, offer, seen))
        except (OSError, ValueError):  # a terminal or pipe that is gone, or closed here
            self._report = None

    def tell_seen(self, run: Run, seen: RawObservation) -> None:
        match seen:
            case PodSeen(pod=pod):
                self.say(
                    Stage.SEEN, f"{named_pod(pod.id, begins=True)} is {pod.status}.", run, seen=seen
                )
            case EventSeen(event=event):
                self.say(Stage.SEEN, f"The pod says: {event.event}.", run, seen=seen)
            case LogSeen(text=text):
                self.say(Stage.SEEN, text, run, seen=seen)
            case Tick(trouble=trouble) if trouble:
                self.say(Stage.SEEN, trouble, run, seen=seen)
