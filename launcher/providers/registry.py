"""The places that there are, by name. Each is a folder beside this file, loaded when it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from launcher.providers.place import Place

DEFAULT_PLACE = "runpod"


def _runpod() -> Place:
    from launcher.providers.runpod.place import RUNPOD

    return RUNPOD


PLACES: Mapping[str, Callable[[], Place]] = {"runpod": _runpod}


def place_named(name: str) -> Place:
    """Raises KeyError for a name that no place has."""
    return PLACES[name]()


def all_places() -> tuple[Place, ...]:
    return tuple(place_named(name) for name in PLACES)


def default_place() -> Place:
    """Where runs go when nobody says where."""
    return place_named(DEFAULT_PLACE)
