"""What the account that pays may spend, and what of that is taken already. Arithmetic alone."""

from __future__ import annotations

from dataclasses import dataclass

ROUNDING_USD = 0.005
"""Prices and sums are shown in cents: what is not a whole cent apart is the same."""


@dataclass(frozen=True)
class Account:
    """What the key's account can spend. null where the provider does not say."""

    balance_usd: float | None = None
    spend_per_hour_usd: float | None = None
    """What everything running on the account costs now, whoever started it."""
    account_id: str = ""
    """The provider's ID of the account; empty where it gives none."""
    spend_limit_usd: float | None = None
    """The most that everything together may cost an hour."""
    most_pods: int | None = None
    """Maximum number of pods at a time."""
    pods: int | None = None
    """Number of pods now; only where `most_pods` is known."""
    is_invoiced: bool = False
    """The account is billed afterwards: a low balance does not stop a run."""
    lacks: tuple[str, ...] = ()
    """Scopes that the key lacks, by the provider's names; without them the other fields are not known."""

    @property
    def hourly_room_usd(self) -> float | None:
        """What may be added to what runs already, in an hour; None where there is no limit that is known."""
        if self.spend_limit_usd is None:
            return None
        return max(0.0, self.spend_limit_usd - (self.spend_per_hour_usd or 0.0))

    def has_room_for(self, price_per_hour_usd: float) -> bool:
        """Whether a pod at that price stays within the hourly limit, as far as that is known."""
        room = self.hourly_room_usd
        return room is None or price_per_hour_usd <= room + ROUNDING_USD

    @property
    def has_room_for_a_pod(self) -> bool:
        """Whether one more may exist, as far as that is known."""
        return self.most_pods is None or self.pods is None or self.pods < self.most_pods
