"""What RunPod is sent to make a pod."""

from __future__ import annotations

import shlex
from typing import Any

from launcher.domain.pod import PodOrder
from launcher.errors import InvalidRequest
from launcher.providers.runpod.answers import TIERS

MOST_VARIABLES = 50
"""RunPod takes no more in a pod's environment."""


def create_body(order: PodOrder, *, has_arrays: bool = True) -> dict[str, Any]:
    """The body of the create. Raises InvalidRequest for what RunPod would not take.

    GPU count and tier are always spelt out: left out, a count has matched no machine at all. `has_arrays`: it takes
    `entrypoint` and `cmd`, which are newer than the published description; without them the image's own entry point
    gets all the words.
    """
    environment = pod_environment_of(order)
    gpu: dict[str, Any] = {"id": order.gpu_type, "count": order.gpu_count}
    if order.min_cuda_version:
        gpu["minCudaVersion"] = order.min_cuda_version
    body: dict[str, Any] = {
        "name": order.name,
        "image": order.image,
        "gpu": gpu,
        "cloud": TIERS[order.cloud],
        "disk": order.disk_gb,
        "env": environment,
    }
    if order.data_centers:
        body["dataCenterIds"] = list(order.data_centers)
    if order.registry:
        body["registry"] = order.registry
    if order.entry_point and has_arrays:
        body |= {"entrypoint": list(order.entry_point), "cmd": list(order.start_command)}
    elif order.start_command:
        body["args"] = shlex.join((*order.entry_point, *order.start_command))
    return body


def pod_environment_of(order: PodOrder) -> dict[str, str]:
    """As it is sent. Raises InvalidRequest for more variables than a pod can have."""
    environment = {
        **order.environment,
        **{name: value.get_secret_value() for name, value in order.secrets.items()},
    }
    if len(environment) > MOST_VARIABLES:
        raise InvalidRequest(
            f"A pod can have {MOST_VARIABLES} variables; this run needs {len(environment)}."
        )
    return environment
