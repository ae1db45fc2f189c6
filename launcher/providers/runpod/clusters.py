"""Clusters in our words: the order for one, and its pods as the one pod that everybody else sees. No HTTP."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

from launcher.domain.pod import Pod, PodName, PodOrder, PodStatus
from launcher.domain.pod_ids import CLUSTER_PREFIX, is_cluster
from launcher.errors import InvalidRequest
from launcher.providers.runpod.wire import ClusterWire, PodWire
from pod_image.contract.common_settings import Cloud

CLUSTER_TYPE = "TRAINING"

_WORST_FIRST = (
    PodStatus.ERROR,
    PodStatus.EXITED,
    PodStatus.UNKNOWN,
    PodStatus.PROVISIONING,
    PodStatus.STARTING,
    PodStatus.RUNNING,
)
_OVER = (PodStatus.ERROR, PodStatus.EXITED)


def our_id(cluster_id: str) -> str:
    return f"{CLUSTER_PREFIX}{cluster_id}"


def their_id(pod_id: str) -> str:
    """RunPod's own id of the cluster; empty for the id of a pod."""
    return pod_id.removeprefix(CLUSTER_PREFIX) if is_cluster(pod_id) else ""


def cluster_body(order: PodOrder, environment: Mapping[str, str]) -> dict[str, Any]:
    """The body of the create. Raises InvalidRequest for what a cluster cannot have.

    There is no field for a tier, a CUDA version or arrays of words: an entry point stands before the command.
    """
    if order.registry:
        raise InvalidRequest(
            "A RunPod cluster cannot have an image from a private registry.",
            hint="Use a public image, or one node.",
        )
    if order.cloud is not Cloud.SECURE:
        raise InvalidRequest("RunPod offers clusters in the secure tier only.")
    body: dict[str, Any] = {
        "name": order.name,
        "type": CLUSTER_TYPE,
        "compute": {
            "gpuTypeId": order.gpu_type,
            "gpuCountPerPod": order.gpu_count,
            "podCount": order.nodes,
        },
        "image": order.image,
        "disk": order.disk_gb,
        "env": dict(environment),
    }
    if order.data_centers:
        body["dataCenterIds"] = list(order.data_centers)
    if words := (*order.entry_point, *order.start_command):
        body["args"] = shlex.join(words)
    return body


def first_of(members: Iterable[PodWire]) -> PodWire | None:
    """The pod that speaks for the cluster, once it is known which that is."""
    return next((each for each in members if each.cluster.rank == 0), None)


def cluster_of(cluster_id: str, members: Sequence[PodWire], pods: Sequence[Pod]) -> Pod:
    """The pods of one cluster that are there, at least one, `pods` being the same in our words, as one.

    Its price is that of all of them, and its status the worst. Without its first pod nobody can deliver any more:
    beside pods that run, it is in error then.
    """
    ranks = [wire.cluster.rank for wire in members]
    first = next((pod for rank, pod in zip(ranks, pods, strict=True) if rank == 0), None)
    statuses = {pod.status for pod in pods}
    is_headless = None not in ranks if first is None else first.status in _OVER
    # The first may be placed later than the others; beside those that run it is gone.
    is_gone = first is None and is_headless and statuses <= {PodStatus.RUNNING}
    worst = next((each for each in _WORST_FIRST if each in statuses), PodStatus.ERROR)
    speaks = first or pods[0]
    created = [pod.created_at for pod in pods if pod.created_at is not None]
    return replace(
        speaks,
        id=our_id(cluster_id),
        name=_name(speaks),
        status=PodStatus.ERROR if is_gone else worst,
        price_per_hour_usd=sum(pod.price_per_hour_usd for pod in pods),
        created_at=min(created, default=None),
        nodes=len(pods),
        is_headless=is_headless,
    )


def unplaced(wire: ClusterWire) -> Pod:
    """A cluster that has no pods yet, or none any more."""
    return Pod(
        id=our_id(wire.id),
        name=wire.name,
        status=PodStatus.PROVISIONING,
        price_per_hour_usd=0.0,
        created_at=wire.created_at,
        nodes=0,
        is_headless=True,
    )


def _name(pod: Pod) -> str:
    """The name that was ordered, by what its pods were told: what RunPod calls each of them is its own affair."""
    return _told_name(pod.run_json) or pod.name


@lru_cache(maxsize=256)
def _told_name(run_document: str) -> str:
    try:
        document = json.loads(run_document)
        attempt = document["attempt"]
        return str(PodName(str(document["run_id"]), int(attempt["number"]), str(attempt["nonce"])))
    except (TypeError, ValueError, KeyError, RecursionError):
        return ""
