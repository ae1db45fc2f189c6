"""How much memory and time a Piper training takes, reckoned; the arithmetic is in docs/performance.md."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from pod_image.contract.recipes.piper import Quality
from pod_image.contract.settings import RecipeName, RunSettings

CLIPS_PER_SECOND = 36.0
"""Medium voice on an RTX 4090: published reports for batch 32 are 1.05 to 1.35 batches a second."""

_RELATIVE_SPEED = (
    # Card against an RTX 4090, by memory bandwidth and arithmetic of the makers' data sheets.
    ("B300", 2.0),
    ("B200", 2.0),
    ("H200", 1.7),
    ("H100", 1.6),
    ("RTX PRO 6000", 1.5),
    ("RTX 5090", 1.35),
    ("A100", 1.15),
    ("L40S", 1.0),
    ("RTX 6000 Ada", 1.0),
    ("RTX 4090", 1.0),
    ("L40", 0.9),
    ("RTX 5080", 0.8),
    ("RTX 3090", 0.75),
    ("RTX 5000 Ada", 0.75),
    ("RTX 4080", 0.7),
    ("A6000", 0.7),
    ("A5000", 0.65),
    ("A40", 0.65),
    ("A30", 0.6),
    ("V100", 0.6),
    ("RTX 4070", 0.55),
    ("A4500", 0.55),
    ("RTX 3080", 0.65),
    ("RTX 4000", 0.45),
    ("A4000", 0.4),
    ("RTX 3070", 0.4),
    ("L4", 0.35),
    ("RTX 2000", 0.3),
    ("A2000", 0.25),
    ("T4", 0.2),
)
_UNKNOWN_SPEED = 0.5
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


def memory_needed_gb(settings: RunSettings) -> float:
    """GPU memory the settings need, on each GPU; 0 when nobody can know (a command)."""
    if settings.recipe is not RecipeName.PIPER:
        return 0.0
    fixed, per_clip = _MEMORY_GB[settings.quality]
    return fixed + per_clip * settings.batch_size


def relative_speed(gpu_name: str) -> float:
    """Speed beside an RTX 4090, by the card's display name or id."""
    words = f" {re.sub(r'[^A-Za-z0-9]+', ' ', gpu_name)} ".upper()
    for name, speed in _RELATIVE_SPEED:
        if f" {name.upper()} " in words or f" RTX{name.upper()} " in words:
            return speed
    return _UNKNOWN_SPEED


def total_steps(settings: RunSettings, clips: int) -> int:
    """Steps of the run by epochs and max steps; the training time may end it earlier."""
    trained = max(1, clips - math.ceil(clips * settings.validation_split))
    steps = settings.epochs * math.ceil(trained / settings.batch_size)
    return min(steps, settings.max_steps) if settings.max_steps else steps


def workload(settings: RunSettings, clips: int, gpu_name: str) -> Workload:
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
