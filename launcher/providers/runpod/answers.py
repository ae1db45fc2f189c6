"""RunPod's words for pods, offers and secrets, as ours."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from launcher.domain.offer import Offer, Stock
from launcher.domain.pod import NONCE_VARIABLE, Pod, PodStatus
from launcher.errors import ApiDrift
from launcher.providers.base import AccountSecret
from launcher.providers.runpod.clusters import cluster_of
from launcher.providers.runpod.wire import GpuTypeWire, PodWire, SecretWire
from launcher.providers.told_times import deadline_in
from pod_image.contract.common_settings import Cloud
from pod_image.contract.next_steps import NextStep, Sentence
from pod_image.contract.variables import RUN_VARIABLE

TIERS = {Cloud.SECURE: "SECURE", Cloud.COMMUNITY: "COMMUNITY"}
_STATUSES = {
    "PROVISIONING": PodStatus.PROVISIONING,
    "STARTING": PodStatus.STARTING,
    "RUNNING": PodStatus.RUNNING,
    "EXITED": PodStatus.EXITED,
    "ERROR": PodStatus.ERROR,
    "TERMINATED": PodStatus.TERMINATED,
}
_STOCKS = {"NONE": Stock.NONE, "LOW": Stock.LOW, "MEDIUM": Stock.MEDIUM, "HIGH": Stock.HIGH}

_W = TypeVar("_W", bound=BaseModel)


def pod_of(wire: PodWire) -> Pod:
    tier = {name: cloud for cloud, name in TIERS.items()}.get(wire.cloud)
    nonce, document = wire.env.get(NONCE_VARIABLE), wire.env.get(RUN_VARIABLE)
    return Pod(
        id=wire.id,
        name=wire.name,
        status=_STATUSES.get(wire.status.upper(), PodStatus.UNKNOWN),
        price_per_hour_usd=wire.cost or 0.0,
        created_at=wire.created_at,
        started_at=wire.started_at,
        uptime_seconds=wire.runtime.uptime,
        gpu_type=wire.gpu.id,
        gpu_count=int(wire.gpu.count or 0),
        data_center=wire.data_center,
        cloud=tier,
        image=wire.image,
        nonce=nonce if isinstance(nonce, str) else "",
        deadline=deadline_in(document) if isinstance(document, str) else None,
        run_json=document if isinstance(document, str) else "",
    )


def whole_cluster(cluster_id: str, members: Sequence[PodWire]) -> Pod:
    return cluster_of(cluster_id, members, [pod_of(each) for each in members])


def offers_of(
    types: Iterable[GpuTypeWire], gpu_count: int, tier: Cloud, data_centers: Sequence[str]
) -> Iterable[Offer]:
    wanted = {centre.upper() for centre in data_centers}
    for each in types:
        price = each.price.get(tier.value)
        stock = _stock(each.availability)
        centres = tuple(
            centre.id
            for centre in each.data_centers
            if centre.id and _stock(centre.availability) > Stock.NONE
        )
        if wanted:
            centres = tuple(centre for centre in centres if centre.upper() in wanted)
        if not _is_offered(each, gpu_count, tier) or not price or stock is Stock.NONE:
            continue
        if wanted and not centres:
            continue
        yield Offer(
            gpu_type=each.id,
            gpu_name=each.name or each.id,
            gpu_count=gpu_count,
            memory_gb=int(each.memory or 0),
            cloud=tier,
            price_per_hour_usd=price * gpu_count,
            stock=stock,
            data_centers=centres,
        )


def _is_offered(each: GpuTypeWire, gpu_count: int, tier: Cloud) -> bool:
    """AMD cards are left out: the image's torch is CUDA's. The catalogue once held an entry named unknown."""
    flag = each.secure if tier is Cloud.SECURE else each.community
    most = each.max_count.get(tier.value)
    return (
        flag is not False
        and each.manufacturer.upper() != "AMD"
        and each.id.lower() != "unknown"
        and (most is None or most >= gpu_count)
    )


def _stock(word: str | None) -> Stock:
    if not word:
        return Stock.NONE
    return _STOCKS.get(word.upper(), Stock.LOW)  # a new word is stock, but nothing to count on


def secret_of(wire: SecretWire) -> AccountSecret:
    return AccountSecret(wire.id, wire.name, wire.created_at)


def read_as(model: type[_W], document: Any, what: str) -> _W:
    try:
        return model.model_validate(document)
    except ValidationError as exc:
        raise ApiDrift(
            f"RunPod's answer about {what} has a format that this launcher does not know.",
            hint=Sentence(
                NextStep.COMPARE_API,
                " compares RunPod's API with the one this release was made for.",
            ),
        ) from exc
