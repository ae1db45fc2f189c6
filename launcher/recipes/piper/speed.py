"""How much memory and time a Piper training takes, reckoned; the arithmetic is in docs/performance.md."""

from __future__ import annotations

import math
from dataclasses import dataclass

from launcher.domain.gpu_speed import YARDSTICK, card_speed
from launcher.domain.needs import GpuMemory
from launcher.recipes.base import DELIVER_SECONDS
from pod_image.contract.next_steps import Sentence, setting
from pod_image.contract.recipes.piper import PiperSettings, Quality

CLIPS_PER_SECOND = 36.0
"""Medium voice on an RTX 4090: published reports for batch 32 are 1.05 to 1.35 batches a second."""


@dataclass(frozen=True)
class Measured:
    """Steps of a medium voice, as they were timed on a card. Up to this batch a step took as long as it did here."""

    steps_per_second: float
    batch: int
    when: str


MEASURED = {"H200": Measured(5.1, 64, "on 2026-11-26, before steps were recorded as CUDA graphs")}
"""By card. There batches of 32 and of 64 took the same 190 ms: the card waited for its host."""

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
PREPARE_CLIPS_PER_SECOND = 15.0


@dataclass(frozen=True)
class Workload:
    """How much training there is: steps are batches."""

    steps: int
    batch: int
    """Clips of a step: a set that is smaller than the batch asked for is one."""
    seconds: float
    """Of training alone."""
    source: str
    """Where the speed is from, as words within brackets."""


def memory_needed(settings: PiperSettings, clips: int = 0) -> GpuMemory:
    """For a set of so many clips; 0 where that is not known."""
    fixed, per_clip = _MEMORY_GB[settings.quality]
    batch = batch_of(settings, clips) if clips else settings.batch_size
    return GpuMemory(
        fixed + per_clip * batch,
        f"{settings.quality.value}, batch size {batch}",
        Sentence("A smaller ", setting("batch_size"), " needs less."),
    )


def total_steps(settings: PiperSettings, clips: int) -> int:
    """Steps of the run by epochs and max steps; the training time may end it earlier.

    Batches are full: what an epoch leaves over comes with the first clips of the next. A set smaller than a batch
    is one.
    """
    steps = math.ceil(settings.epochs * learnt_from(settings, clips) / batch_of(settings, clips))
    return min(steps, settings.max_steps) if settings.max_steps else steps


def learnt_from(settings: PiperSettings, clips: int) -> int:
    """How many of the clips are not kept aside."""
    return clips - min(round(clips * settings.validation_split), clips - 1)


def batch_of(settings: PiperSettings, clips: int) -> int:
    """Clips of a step: a batch larger than the set is the set."""
    return min(settings.batch_size, learnt_from(settings, clips))


def workload(settings: PiperSettings, clips: int, gpu_name: str) -> Workload:
    """Steps and training seconds on one such GPU, by the table."""
    steps, batch = total_steps(settings, clips), batch_of(settings, clips)
    row, by_quality = card_speed(gpu_name), _QUALITY_SPEED[settings.quality]
    measured = MEASURED.get(row.card or "")
    if measured is not None:
        per_second = measured.steps_per_second / max(1.0, batch / measured.batch)
    else:
        per_second = CLIPS_PER_SECOND * row.relative / batch
    seconds = steps / (per_second * by_quality)
    if settings.train_minutes:
        seconds = min(seconds, settings.train_minutes * 60.0)
    return Workload(steps, batch, seconds, source_of(row.card, settings.quality))


def source_of(card: str | None, quality: Quality = Quality.MEDIUM) -> str:
    """Where the speed of this row of the table is from; None is a card that has none."""
    if card in MEASURED:
        words = f"measured on an {card} {MEASURED[card].when}"
    elif card == YARDSTICK:
        words = "not a measurement of ours: published reports for this card"
    elif card is not None:
        words = f"not a measurement: calculated from reports for an {YARDSTICK} and data sheets"
    else:
        words = f"not a measurement: a guess for a card that is not in it, half an {YARDSTICK}'s"
    if quality is Quality.MEDIUM:
        return words
    return f"{words}, for a medium voice, and from that for {quality.value}"


def run_hours(training_seconds: float, clips: int, start_seconds: float) -> float:
    """Training with everything around it, from the create to the release."""
    preparing = clips / PREPARE_CLIPS_PER_SECOND
    return (start_seconds + preparing + training_seconds + DELIVER_SECONDS) / 3600.0
