"""Who has a word on which offers a plan tries: nobody beside the settings, or a plan that was agreed to."""

from __future__ import annotations

import math
from dataclasses import dataclass

from launcher.domain.agreed import Agreed
from launcher.domain.choice import MOST_TIMES_THE_PRICE
from launcher.domain.offer import Offer


class FreeChoice:
    """What is on offer, in the order that the settings ask for."""

    most_times_the_price = MOST_TIMES_THE_PRICE

    def ordered(self, candidates: tuple[Offer, ...]) -> tuple[Offer, ...]:
        """What is tried of those that will do, in which order."""
        return candidates


@dataclass(frozen=True)
class AgreedChoice(FreeChoice):
    """The GPUs that were agreed to in the order of then, none dearer. Where the first cannot be had, everything of
    today: then it is said what is there instead.
    """

    agreed: Agreed
    data_centers: tuple[str, ...]
    """Those that the person named."""

    most_times_the_price = math.inf
    """What was agreed to does not become too dear because something cheaper appeared."""

    def ordered(self, candidates: tuple[Offer, ...]) -> tuple[Offer, ...]:
        return self.agreed.held(candidates, self.data_centers) or candidates


FREE_CHOICE = FreeChoice()
