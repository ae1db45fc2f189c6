"""What can be rented now at every place, and what this very job would take and cost there. Reads alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from launcher.domain.choice import blocked_by, matches
from launcher.domain.cost import worst_case_cost_usd
from launcher.domain.offer import Offer
from launcher.domain.plan import DatasetSummary, Estimate
from launcher.domain.pod import new_nonce
from launcher.errors import (
    HubError,
    LauncherError,
    NotConfigured,
    NothingAvailable,
)
from launcher.providers.place import Place
from launcher.providers.registry import MACHINES
from launcher.recipes import recipe_of
from launcher.services.common.boot_budget import start_seconds
from launcher.services.common.document_text import document_text
from launcher.services.common.workbench import Workbench
from pod_image.contract import CONTRACT_VERSION
from pod_image.contract.common_settings import Cloud
from pod_image.contract.datasets import chosen_datasets
from pod_image.contract.environment import Attempt, RunDocument
from pod_image.contract.findings import Finding
from pod_image.contract.next_steps import Said, Sentence
from pod_image.contract.own_machine import PROCESSOR
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
class PlaceNotes:
    """What one place cannot promise, or is missing there, as a plan would say it."""

    place: Place
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class OffersFound:
    """Cheapest for this job first: by the expected cost, else by the price of an hour; what does not fit comes last.
    `troubles`: what could not be looked at.
    """

    offers: tuple[PricedOffer, ...]
    troubles: tuple[Said, ...] = ()
    notes: tuple[PlaceNotes, ...] = ()

    @property
    def fitting(self) -> tuple[PricedOffer, ...]:
        return tuple(each for each in self.offers if each.fits)

    @property
    def has_gpu(self) -> bool:
        """A computer without one is offered too, and is no answer to whether a GPU is free."""
        return any(each.offer.gpu_type != PROCESSOR for each in self.fitting)


async def look_for_offers(
    bench: Workbench, settings: RunSettings, places: Sequence[str] = ()
) -> OffersFound:
    """Offers of these places, or of every place that there is a key for. Raises NotConfigured for a place that was
    named and whose key is missing; a place that does not answer is a trouble.
    """
    asked = _at(bench, places)
    dataset, troubles = await _dataset(bench, settings)
    return await _offers(bench, settings, asked, dataset, troubles, are_named=bool(places))


async def wait_for_stock(
    bench: Workbench, settings: RunSettings, places: Sequence[str], longest: timedelta
) -> OffersFound:
    """The same once there is an offer that fits. A place that does not tell its stock ends no waiting for another's,
    nor does a machine of one's own, which is always there. Raises NothingAvailable where there was none in that time.
    """
    give_up_at = bench.clock.now() + longest
    asked, are_named = _at(bench, places), bool(places)
    told = [each for each in asked if _sells_out(each.place)] or asked
    dataset, troubles = await _dataset(bench, settings)
    while True:
        found = await _offers(
            bench, settings, told, dataset, troubles, are_named=are_named, stays=True
        )
        if found.fitting and len(told) == len(asked):
            return found
        if found.fitting:
            return await _offers(bench, settings, asked, dataset, troubles, are_named=are_named)
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
    """Those that are named; else all that can be asked. A machine that takes neither key nor name is among them before
    anything ran there, since it is the cheapest place; nothing of ours is looked for there until then.
    """
    if places:
        return [bench.at(name) for name in places]
    found = {each.place.name: each for each in bench.everywhere()}
    for name in (bench.place.name, *bench.others):
        at = bench.at(name)
        if at.place.key is None and name not in MACHINES:
            found.setdefault(name, at)
    if not any(each.place.is_rented for each in found.values()):
        found.setdefault(bench.place.name, bench)  # which says that its key is missing
    return tuple(found.values())


async def _offers(
    bench: Workbench,
    settings: RunSettings,
    asked: Sequence[Workbench],
    dataset: DatasetSummary | None,
    troubles: Sequence[Said],
    *,
    are_named: bool,
    stays: bool = False,
) -> OffersFound:
    """Raises why where no place could be asked at all; with `stays` only what another look cannot mend.

    `are_named`: somebody named the places, so a key that is missing for one of them is no mere trouble.
    """
    said, history = [*troubles], bench.runs.runs()
    needed_gb = recipe_of(settings).memory_needed(settings, dataset).gb
    found: list[PricedOffer] = []
    notes: list[PlaceNotes] = []
    failed: list[LauncherError] = []
    for at_place in asked:
        try:
            told = await at_place.provider.notes(_document(at_place, settings))
            offers = await at_place.provider.offers(
                settings.gpu_count, Cloud.ANY, settings.data_centers, nodes=settings.nodes
            )
        except LauncherError as error:
            failed.append(error)
            if isinstance(error, NotConfigured) and are_named:
                raise
            is_lasting = all(isinstance(each, NotConfigured) for each in failed)
            if len(failed) == len(asked) and (is_lasting or not stays):
                raise
            said.append(Sentence(f"{at_place.place.title}: ", error.message))
            continue
        if offers and told:
            notes.append(PlaceNotes(at_place.place, told))
        starts = start_seconds(settings, at_place.place)
        found += [
            PricedOffer(
                place=at_place.place,
                offer=offer,
                blocked=_blocked(offer, needed_gb, settings),
                most_usd=worst_case_cost_usd(
                    offer.price_per_hour_usd, settings.max_hours, settings.max_cost_usd
                ),
                estimate=recipe_of(settings).estimate(settings, dataset, offer, history, starts),
            )
            for offer in offers
        ]
    return OffersFound(tuple(sorted(found, key=_rank)), tuple(said), tuple(notes))


def _document(at_place: Workbench, settings: RunSettings) -> str:
    """What a machine of one's own is asked whether it has: a run with these settings, which is never started."""
    if at_place.place.is_rented:
        return ""
    now = at_place.clock.now()
    document = RunDocument(
        contract=CONTRACT_VERSION,
        run_id="run-01",
        attempt=Attempt(number=1, nonce=new_nonce()),
        settings=settings,
        deadline=now + timedelta(hours=settings.max_hours),
        price_per_hour_usd=0.0,
        place=at_place.place.kind,
    )
    return document_text(document)


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
    """What is known to be cheap before what may be; what costs nothing is known to."""
    estimate, price = each.estimate, each.offer.price_per_hour_usd
    cost = estimate.cost_usd if estimate is not None else price
    return (not each.fits, estimate is None and price > 0, cost, price)
