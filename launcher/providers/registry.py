"""The places that there are, by name. Each is a folder beside this file, loaded when it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from launcher.providers.place import Place
from pod_image.contract.places import DEFAULT_PLACE

if TYPE_CHECKING:
    from launcher.providers.access import PlaceAccess
    from pod_image.folder_store.port import Folder, ReadableFolder


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


def _ssh() -> Place:
    from launcher.providers.ssh.place import SSH

    return SSH


def _ssh_machine(name: str) -> Place:
    from launcher.providers.ssh.place import machine_of

    return machine_of(name)


def _ssh_access() -> PlaceAccess:
    from launcher.providers.ssh.access import SSH_ACCESS

    return SSH_ACCESS


PLACES: Mapping[str, Callable[[], Place]] = {
    "runpod": _runpod,
    "hf-jobs": _hf_jobs,
    "local": _local,
    "ssh": _ssh,
}
MACHINES: Mapping[str, Callable[[str], Place]] = {"ssh": _ssh_machine}
"""Places that are many machines: each is a place of its own, called `ssh:NAME`."""
ACCESSES: Mapping[str, Callable[[], PlaceAccess]] = {
    "runpod": _runpod_access,
    "hf-jobs": _hf_jobs_access,
    "local": _local_access,
    "ssh": _ssh_access,
}
"""Apart from the places, since most of those who read about one never ask it anything."""


def place_named(name: str) -> Place:
    """Raises KeyError for a name that no place has."""
    kind, _, machine = name.partition(":")
    return MACHINES[kind](machine) if machine else PLACES[name]()


def is_known(name: str) -> bool:
    """Whether this release knows a place of that name."""
    kind, _, machine = name.partition(":")
    return kind in MACHINES if machine else name in PLACES


def access_to(place: Place) -> PlaceAccess:
    """What the place is opened with. Loads its client."""
    return ACCESSES[place.kind]()


def folder_on(machine: str, path: str) -> Folder:
    """A results folder on a machine that a person named: asked as the place asks its machines."""
    (kind,) = MACHINES
    open_folder = ACCESSES[kind]().open_folder
    assert open_folder is not None  # whoever has machines has their folders
    return open_folder(machine, path)


def dataset_on(machine: str, path: str) -> ReadableFolder:
    """The same for a folder with a dataset."""
    (kind,) = MACHINES
    open_dataset = ACCESSES[kind]().open_dataset
    assert open_dataset is not None  # whoever has machines has their folders
    return open_dataset(machine, path)


def all_places() -> tuple[Place, ...]:
    return tuple(place_named(name) for name in PLACES)


def default_place() -> Place:
    """Where runs go when nobody says where."""
    return place_named(DEFAULT_PLACE)
