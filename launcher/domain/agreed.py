"""What is agreed to with a plan: its requests with everything held still that differs each time, its offers, a hash."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

from launcher.domain.offer import Offer

SHORTEST_HASH = 8
"""So many of its characters name a plan, where no other begins with them."""
SHOWN_HASH = 12
"""So many are shown to people."""


@dataclass(frozen=True)
class AgreedOffer:
    """A GPU that may be rented for the plan, and the most that its hour may cost. `data_centers`: as they are sent."""

    gpu_type: str
    gpu_name: str
    gpu_count: int
    cloud: str
    data_centers: tuple[str, ...]
    price_per_hour_usd: float

    @classmethod
    def of(cls, offer: Offer, wanted_data_centers: Sequence[str]) -> AgreedOffer:
        return cls(
            gpu_type=offer.gpu_type,
            gpu_name=offer.gpu_name,
            gpu_count=offer.gpu_count,
            cloud=str(offer.cloud),
            data_centers=offer.data_centers_sent(wanted_data_centers),
            price_per_hour_usd=round(offer.price_per_hour_usd, 6),
        )

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> AgreedOffer:
        """Raises TypeError for one that was written otherwise."""
        return cls(**{**document, "data_centers": tuple(document["data_centers"])})

    def allows(self, other: AgreedOffer) -> bool:
        """Whether the other is the same GPU, in no place that was not agreed to; whatever it costs."""
        is_same = (self.gpu_type, self.gpu_count, self.cloud) == (
            other.gpu_type,
            other.gpu_count,
            other.cloud,
        )
        is_placed = not self.data_centers or (
            bool(other.data_centers) and {*other.data_centers} <= {*self.data_centers}
        )
        return is_same and is_placed

    @property
    def sentence(self) -> str:
        count = f"{self.gpu_count} x " if self.gpu_count > 1 else ""
        places = f" in {', '.join(self.data_centers)}" if self.data_centers else ""
        return f"{count}{self.gpu_name}, {self.cloud} tier{places}"


@dataclass(frozen=True)
class Agreed:
    """`requests`: what would be sent for the first offer, as JSON, without its price and place. Those are in `offers`,
    which are tried in their order.

    Equal inputs make equal ones, in any process and on any computer: neither nonce nor attempt nor time is in it.
    """

    requests: Sequence[Mapping[str, Any]]
    offers: tuple[AgreedOffer, ...]

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Agreed:
        """Raises TypeError, KeyError or AttributeError for one that was written otherwise."""
        return cls(document["requests"], tuple(map(AgreedOffer.read, document["offers"])))

    def document(self) -> dict[str, Any]:
        return {"requests": list(self.requests), "offers": [asdict(each) for each in self.offers]}

    @cached_property
    def hash(self) -> str:
        """64 hexadecimal digits."""
        text = json.dumps(self.document(), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    def held(self, offers: tuple[Offer, ...], wanted: Sequence[str]) -> tuple[Offer, ...]:
        """Those of today's offers that were agreed to and cost no more, in the order of then; empty where the first
        is not among them. `wanted` are the data centres that the person named.
        """
        kept = [
            next((each for each in offers if _is_agreed(each, wanted, agreed)), None)
            for agreed in self.offers
        ]
        return tuple(each for each in kept if each is not None) if kept[0] is not None else ()


def _is_agreed(offer: Offer, wanted: Sequence[str], agreed: AgreedOffer) -> bool:
    today = AgreedOffer.of(offer, wanted)
    return agreed.allows(today) and today.price_per_hour_usd <= agreed.price_per_hour_usd
