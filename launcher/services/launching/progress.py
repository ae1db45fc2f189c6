"""What a launch tells while it goes on, as values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from launcher.domain.offer import Offer
from launcher.domain.run import Run
from launcher.services.common.observations import RawObservation


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
