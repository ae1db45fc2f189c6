"""Which image is ordered: ours, a named one, or one that fetches our agent at its start. Pure."""

from __future__ import annotations

BOOTSTRAP = "bootstrap"
RUNPOD_PYTORCH_IMAGE = "runpod/pytorch:1.0.3-cu1281-torch291-ubuntu2404"
"""What `bootstrap` alone stands for; `bootstrap:IMAGE` takes any image with Python 3.11 or newer and pip."""


def is_bootstrap(image: str) -> bool:
    return image == BOOTSTRAP or image.startswith(f"{BOOTSTRAP}:")


def image_of(image: str) -> str:
    """The image that is really ordered."""
    if not is_bootstrap(image):
        return image
    return image.partition(":")[2] or RUNPOD_PYTORCH_IMAGE
