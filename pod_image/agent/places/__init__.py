"""The pod's half of each place: one file each, chosen by what the launcher named."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import httpx

from pod_image.agent.places.base import OwnPod
from pod_image.agent.places.hf_jobs import JobPod
from pod_image.agent.places.local import LocalPod
from pod_image.agent.places.runpod import RunPodPod
from pod_image.agent.places.ssh import SshPod
from pod_image.contract.environment import RUN_VARIABLE
from pod_image.contract.places import place_of_pod

Http = Callable[[], httpx.AsyncClient]
_FROM_ENVIRONMENT: Mapping[str, Callable[[Mapping[str, str], Http], OwnPod]] = {
    "runpod": RunPodPod.from_environment,
    "hf-jobs": JobPod.from_environment,
    "local": LocalPod.from_environment,
    "ssh": SshPod.from_environment,
}
_FROM_TOLD: Mapping[str, Callable[[Mapping[str, str], Http], OwnPod]] = {
    "runpod": RunPodPod.from_told,
    "hf-jobs": JobPod.from_told,
    "local": LocalPod.from_told,
    "ssh": SshPod.from_told,
}


def own_pod(environment: Mapping[str, str], http: Http) -> OwnPod:
    """The pod that this environment is of; one without an id where it is of none."""
    place = place_of_pod(environment, environment.get(RUN_VARIABLE, ""))
    return _FROM_ENVIRONMENT[place](environment, http)


def told_pod(told: Mapping[str, str], http: Http) -> OwnPod:
    """The pod of another process's `as_told`."""
    return _FROM_TOLD[told["place"]](told, http)
