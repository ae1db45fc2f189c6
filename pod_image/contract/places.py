"""The places that a pod can be at, and the variables by which each speaks to its pods. Standard library alone."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Provider(StrEnum):
    """The places that runs can go to, as a person names them."""

    RUNPOD = "runpod"
    HF_JOBS = "hf-jobs"
    LOCAL = "local"
    SSH = "ssh"


DEFAULT_PLACE = Provider.RUNPOD.value
"""Of a pod whose launcher named none: launchers of earlier releases knew no other."""


@dataclass(frozen=True)
class PlaceVariables:
    """Names of variables in a pod's environment. Empty where the place has no such thing."""

    pod_id: str
    """Who the pod is. It is there in every pod of the place; beside `LAUNCHER_RUN` nowhere else."""
    key: str
    """Injected by the place; it may read and end this pod alone. The person's key is never sent."""
    url: str
    """Where the place is asked, if not at its own address: a stand-in's."""


PLACES: Mapping[str, PlaceVariables] = {
    "runpod": PlaceVariables("RUNPOD_POD_ID", "RUNPOD_API_KEY", "RUNPOD_API_BASE_URL"),
    "hf-jobs": PlaceVariables("JOB_ID", "", ""),
    "local": PlaceVariables("LAUNCHER_LOCAL_RUN", "", ""),
    "ssh": PlaceVariables("LAUNCHER_SSH_RUN", "", ""),
}


def is_pod(environment: Mapping[str, str]) -> bool:
    """Whether this is the environment of a pod, wherever it is."""
    return any(variables.pod_id in environment for variables in PLACES.values())


def place_of_pod(environment: Mapping[str, str], run_document: str) -> str:
    """The place that the launcher named, as far as its document can be read and this release knows it.

    Never raises: a pod has to know how it ends itself, whatever it was sent.
    """
    try:
        named = json.loads(run_document)["place"]
    except (ValueError, KeyError, TypeError, RecursionError):
        named = None
    if isinstance(named, str) and named in PLACES:
        return named
    found = [name for name, variables in PLACES.items() if variables.pod_id in environment]
    return found[0] if found else DEFAULT_PLACE
