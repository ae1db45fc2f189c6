"""How large a disk is rented, and whether it can hold a training at all, as far as a plan can know. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence

from launcher.domain.needs import DiskRoom
from launcher.domain.plan import PlannedInput
from launcher.services.common.places import place_of
from pod_image.contract.findings import Finding, Severity
from pod_image.contract.next_steps import Sentence, setting
from pod_image.contract.settings import RunSettings


def rented_disk_gb(settings: RunSettings) -> int:
    """The disk that is ordered, which may be larger than the one that was asked for."""
    return max(settings.disk_gb, place_of(settings).least_disk_gb)


def with_inputs(needed: DiskRoom | None, inputs: Sequence[PlannedInput]) -> DiskRoom | None:
    """What has to fit, with what is fetched beside the dataset."""
    if not inputs:
        return needed
    inputs_gb = sum(each.size_bytes for each in inputs) / 1e9
    if needed is None:
        return DiskRoom(inputs_gb, "its inputs")
    return DiskRoom(needed.gb + inputs_gb, f"{needed.basis}, and its inputs")


UNPACKED = 2.0
"""Layers take about so many times on a disk what is fetched of them; those of CUDA more."""


def findings_on_disk(
    settings: RunSettings, needed: DiskRoom | None, image_gb: float | None = None
) -> list[Finding]:
    """A note where the disk is larger than asked for, an error for one that certainly will not do, a warning for one
    that may not, with the image's layers on it. `image_gb`: what a machine fetches of the image. Of a machine of one's
    own nothing is said: its disk is what it is.
    """
    if not place_of(settings).is_rented:
        return []
    too_small = _too_small(settings, needed)
    return [*_raised(settings), *(too_small or _tight(settings, needed, image_gb))]


def _tight(settings: RunSettings, needed: DiskRoom | None, image_gb: float | None) -> list[Finding]:
    if image_gb is None:
        return []
    rented_gb, unpacked_gb = rented_disk_gb(settings), image_gb * UNPACKED
    total_gb = unpacked_gb + (needed.gb if needed else 0.0)
    if total_gb <= rented_gb:
        return []
    beside = f", and {needed.basis} {needed.gb:.1f} GB" if needed and needed.gb else ""
    return [
        Finding(
            Severity.WARNING,
            "disk_tight",
            f"The pod's disk of {rented_gb} GB may be too small: the unpacked image takes about "
            f"{unpacked_gb:.0f} GB{beside}.",
            Sentence("Rent a larger disk: ", setting("disk_gb", math.ceil(total_gb))),
        )
    ]


def _raised(settings: RunSettings) -> list[Finding]:
    rented_gb = rented_disk_gb(settings)
    if rented_gb == settings.disk_gb:
        return []
    title = place_of(settings).title
    message = f"The pod gets a disk of {rented_gb} GB instead of {settings.disk_gb}, the minimum at {title}."
    return [Finding(Severity.NOTE, "disk_raised", message)]


def _too_small(settings: RunSettings, needed: DiskRoom | None) -> list[Finding]:
    rented_gb = rented_disk_gb(settings)
    if needed is None or needed.gb <= rented_gb:
        return []
    return [
        Finding(
            Severity.ERROR,
            "disk_too_small",
            f"The pod's disk of {rented_gb} GB is too small for this training: {needed.basis} take "
            f"{needed.gb:.1f} GB.",
            Sentence("Rent a larger disk: ", setting("disk_gb", math.ceil(needed.gb))),
        )
    ]
