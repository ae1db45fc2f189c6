"""A GPU that can be rented now, with its price."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import total_ordering

from pod_image.contract.settings import Cloud


@total_ordering
class Stock(StrEnum):
    """The provider's own word on how many are free; a hint, not a reservation."""

    NONE = "none"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"

    def __lt__(self, other: object) -> bool:
        if not isinstance(other, Stock):
            return NotImplemented
        order = list(Stock)
        return order.index(self) < order.index(other)


@dataclass(frozen=True)
class Offer:
    """One GPU type in one tier, and where it is free. `price_per_hour_usd` is for all `gpu_count` GPUs."""

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
