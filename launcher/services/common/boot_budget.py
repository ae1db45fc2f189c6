"""How long a pod may take to report itself ready: by the size of its image where that is known. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from launcher.services.common.images import image_of, is_bootstrap
from launcher.services.common.places import place_of
from pod_image.contract.common_settings import DEFAULT_IMAGE, UNSIZED_BOOT_MINUTES, Switch

if TYPE_CHECKING:
    from launcher.providers.place import Place
    from pod_image.contract.settings import RunSettings

COMPRESSED_GB = {DEFAULT_IMAGE: 2.75}
"""Ours by docs/image.md; a place knows its own images."""
PROOF_MINUTES = 6.0
"""The agent's own limits at boot: two minutes for its pod, one and a half for the Hub, two for the machine."""
LONGEST_MINUTES = 120.0
"""A person could set no more, and the pod takes no more."""
INSTALL_MINUTES = 3.0
"""Without an image of ours: the agent, and what is missing beside it."""
USUAL_SHARE = 0.5
"""What a usual machine takes of what the slowest takes that is worth its price. Cautious: 10 GB are published as 4 to 5
minutes on a new node, and reported as 17 to 40 minutes from slow ones. Not measured by us."""


@dataclass(frozen=True)
class BootBudget:
    """How long the pod may take until it is armed. `basis` says where the minutes come from, worded to follow a
    comma or a bracket."""

    minutes: float
    basis: str


def start_seconds(settings: RunSettings, place: Place, image_gb: float | None = None) -> float:
    """From the order until the recipe begins, as expected: a machine, its image, and what is installed there."""
    minutes = place.images.machine_minutes
    if place.is_rented:
        size_gb = image_gb or _known_gb(settings, place) or COMPRESSED_GB[DEFAULT_IMAGE]
        minutes = _slowest_minutes(settings, place, size_gb)
    return minutes * USUAL_SHARE * 60.0


def _known_gb(settings: RunSettings, place: Place) -> float | None:
    image = image_of(settings.image, place)
    return COMPRESSED_GB.get(image) or place.images.compressed_gb.get(image)


def _slowest_minutes(settings: RunSettings, place: Place, size_gb: float) -> float:
    """To get a rented machine, its image, and what is installed there."""
    images = place.images
    pulling = size_gb * 1000 / images.pull_mb_per_second / 60
    installing = INSTALL_MINUTES if is_bootstrap(settings.image) else 0.0
    return images.machine_minutes + pulling + installing


def boot_budget(settings: RunSettings, image_gb: float | None = None) -> BootBudget:
    """What `boot_minutes` says; where that is 0, what the image's size makes of it at the run's place.
    `image_gb`: the size that its registry told.
    """
    if settings.boot_minutes:
        return BootBudget(settings.boot_minutes, "as set by boot_minutes")
    place = place_of(settings)
    if not place.is_rented and settings.container == Switch.ON:
        return BootBudget(
            UNSIZED_BOOT_MINUTES, "the container's image may need to be fetched first"
        )
    if not place.is_rented:
        minutes = place.images.machine_minutes + PROOF_MINUTES
        return BootBudget(minutes, "your own machine, with no image to fetch")
    images, size_gb = place.images, image_gb or _known_gb(settings, place)
    if size_gb is None:
        return BootBudget(UNSIZED_BOOT_MINUTES, "the size of this image is not known")
    minutes = _slowest_minutes(settings, place, size_gb) + PROOF_MINUTES
    is_installed = is_bootstrap(settings.image)
    installing = f", {INSTALL_MINUTES:.0f} minutes to install" if is_installed else ""
    return BootBudget(
        min(float(math.ceil(minutes)), LONGEST_MINUTES),
        f"{size_gb:.3g} GB of image at {images.pull_mb_per_second:.0f} MB/s, "
        f"{images.machine_minutes:.0f} minutes to get a machine"
        f"{installing}, {PROOF_MINUTES:.0f} to prove it",
    )


def boot_budget_in(settings_json: str) -> BootBudget:
    from pod_image.contract.older_settings import known_settings

    try:
        return boot_budget(known_settings(settings_json))
    except ValueError:
        return BootBudget(UNSIZED_BOOT_MINUTES, "its settings cannot be read")
