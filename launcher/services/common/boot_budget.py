"""How long a pod may take to report itself ready: by the size of its image where that is known. Pure."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass

from launcher.domain.run import Run
from launcher.services.common.images import RUNPOD_PYTORCH_IMAGE, image_of, is_bootstrap
from pod_image.contract.common_settings import DEFAULT_IMAGE, UNSIZED_BOOT_MINUTES
from pod_image.contract.settings import RunSettings

COMPRESSED_GB = {DEFAULT_IMAGE: 2.75, RUNPOD_PYTORCH_IMAGE: 10.0}
"""Ours by docs/image.md. RunPod publishes no figure for its own; CUDA with its compiler and torch come to so much."""
PULL_MB_PER_SECOND = 10.0
"""Download and unpacking on the slowest host worth its price; others' reports of 10 GB are 17 to 40."""
MACHINE_MINUTES = 4.0
"""From the order to a machine that begins to pull."""
PROOF_MINUTES = 6.0
"""The agent's own limits at boot: two minutes for its pod, one and a half for the Hub, two for the machine."""
INSTALL_MINUTES = 3.0
"""Without an image of ours: the agent, and what is missing beside it."""


@dataclass(frozen=True)
class BootBudget:
    """`basis` says what the minutes rest on, as words that follow a comma or a bracket."""

    minutes: float
    basis: str


def boot_budget(settings: RunSettings) -> BootBudget:
    """What `boot_minutes` says; where that is 0, what the image's size makes of it."""
    if settings.boot_minutes:
        return BootBudget(settings.boot_minutes, "as set by boot_minutes")
    size_gb = COMPRESSED_GB.get(image_of(settings.image))
    if size_gb is None:
        return BootBudget(UNSIZED_BOOT_MINUTES, "the size of this image is not known")
    pull_minutes = size_gb * 1000 / PULL_MB_PER_SECOND / 60
    minutes = MACHINE_MINUTES + pull_minutes + PROOF_MINUTES
    installing = ""
    if is_bootstrap(settings.image):
        minutes += INSTALL_MINUTES
        installing = f", {INSTALL_MINUTES:.0f} minutes of installing"
    return BootBudget(
        float(math.ceil(minutes)),
        f"{size_gb:g} GB of image at {PULL_MB_PER_SECOND:.0f} MB/s, {MACHINE_MINUTES:.0f} minutes to get a machine"
        f"{installing}, {PROOF_MINUTES:.0f} to prove it",
    )


def boot_budget_of(run: Run) -> BootBudget:
    """That of a run in the history, also of one that a release with other settings has written."""
    return boot_budget_in(run.settings_json)


def boot_budget_in(settings_json: str) -> BootBudget:
    try:
        return boot_budget(RunSettings.model_validate(json.loads(settings_json)))
    except ValueError:
        return BootBudget(UNSIZED_BOOT_MINUTES, "its settings cannot be read")
