"""What a training is told: everything that decides how it goes, and nothing that it finds out."""

from __future__ import annotations

from dataclasses import dataclass

from pod_image.contract.recipes.piper import MOST_CHECKPOINTS, Precision
from pod_image.recipes.piper.quality import SIZES, Quality, Sizes


@dataclass(frozen=True)
class Training:
    """What decides a training. Zero means no limit for `max_steps`, `train_seconds` and `checkpoint_steps`."""

    quality: Quality
    epochs: int
    batch_size: int
    learning_rate: float = 2e-4
    speakers: int = 1
    max_steps: int = 0
    train_seconds: float = 0.0
    validation_split: float = 0.0
    checkpoint_seconds: float = 900.0
    checkpoint_steps: int = 0
    seed: int = 1234
    sample_sentences: tuple[str, ...] = ()
    no_better_checkpoints: int = 0
    precision: Precision = Precision.AUTO
    kept_checkpoints: int = MOST_CHECKPOINTS
    sizes: Sizes | None = None
    shares: tuple[float, ...] = ()
    """Of the datasets in what is learnt; empty: each clip as often as any other."""

    @property
    def network(self) -> Sizes:
        """The quality's sizes, unless a test brings smaller ones."""
        return self.sizes or SIZES[self.quality]
