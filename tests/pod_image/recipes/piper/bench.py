"""A small Piper trainer with its events, for tests of what a training does."""

from __future__ import annotations

import dataclasses
import itertools
from typing import Any

import torch

from pod_image.recipes.piper.checkpoint import read_checkpoint
from pod_image.recipes.piper.keeping import best_checkpoint
from pod_image.recipes.piper.optimisation import LOSS_NAMES
from pod_image.recipes.piper.quality import Quality
from pod_image.recipes.piper.trainer import Places, Trainer
from pod_image.recipes.piper.training import Training
from tests.kit.sent_events import kept_in
from tests.pod_image.recipes.piper.cases import TINY

TRAINING = Training(
    Quality.X_LOW, epochs=100, batch_size=2, max_steps=4, checkpoint_seconds=1e9, sizes=TINY
)


class Bench:
    """A trainer with its events; time passes by one second with each look at the clock.

    `learns=False`: steps that move nothing and cost nothing, where only what happens between them matters.
    """

    def __init__(self, clips, folder, training=TRAINING, *, commands=None, learns=True, **start):
        self.events: list[dict[str, Any]] = []
        ticks = itertools.count()
        self.trainer = Trainer(
            training,
            clips,
            Places(folder),
            emit=kept_in(self.events),
            commands=commands or list,
            clock=lambda: float(next(ticks)),
            **start,
        )
        if not learns:
            still: Any = self.trainer.optimisation
            still.step = lambda batch: torch.ones(len(LOSS_NAMES))

    def of(self, kind):
        return [event for event in self.events if event["event"] == kind]


def best_name(folder):
    best = best_checkpoint(folder / "checkpoints")
    return best and best.name


def with_training(**changes):
    return dataclasses.replace(TRAINING, **changes)


def newest(folder):
    return read_checkpoint(max((folder / "checkpoints").glob("*.ckpt")))
