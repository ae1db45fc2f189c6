"""How long this pod may live and what it costs: pure arithmetic, in the cloud's time."""

from __future__ import annotations

import math
from dataclasses import dataclass

from pod_image.contract.outcomes import EndReason


@dataclass(frozen=True)
class Limits:
    """The caps of one pod. Times are unix seconds of the cloud's clock; a restart changes none of them."""

    created_at: float
    time_limit_at: float
    price_per_hour_usd: float
    max_cost_usd: float

    @property
    def cost_limit_at(self) -> float:
        """When the pod will have cost `max_cost_usd`; infinite for a pod that costs nothing."""
        if self.price_per_hour_usd <= 0:
            return math.inf
        return self.created_at + self.max_cost_usd / self.price_per_hour_usd * 3600

    @property
    def ends_at(self) -> float:
        """The moment of release, whatever is going on."""
        return min(self.time_limit_at, self.cost_limit_at)

    @property
    def cap(self) -> EndReason:
        """Which of the caps comes first."""
        is_time = self.time_limit_at <= self.cost_limit_at
        return EndReason.TIME_CAP if is_time else EndReason.COST_CAP

    def cost_usd(self, now: float) -> float:
        return max(0.0, now - self.created_at) / 3600 * self.price_per_hour_usd

    def share_used(self, now: float) -> float:
        """0 at creation, 1 at the end."""
        span_seconds = self.ends_at - self.created_at
        return 1.0 if span_seconds <= 0 else (now - self.created_at) / span_seconds


@dataclass(frozen=True)
class Caps:
    """What a run's document says of how long its pod may live; numbers alone, so that the guard can be told."""

    deadline: float
    """Unix seconds, whatever restarts."""
    max_hours: float
    """After the pod's own creation."""
    max_cost_usd: float
    price_per_hour_usd: float
    """As it was ordered; what the cloud says it costs goes before."""

    def limits(self, created_at: float, price_per_hour_usd: float | None) -> Limits:
        """The caps of this very pod, from the cloud's figures."""
        return Limits(
            created_at=created_at,
            time_limit_at=min(self.deadline, created_at + self.max_hours * 3600),
            price_per_hour_usd=price_per_hour_usd or self.price_per_hour_usd,
            max_cost_usd=self.max_cost_usd,
        )
