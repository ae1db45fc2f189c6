"""A GPU that can be rented now, with its price."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from pod_image.contract.common_settings import Cloud


class Stock(StrEnum):
    """How many are free, in the provider's own word, from none to high; not a reservation. A provider that does not
    say lists what can be requested."""

    NONE = "none"
    LOW = "low"
    NOT_TOLD = "not told"
    MEDIUM = "medium"
    HIGH = "high"

    @property
    def text(self) -> str:
        """For people; the value itself is what JSON has."""
        return "not reported" if self is Stock.NOT_TOLD else self.value

    @property
    def rank(self) -> int:
        return list(Stock).index(self)

    # All four: text has an order of its own, which functools.total_ordering would leave in place.
    def __lt__(self, other: object) -> bool:
        return self.rank < other.rank if isinstance(other, Stock) else NotImplemented

    def __le__(self, other: object) -> bool:
        return self.rank <= other.rank if isinstance(other, Stock) else NotImplemented

    def __gt__(self, other: object) -> bool:
        return self.rank > other.rank if isinstance(other, Stock) else NotImplemented

    def __ge__(self, other: object) -> bool:
        return self.rank >= other.rank if isinstance(other, Stock) else NotImplemented


@dataclass(frozen=True)
class Offer:
    """One GPU type in one tier, and where it is free. `price_per_hour_usd` is for all `gpu_count` GPUs of all nodes."""

    gpu_type: str
    """The provider's id, such as "NVIDIA GeForce RTX 4090"."""
    gpu_name: str
    """Short display name, such as "RTX 4090"."""
    gpu_count: int
    memory_gb: int
    """GPU memory of one GPU."""
    cloud: Cloud
    price_per_hour_usd: float
    stock: Stock
    data_centers: tuple[str, ...] = ()
    """Data centres with stock; empty when the provider does not say."""
    avoids: tuple[str, ...] = ()
    """Data centers with stock that are left out because a machine there failed recently."""
    flavour: str = ""
    """What tells it from other offers of the same GPU, at a place without tiers."""
    nodes: int = 1
    """Pods with `gpu_count` GPUs each; more than one are a cluster."""

    @property
    def counted(self) -> str:
        """What stands before the GPU's name where there are several of it: "2 nodes of 4 x "."""
        count = f"{self.gpu_count} x " if self.gpu_count > 1 else ""
        return f"{self.nodes} nodes of {count or '1 x '}" if self.nodes > 1 else count

    @property
    def variant(self) -> str:
        """The same at any place: the tier, or the flavour."""
        return self.flavour or self.cloud.value

    def data_centers_sent(self, wanted: Sequence[str]) -> tuple[str, ...]:
        """Those that an order names. Without a wish the provider chooses: it knows better than a list that is
        seconds old.
        """
        return self.data_centers if wanted or self.avoids else ()


def shown_gpu(gpu_type: str) -> str:
    """A GPU's name as offers show it, of a provider's own name for it: without its maker."""
    return gpu_type.removeprefix("NVIDIA ").removeprefix("GeForce ")
