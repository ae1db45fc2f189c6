"""What a training is told: everything that decides how it goes, and nothing that it finds out."""

from __future__ import annotations

from dataclasses import dataclass

from pod_image.contract.recipes.piper import USUAL_CHECKPOINTS, PiperSettings, Precision
from pod_image.recipes.piper.identity import quality_of
from pod_image.recipes.piper.quality import SIZES, Quality, Sizes


@dataclass(frozen=True)
class Training:
    """What decides a training. Zero means no limit for `max_steps` and `train_seconds`, and no such checkpoints for
    `checkpoint_steps` and `checkpoint_epochs`."""

    quality: Quality
    epochs: int
    batch_size: int
    learning_rate: float = 2e-4
    learning_rate_decay: float = 1.0
    """What the rates are multiplied by after every epoch."""
    speakers: int = 1
    max_steps: int = 0
    train_seconds: float = 0.0
    validation_split: float = 0.0
    checkpoint_seconds: float = 900.0
    checkpoint_steps: int = 0
    checkpoint_epochs: int = 0
    seed: int = 1234
    sample_sentences: tuple[str, ...] = ()
    no_better_checkpoints: int = 0
    precision: Precision = Precision.AUTO
    kept_checkpoints: int = USUAL_CHECKPOINTS
    held_checkpoints: int = USUAL_CHECKPOINTS
    """How many there may be at all, while some wait to be delivered: what the disk has room for."""
    sizes: Sizes | None = None
    shares: tuple[float, ...] = ()
    """Of the datasets in what is learnt; empty: each clip as often as any other."""

    @property
    def network(self) -> Sizes:
        """The quality's sizes, unless a test brings smaller ones."""
        return self.sizes or SIZES[self.quality]


def training_of(settings: PiperSettings, *, kept: int, held: int) -> Training:
    """As the settings have it, on a disk that has room for so many checkpoints."""
    return Training(
        quality=quality_of(settings),
        epochs=settings.epochs,
        batch_size=settings.batch_size,
        learning_rate=settings.learning_rate,
        learning_rate_decay=settings.learning_rate_decay,
        speakers=settings.speakers,
        shares=settings.dataset_shares,
        max_steps=settings.max_steps,
        train_seconds=settings.train_minutes * 60,
        validation_split=settings.validation_split,
        checkpoint_seconds=settings.checkpoint_minutes * 60,
        checkpoint_steps=settings.steps_between_checkpoints,
        checkpoint_epochs=settings.epochs_between_checkpoints,
        seed=settings.seed,
        sample_sentences=settings.sample_sentences,
        no_better_checkpoints=settings.no_better_checkpoints,
        precision=settings.precision,
        kept_checkpoints=kept,
        held_checkpoints=held,
    )
