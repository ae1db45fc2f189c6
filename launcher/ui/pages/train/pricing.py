"""Time and price of a choice, reckoned at once from what is known: no request is made. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from launcher.domain.choice import blocked_by, candidates
from launcher.domain.cost import hours_until_capped, worst_case_cost_usd
from launcher.domain.offer import Offer
from launcher.domain.plan import DatasetSummary, Estimate
from launcher.domain.run import Run
from launcher.errors import NothingAvailable
from launcher.recipes import recipe_of
from launcher.services.common.boot_budget import start_seconds
from launcher.services.common.places import place_of
from pod_image.contract.next_steps import Said
from pod_image.contract.settings import RunSettings


@dataclass(frozen=True)
class Quote:
    """What the settings would cost. `offer` is None when prices are unknown or nothing fits (`problem`)."""

    settings: RunSettings
    offer: Offer | None = None
    estimate: Estimate | None = None
    dearest_per_hour_usd: float = 0.0
    """Of all GPUs that would be tried one after the other."""
    problem: Said = ""
    hint: Said = ""

    @property
    def worst_case_usd(self) -> float:
        """The cap, or what the time cap lets the dearest candidate cost, whichever is less."""
        if self.offer is None:
            return self.settings.max_cost_usd
        return worst_case_cost_usd(
            self.dearest_per_hour_usd, self.settings.max_hours, self.settings.max_cost_usd
        )

    @property
    def hours_until_capped(self) -> float:
        price = self.offer.price_per_hour_usd if self.offer else 0.0
        return hours_until_capped(price, self.settings.max_hours, self.settings.max_cost_usd)

    @property
    def is_cut_short(self) -> bool:
        """Whether a cap would end the run before it is done, by the estimate."""
        return self.estimate is not None and self.estimate.hours > self.hours_until_capped


def quote(
    settings: RunSettings,
    dataset: DatasetSummary | None,
    offers: Sequence[Offer] | None,
    history: Sequence[Run],
) -> Quote:
    """`offers` None means that prices are not known yet."""
    if offers is None:
        return Quote(settings)
    recipe = recipe_of(settings)
    try:
        found = candidates(offers, settings, recipe.memory_needed(settings, dataset))
    except NothingAvailable as error:
        return Quote(settings, problem=error.message, hint=error.hint)
    dearest = max(offer.price_per_hour_usd for offer in found)
    starts = start_seconds(settings, place_of(settings))
    estimate = recipe.estimate(settings, dataset, found[0], history, starts)
    return Quote(settings, found[0], estimate, dearest)


@dataclass(frozen=True)
class GpuRow:
    """One line of the GPU table. `blocked` says why it cannot be taken, or is empty."""

    offer: Offer
    needed_gb: float
    hours: float | None
    total_usd: float | None
    blocked: str = ""
    is_recommended: bool = False


def gpu_rows(
    settings: RunSettings,
    dataset: DatasetSummary | None,
    offers: Sequence[Offer],
    history: Sequence[Run],
) -> list[GpuRow]:
    """Every offer: those that can be taken first, by total cost where it is known, else by price."""
    recipe = recipe_of(settings)
    needed_gb = recipe.memory_needed(settings, dataset).gb
    starts = start_seconds(settings, place_of(settings))
    rows = []
    for offer in offers:
        found = recipe.estimate(settings, dataset, offer, history, starts)
        rows.append(
            GpuRow(
                offer,
                needed_gb,
                found.hours if found else None,
                found.cost_usd if found else None,
                blocked_by(offer, needed_gb, settings),
            )
        )
    rows.sort(key=_order)
    for number, row in enumerate(rows):
        if not row.blocked:
            rows[number] = replace(row, is_recommended=True)
            break
    return rows


def _order(row: GpuRow) -> tuple[bool, float, float]:
    cost = row.total_usd if row.total_usd is not None else row.offer.price_per_hour_usd
    return bool(row.blocked), cost, row.offer.price_per_hour_usd
