"""Which offers are tried, in which order, and what blocks the others. Pure."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import replace

from launcher.domain.needs import GpuMemory
from launcher.domain.offer import Offer, Stock
from launcher.errors import NothingAvailable
from pod_image.contract.common_settings import Cloud
from pod_image.contract.figures import dollars_per_hour
from pod_image.contract.next_steps import NextStep, Sentence, joined, setting
from pod_image.contract.settings import RunSettings

MOST_TIMES_THE_PRICE = 3.0
"""Without a named GPU type, nothing so much dearer than the first choice is rented in its place."""

_NOISE = {"nvidia", "geforce", "rtx", "tesla", "amd", "gpu"}


def candidates(
    offers: Sequence[Offer],
    settings: RunSettings,
    memory: GpuMemory,
    most_times_the_price: float = MOST_TIMES_THE_PRICE,
) -> tuple[Offer, ...]:
    """The offers that will do, in the order they are tried: GPU by preference, else by price; then tier; then
    data centre in the person's order. `memory` is what the recipe needs on each GPU.

    Raises NothingAvailable that names the nearest offer and what blocks it.
    """
    in_tier = [offer for offer in offers if settings.cloud in (Cloud.ANY, offer.cloud)]
    named = _of_named_types(in_tier, settings)
    needed_gb = 0.0 if settings.gpu_types else memory.gb
    large_enough = [offer for offer in named if offer.memory_gb >= needed_gb]
    free = [
        offer for wanted in large_enough if (offer := _where_free(wanted, settings.data_centers))
    ]
    if not free:
        raise _nothing(offers, in_tier, named, large_enough, settings, memory)
    if not settings.gpu_types:
        most_usd = _cheapest(free).price_per_hour_usd * most_times_the_price
        free = [offer for offer in free if offer.price_per_hour_usd <= most_usd]
    return tuple(
        part
        for offer in sorted(free, key=lambda item: _rank(item, settings))
        for part in _by_data_center(offer, settings.data_centers)
    )


def blocked_by(offer: Offer, needed_gb: float, settings: RunSettings) -> str:
    """Why the offer cannot be taken, whichever GPU types are named; empty for one that can."""
    if offer.memory_gb < needed_gb:
        return f"has {offer.memory_gb} GB, {needed_gb:.0f} GB are needed"
    if settings.cloud not in (Cloud.ANY, offer.cloud):
        return f"{offer.cloud} tier, not chosen"
    if offer.stock is Stock.NONE:
        return "none available"
    wanted, there = set(settings.data_centers), set(offer.data_centers)
    if wanted and there and not wanted & there:
        return "not in the chosen data centres"
    return ""


def matches(wanted: str, offer: Offer) -> bool:
    """Whether a name means that GPU: its id, its display name, or a short form of either such as "4090"."""
    if wanted.strip().casefold() in (offer.gpu_type.casefold(), offer.gpu_name.casefold()):
        return True
    words = _name_parts(wanted)
    return bool(words) and words in (_name_parts(offer.gpu_type), _name_parts(offer.gpu_name))


def _name_parts(name: str) -> tuple[str, ...]:
    parts = re.findall(r"[a-z]+\d*[a-z]*|\d+[a-z]*", name.casefold())
    return tuple(part.removeprefix("rtx") for part in parts if part not in _NOISE)


def _of_named_types(offers: Sequence[Offer], settings: RunSettings) -> list[Offer]:
    if not settings.gpu_types:
        return list(offers)
    return [offer for wanted in settings.gpu_types for offer in offers if matches(wanted, offer)]


def _where_free(offer: Offer, wanted: Sequence[str]) -> Offer | None:
    """The offer in the wanted data centres alone, or None where it is not free there."""
    if offer.stock is Stock.NONE:
        return None
    if not wanted or not offer.data_centers:
        return offer
    there = tuple(name for name in wanted if name in offer.data_centers)
    return replace(offer, data_centers=there) if there else None


def _by_data_center(offer: Offer, wanted: Sequence[str]) -> list[Offer]:
    """One candidate for each data centre the person named; else one for all of them together."""
    if len(wanted) < 2:
        return [replace(offer, data_centers=tuple(wanted) or offer.data_centers)]
    places = [name for name in wanted if not offer.data_centers or name in offer.data_centers]
    return [replace(offer, data_centers=(place,)) for place in places]


def _rank(offer: Offer, settings: RunSettings) -> tuple[float, ...]:
    preference = next(
        (place for place, name in enumerate(settings.gpu_types) if matches(name, offer)), 0
    )
    low_stock = 1.0 if offer.stock is Stock.LOW else 0.0
    return (preference, offer.price_per_hour_usd, offer.cloud is not Cloud.SECURE, low_stock)


def _nothing(
    offers: Sequence[Offer],
    in_tier: Sequence[Offer],
    named: Sequence[Offer],
    large_enough: Sequence[Offer],
    settings: RunSettings,
    memory: GpuMemory,
) -> NothingAvailable:
    if not offers:
        wanted = f" (wanted: {', '.join(settings.gpu_types)})" if settings.gpu_types else ""
        return NothingAvailable(
            f"No pod with {settings.gpu_count} GPU(s) of any type is available now{wanted}.",
            hint=Sentence(
                "Try again in a few minutes; ",
                NextStep.LIST_GPUS,
                " shows what is available.",
            ),
        )
    if settings.gpu_types and not named:
        return _unknown_type(offers, settings)
    if not in_tier:
        return NothingAvailable(
            f"Nothing is available in the {settings.cloud.value} tier.",
            hint=Sentence(f"Nearest: {_offer_text(_cheapest(offers))}: ", setting("cloud", "any")),
        )
    if not large_enough:
        largest = max(named, key=lambda offer: offer.memory_gb)
        return NothingAvailable(
            f"No GPU has the {memory.gb:.0f} GB that this run needs ({memory.basis}).",
            hint=joined([f"Nearest: {_offer_text(largest)}.", memory.hint]),
        )
    nearest = _cheapest(large_enough)
    if nearest.stock is Stock.NONE:
        wanted = ", ".join(settings.gpu_types) or "GPU that fits"
        return NothingAvailable(
            f"No {wanted} is available now.",
            hint=Sentence(
                f"Nearest: {_offer_text(nearest)}, none available. Try other ",
                setting("gpu_types"),
                ", or ",
                setting("cloud", "any"),
                ".",
            ),
        )
    return NothingAvailable(
        f"No GPU that fits is available in {', '.join(settings.data_centers)}.",
        hint=f"Nearest: {_offer_text(nearest)} in {', '.join(nearest.data_centers)}.",
    )


def _unknown_type(offers: Sequence[Offer], settings: RunSettings) -> NothingAvailable:
    wanted = ", ".join(settings.gpu_types)
    names = sorted({offer.gpu_name for offer in offers})
    elsewhere = [offer for offer in offers if any(matches(w, offer) for w in settings.gpu_types)]
    if elsewhere:
        tier = elsewhere[0].cloud.value
        return NothingAvailable(
            f"No {wanted} in the {settings.cloud.value} tier.",
            hint=Sentence(
                f"Nearest: {_offer_text(_cheapest(elsewhere))}: ", setting("cloud", tier)
            ),
        )
    close = difflib.get_close_matches(settings.gpu_types[0], names, n=3, cutoff=0.3) or names[:6]
    return NothingAvailable(
        f"No GPU type {wanted} is on offer.",
        hint=Sentence(
            f"On offer, for example: {', '.join(close)}. ", NextStep.LIST_GPUS, " lists all."
        ),
    )


def _cheapest(offers: Sequence[Offer]) -> Offer:
    return min(offers, key=lambda offer: offer.price_per_hour_usd)


def _offer_text(offer: Offer) -> str:
    return (
        f"{offer.gpu_name} ({offer.memory_gb} GB, {offer.variant}) "
        f"at {dollars_per_hour(offer.price_per_hour_usd)}"
    )
