"""The places that there are, by name. Each is a folder beside this file, loaded when it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from launcher.providers.place import Place
from pod_image.contract.places import DEFAULT_PLACE

if TYPE_CHECKING:
    from launcher.providers.access import PlaceAccess


def _runpod() -> Place:
    from launcher.providers.runpod.place import RUNPOD

    return RUNPOD


def _runpod_access() -> PlaceAccess:
    from launcher.providers.runpod.access import RUNPOD_ACCESS

    return RUNPOD_ACCESS


def _hf_jobs() -> Place:
    from launcher.providers.hf_jobs.place import HF_JOBS

    return HF_JOBS


def _hf_jobs_access() -> PlaceAccess:
    from launcher.providers.hf_jobs.access import HF_JOBS_ACCESS

    return HF_JOBS_ACCESS


def _local() -> Place:
    from launcher.providers.local.place import LOCAL

    return LOCAL


def _local_access() -> PlaceAccess:
    from launcher.providers.local.access import LOCAL_ACCESS

    return LOCAL_ACCESS


PLACES: Mapping[str, Callable[[], Place]] = {
    "runpod": _runpod,
    "hf-jobs": _hf_jobs,
    "local": _local,
}
ACCESSES: Mapping[str, Callable[[], PlaceAccess]] = {
    "runpod": _runpod_access,
    "hf-jobs": _hf_jobs_access,
    "local": _local_access,
}
"""Apart from the places, since most of those who read about one never ask it anything."""


def place_named(name: str) -> Place:
    """Raises KeyError for a name that no place has."""
    return PLACES[name]()


def access_to(place: Place) -> PlaceAccess:
    """What the place is opened with. Loads its client."""
    return ACCESSES[place.name]()


def all_places() -> tuple[Place, ...]:
    return tuple(place_named(name) for name in PLACES)


def default_place() -> Place:
    """Where runs go when nobody says where."""
    return place_named(DEFAULT_PLACE)
