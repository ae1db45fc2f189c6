"""Which of the person's keys a place needs, and whether it is there. Light: the form's first page asks it."""

from __future__ import annotations

from launcher.providers.place import Place
from launcher.providers.registry import all_places
from launcher.stores.secrets import KeyName, Keys


def place_key(place: Place) -> KeyName | None:
    """None where the place needs no key."""
    return KeyName(place.key.name) if place.key is not None else None


def has_place_key(keys: Keys, place: Place) -> bool:
    """Whether the place can be asked with these keys."""
    name = place_key(place)
    return name is None or keys.get(name) is not None


def holds_place_key(keys: Keys) -> bool:
    """Whether the key of a place that needs one is there: only then anything is known of an account."""
    return any(has_place_key(keys, place) for place in all_places() if place.key is not None)


def need_place_key(keys: Keys, place: Place) -> None:
    """Raises NotConfigured, saying how to give it."""
    name = place_key(place)
    if name is not None:
        keys.need(name)
