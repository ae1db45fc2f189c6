"""Which image is ordered: ours, a named one, or one that fetches our agent at its start. Pure."""

from __future__ import annotations

import re

from launcher.providers.place import Place

BOOTSTRAP = "bootstrap"
"""Alone it stands for an image of the place's own; `bootstrap:IMAGE` takes any with Python 3.11 or newer."""
OLDEST_PYTHON = (3, 11)
REMEDY = "Use an image with Python 3.11 or newer, or add it to yours."
"""As `pod_image.bootstrap` says it in the pod."""
_OFFICIAL = re.compile(r"(?:^|/)python:(3)\.(\d+)")
_IN_A_TAG = re.compile(r":.*\bpy(?:thon)?-?(3)\.?(\d{1,2})\b")


def is_bootstrap(image: str) -> bool:
    return image == BOOTSTRAP or image.startswith(f"{BOOTSTRAP}:")


def python_named_by(image: str) -> tuple[int, int] | None:
    """The version that an image's name gives its Python; most names say nothing."""
    found = _OFFICIAL.search(image) or _IN_A_TAG.search(image)
    return (int(found[1]), int(found[2])) if found else None


def image_of(image: str, place: Place) -> str:
    """The image that is really ordered."""
    if not is_bootstrap(image):
        return image
    return image.partition(":")[2] or place.images.bootstrap
