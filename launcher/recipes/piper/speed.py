"""How much memory and time a Piper training takes, reckoned; the arithmetic is in docs/performance.md."""

from __future__ import annotations

import math
from dataclasses import dataclass

from launcher.domain.gpu_speed import relative_speed
from launcher.domain.needs import GpuMemory
from pod_image.contract.next_steps import Sentence, setting
from pod_image.contract.recipes.piper import PiperSettings, Quality

CLIPS_PER_SECOND = 36.0
"""Medium voice on an RTX 4090: published reports for batch 32 are 1.05 to 1.35 batches a second."""

_QUALITY_SPEED = {
    Quality.X_LOW: 1.2,
    Quality.LOW: 1.1,
    Quality.MEDIUM: 1.0,
    Quality.HIGH: 0.35,
}
_MEMORY_GB = {
    # (weights, moments and the CUDA context; activations of one clip of the batch)
    Quality.X_LOW: (3.0, 0.35),
    Quality.LOW: (3.0, 0.4),
    Quality.MEDIUM: (3.5, 0.5),
    Quality.HIGH: (4.5, 0.9),
}
BOOT_SECONDS = 240.0
"""Image pull and start on a host that does not have the image yet."""
PREPARE_CLIPS_PER_SECOND = 15.0
EXPORT_AND_DELIVER_SECONDS = 120.0


@dataclass(frozen=True)
class Workload:
    """How much training there is: steps are batches."""

    steps: int
    seconds: float
    """Of training alone."""


def memory_needed(settings: PiperSettings) -> GpuMemory:
    fixed, per_clip = _MEMORY_GB[settings.quality]
    return GpuMemory(
        fixed + per_clip * settings.batch_size,
        f"{settings.quality.value}, batch size {settings.batch_size}",
        Sentence("A smaller ", setting("batch_size"), " needs less."),
    )


def total_steps(settings: PiperSettings, clips: int) -> int:
    """Steps of the run by epochs and max steps; the training time may end it earlier.

    Batches are full: what an epoch leaves over comes with the first clips of the next. A set smaller than a batch
    is one.
    """
    trained = clips - min(round(clips * settings.validation_split), clips - 1)
    steps = math.ceil(settings.epochs * trained / min(settings.batch_size, trained))
    return min(steps, settings.max_steps) if settings.max_steps else steps


def workload(settings: PiperSettings, clips: int, gpu_name: str) -> Workload:
    """Steps and training seconds on one such GPU, by the table."""
    steps = total_steps(settings, clips)
    clips_per_second = (
        CLIPS_PER_SECOND * relative_speed(gpu_name) * _QUALITY_SPEED[settings.quality]
    )
    seconds = steps * settings.batch_size / clips_per_second
    if settings.train_minutes:
        seconds = min(seconds, settings.train_minutes * 60.0)
    return Workload(steps, seconds)


def run_hours(training_seconds: float, clips: int) -> float:
    """Training with everything around it, from the create to the release."""
    preparing = clips / PREPARE_CLIPS_PER_SECOND
    return (BOOT_SECONDS + preparing + training_seconds + EXPORT_AND_DELIVER_SECONDS) / 3600.0
