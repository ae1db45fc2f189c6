"""What can be rented now at every place, and what this very job would take and cost there. Reads alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from launcher.domain.choice import blocked_by, matches
from launcher.domain.cost import worst_case_cost_usd
from launcher.domain.offer import Offer
from launcher.domain.plan import DatasetSummary, Estimate
from launcher.errors import HubError, LauncherError, NotConfigured, NothingAvailable
from launcher.providers.place import Place
from launcher.recipes import recipe_of
from launcher.services.common.workbench import Workbench
from pod_image.contract.common_settings import Cloud
from pod_image.contract.datasets import chosen_datasets
from pod_image.contract.next_steps import Said, Sentence
from pod_image.contract.settings import RunSettings

BETWEEN_LOOKS = timedelta(seconds=30)
"""While stock is waited for: places allow more, and stock comes and goes in minutes."""


@dataclass(frozen=True)
class PricedOffer:
    """One offer with what the job takes there. `blocked`: why the plan would not take it; empty where it would."""

    place: Place
    offer: Offer
    blocked: str
    most_usd: float
    estimate: Estimate | None = None
    """None where nobody can know."""

    @property
    def fits(self) -> bool:
        return not self.blocked


@dataclass(frozen=True)
class OffersFound:
    """Cheapest for this job first: by the expected cost, else by the price of an hour; what does not fit comes last.
    `troubles`: what could not be looked at.
    """

    offers: tuple[PricedOffer, ...]
    troubles: tuple[Said, ...] = ()

    @property
    def fitting(self) -> tuple[PricedOffer, ...]:
        return tuple(each for each in self.offers if each.fits)


async def look_for_offers(
    bench: Workbench, settings: RunSettings, places: Sequence[str] = ()
) -> OffersFound:
    """Offers of these places, or of every place that there is a key for. Raises NotConfigured for a place that was
    named and whose key is missing; a place that does not answer is a trouble.
    """
    return await _offers(bench, settings, places, *await _dataset(bench, settings))


async def wait_for_stock(
    bench: Workbench, settings: RunSettings, places: Sequence[str], longest: timedelta
) -> OffersFound:
    """The same once there is an offer that fits. A place that does not tell its stock ends no waiting for another's,
    nor does a machine of one's own, which is always there. Raises NothingAvailable where there was none in that time.
    """
    give_up_at = bench.clock.now() + longest
    nobody_tells = not any(_sells_out(each.place) for each in _at(bench, places))
    dataset, troubles = await _dataset(bench, settings)
    while True:
        found = await _offers(bench, settings, places, dataset, troubles)
        if any(_sells_out(each.place) or nobody_tells for each in found.fitting):
            return found
        left = give_up_at - bench.clock.now()
        if left <= timedelta(0):
            raise NothingAvailable(
                "No GPU that fits became available in that time.",
                hint="Wait longer, or allow more GPU types or providers.",
            )
        await bench.clock.sleep(min(BETWEEN_LOOKS, left).total_seconds())
        if troubles:  # a Hub that was away may be back
            dataset, troubles = await _dataset(bench, settings)


def _sells_out(place: Place) -> bool:
    """And says so."""
    return place.tells_stock and place.key is not None


def _at(bench: Workbench, places: Sequence[str]) -> Sequence[Workbench]:
    return [bench.at(name) for name in places] if places else bench.everywhere()


async def _offers(
    bench: Workbench,
    settings: RunSettings,
    places: Sequence[str],
    dataset: DatasetSummary | None,
    troubles: Sequence[Said],
) -> OffersFound:
    said, history = [*troubles], bench.runs.runs()
    needed_gb = recipe_of(settings).memory_needed(settings, dataset).gb
    found: list[PricedOffer] = []
    for at_place in _at(bench, places):
        try:
            offers = await at_place.provider.offers(
                settings.gpu_count, Cloud.ANY, settings.data_centers, nodes=settings.nodes
            )
        except LauncherError as error:
            if isinstance(error, NotConfigured) and places:
                raise
            said.append(Sentence(f"{at_place.place.title}: ", error.message))
            continue
        found += [
            PricedOffer(
                place=at_place.place,
                offer=offer,
                blocked=_blocked(offer, needed_gb, settings),
                most_usd=worst_case_cost_usd(
                    offer.price_per_hour_usd, settings.max_hours, settings.max_cost_usd
                ),
                estimate=recipe_of(settings).estimate(settings, dataset, offer, history),
            )
            for offer in offers
        ]
    return OffersFound(tuple(sorted(found, key=_rank)), tuple(said))


def _blocked(offer: Offer, needed_gb: float, settings: RunSettings) -> str:
    """As the plan has it: who names GPU types has said what will do, whatever its memory."""
    if not settings.gpu_types:
        return blocked_by(offer, needed_gb, settings)
    if not any(matches(wanted, offer) for wanted in settings.gpu_types):
        return "not one of the chosen GPU types"
    return blocked_by(offer, 0.0, settings)


async def _dataset(
    bench: Workbench, settings: RunSettings
) -> tuple[DatasetSummary | None, list[Said]]:
    """What there is to train on, since time and memory go by it; without it prices alone are told."""
    chosen = chosen_datasets(settings)
    if not chosen or recipe_of(settings).speech_wanted(settings) is None:
        return None, []
    # Late: what checks a dataset and speaks to the Hub, which a command's offers do without.
    from launcher.services.planning.dataset_look import look_at_all
    from launcher.services.planning.pinning import pinned

    hub = bench.hub
    try:
        summary, _ = await hub.run(look_at_all, hub.dataset, await pinned(hub, chosen))
    except (HubError, NotConfigured) as error:
        return None, [Sentence("The dataset could not be checked: ", error.message)]
    return summary, []


def _rank(each: PricedOffer) -> tuple[bool, bool, float, float]:
    """What is known to be cheap before what may be."""
    estimate = each.estimate
    cost = estimate.cost_usd if estimate is not None else each.offer.price_per_hour_usd
    return (not each.fits, estimate is None, cost, each.offer.price_per_hour_usd)
