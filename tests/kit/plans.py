"""Offers of GPUs and plans of runs."""

from __future__ import annotations

from typing import Any

from launcher.domain.offer import Offer, Stock
from launcher.domain.plan import Composed, Plan
from pod_image.contract.common_settings import Cloud
from pod_image.contract.settings import RunSettings
from tests.kit.clouds import GPU, RESULTS_REPO


def offer(gpu: str = GPU, name: str = "RTX 4090", price: float = 0.69, **rest: Any) -> Offer:
    """One that can be rented now, for so many dollars an hour."""
    values = {"cloud": Cloud.SECURE, "stock": Stock.HIGH, "gpu_count": 1, "memory_gb": 24, **rest}
    return Offer(gpu_type=gpu, gpu_name=name, price_per_hour_usd=price, **values)


def offer_of(name: str, price: float, memory_gb: int = 24, **rest: Any) -> Offer:
    """The same of another of NVIDIA's GPUs, by its short name."""
    return offer(f"NVIDIA {name}", name, price, memory_gb=memory_gb, **rest)


A5000 = offer_of("RTX A5000", 0.27)


def plan(run_id: str = "run-01", *candidates: Offer, **rest: Any) -> Plan:
    """Of a command that does nothing; `settings` are other settings of it."""
    settings = RunSettings(
        recipe="command",
        argv=("true",),
        results_repo=RESULTS_REPO,
        max_hours=1.0,
        boot_minutes=10.0,
    )
    settings = settings.model_copy(update=rest.pop("settings", {}))
    return Plan(Composed(settings, {}), run_id, candidates or (offer(),), **rest)
