"""Which image is ordered: ours, a named one, or one that fetches our agent at its start. Pure."""

from __future__ import annotations

from launcher.providers.place import Place

BOOTSTRAP = "bootstrap"
"""Alone it stands for an image of the place's own; `bootstrap:IMAGE` takes any with Python 3.11 or newer and pip."""


def is_bootstrap(image: str) -> bool:
    return image == BOOTSTRAP or image.startswith(f"{BOOTSTRAP}:")


def image_of(image: str, place: Place) -> str:
    """The image that is really ordered."""
    if not is_bootstrap(image):
        return image
    return image.partition(":")[2] or place.images.bootstrap
