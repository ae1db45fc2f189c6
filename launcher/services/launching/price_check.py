"""Whether a pod costs what was agreed: what the create's answer says beside the plan. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from launcher.domain.account import ROUNDING_USD
from launcher.domain.offer import Offer
from launcher.providers.place import Place
from launcher.services.common.disk_room import rented_disk_gb
from launcher.services.launching.boot import NeverCameUp
from pod_image.contract.figures import dollars, dollars_per_hour
from pod_image.contract.settings import RunSettings

HOURS_PER_MONTH = 720.0


class DearerThanAgreed(NeverCameUp):
    """It is given back before it has cost a cent; another candidate may be at its price."""


def check_price(
    price_per_hour_usd: float, offer: Offer, settings: RunSettings, place: Place
) -> None:
    """Raises DearerThanAgreed. A price that the provider does not tell is none to compare."""
    disk_gb = rented_disk_gb(settings) * settings.nodes
    disk_usd = disk_gb * place.disk_usd_per_gb_month / HOURS_PER_MONTH
    if price_per_hour_usd <= offer.price_per_hour_usd + disk_usd + ROUNDING_USD:
        return
    raise DearerThanAgreed(
        f"{place.title} charges {dollars_per_hour(price_per_hour_usd)} for this {offer.gpu_name}, but "
        f"{dollars(offer.price_per_hour_usd)} was agreed. It is released at once."
    )


def dearest_agreed(candidates: Sequence[Offer], gpu_name: str) -> Offer:
    """The candidate whose price an earlier launch's pod is held to: the dearest of its kind, or of all."""
    alike = [offer for offer in candidates if offer.gpu_name == gpu_name]
    return max(alike or candidates, key=lambda offer: offer.price_per_hour_usd)
