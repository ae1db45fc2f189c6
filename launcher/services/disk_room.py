"""Whether the disk that is rented can hold a training at all, as far as a plan can know. Pure."""

from __future__ import annotations

import math

from launcher.domain.plan import DatasetSummary, Remark, Severity
from pod_image.contract.room import checkpoint_room
from pod_image.contract.settings import RecipeName, RunSettings

BYTES_PER_SAMPLE = 2


def remarks_on_disk(settings: RunSettings, dataset: DatasetSummary | None) -> list[Remark]:
    """An error for a disk that certainly will not do: the files, their sound, and one checkpoint."""
    if settings.recipe is not RecipeName.PIPER:
        return []
    sound_bytes = files_bytes = 0.0
    if dataset is not None:
        files_bytes = dataset.size_bytes
        sound_bytes = (
            (dataset.minutes or 0.0) * 60 * settings.quality.sample_rate_hz * BYTES_PER_SAMPLE
        )
    needed_gb = (
        files_bytes + sound_bytes + checkpoint_room(settings.quality).needed_bytes(1)
    ) / 1e9
    if needed_gb <= settings.disk_gb:
        return []
    return [
        Remark(
            Severity.ERROR,
            "disk_too_small",
            f"The pod's disk of {settings.disk_gb} GB has no room for this training: dataset and one checkpoint of a "
            f"{settings.quality.value} voice take {needed_gb:.1f} GB.",
            f"Rent a larger disk: --disk-gb {math.ceil(needed_gb)}",
        )
    ]
