"""GPU prices and looks at datasets, asked for once and shared by the pages of a session for a short time."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from launcher.clock import Clock

if TYPE_CHECKING:
    from launcher.domain.offer import Offer
    from launcher.domain.plan import DatasetSummary
    from launcher.services.common.workbench import Workbench
    from pod_image.contract.datasets import ChosenDataset
    from pod_image.contract.findings import Finding

PRICES_FRESH = timedelta(minutes=2)
DATASETS_FRESH = timedelta(minutes=10)


@dataclass(frozen=True)
class Prices:
    offers: tuple[Offer, ...]
    at: datetime


@dataclass(frozen=True)
class DatasetSeen:
    summary: DatasetSummary
    findings: tuple[Finding, ...]
    at: datetime


@dataclass
class Market:
    """Holds nothing secret: prices by place and number of GPUs, datasets by repos and revisions."""

    clock: Clock
    _prices: dict[tuple[str, int], Prices] = field(default_factory=dict)
    _datasets: dict[tuple[ChosenDataset, ...], DatasetSeen] = field(default_factory=dict)

    def known_prices(self, place: str, gpu_count: int) -> Prices | None:
        """The last prices of the place, however old."""
        return self._prices.get((place, gpu_count))

    async def prices(self, bench: Workbench, gpu_count: int, *, anew: bool = False) -> Prices:
        """Those of the bench's place. Raises ProviderError or NotConfigured."""
        from pod_image.contract.common_settings import Cloud

        key = (bench.place.name, gpu_count)
        known = self._prices.get(key)
        if known is not None and not anew and self.clock.now() - known.at < PRICES_FRESH:
            return known
        offers = await bench.provider.offers(gpu_count, Cloud.ANY, ())
        prices = self._prices[key] = Prices(tuple(offers), self.clock.now())
        return prices

    def known_datasets(self, chosen: tuple[ChosenDataset, ...]) -> DatasetSeen | None:
        return self._datasets.get(chosen)

    async def datasets(self, bench: Workbench, chosen: tuple[ChosenDataset, ...]) -> DatasetSeen:
        """A look at one dataset, or at several as one. Raises HubError or NotConfigured."""
        from launcher.services.planning.dataset_look import look_at_all
        from launcher.services.planning.pinning import pinned

        known = self._datasets.get(chosen)
        if known is not None and self.clock.now() - known.at < DATASETS_FRESH:
            return known
        hub = bench.hub
        summary, findings = await hub.run(look_at_all, hub.dataset, await pinned(hub, chosen))
        seen = self._datasets[chosen] = DatasetSeen(summary, findings, self.clock.now())
        return seen
