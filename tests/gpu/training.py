"""One training on the GPU, as the tests here want it: short, with every step's losses."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from pod_image.contract.recipes.piper import Precision
from pod_image.recipes.piper.checkpoint import Checkpoint
from pod_image.recipes.piper.clips import Clips
from pod_image.recipes.piper.cuda_graphs import CudaRecorder
from pod_image.recipes.piper.quality import Quality
from pod_image.recipes.piper.trainer import Places, Trainer
from pod_image.recipes.piper.training import Training
from tests.kit.sent_events import kept_in
from tests.pod_image.recipes.piper.cases import TINY, made_up_clips


def clips_on(device: torch.device, count: int = 48) -> Clips:
    """Made-up clips of several lengths, on the device."""
    plain = made_up_clips(count)
    return Clips(plain.prepared, plain._sound, device)


@dataclass
class Told:
    """What a training said."""

    events: list[dict[str, Any]] = field(default_factory=list)
    stepped_at: list[float] = field(default_factory=list)
    losses: list[torch.Tensor] = field(default_factory=list)

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [each for each in self.events if each["event"] == kind]


def train(
    clips: Clips,
    folder: Path,
    *,
    steps: int,
    graphs: bool,
    precision: Precision = Precision.FLOAT32,
    batch: int = 8,
    start: Checkpoint | None = None,
    keeps_losses: bool = True,
) -> Told:
    """Steps from `start`, or from nothing, to step `steps`; the losses of each are taken without waiting."""
    import time

    told = Told()
    training = Training(
        Quality.X_LOW,
        epochs=10**6,
        batch_size=batch,
        max_steps=steps,
        checkpoint_seconds=1e9,
        precision=precision,
        sizes=None if clips.device.type == "cuda" else TINY,
    )
    trainer = Trainer(
        training,
        clips,
        Places(folder),
        emit=kept_in(told.events),
        start=start,
        resume=start is not None,
        recorder=CudaRecorder(clips.device) if graphs and clips.device.type == "cuda" else None,
    )
    account = trainer._account

    def accounted(losses: torch.Tensor) -> None:
        told.stepped_at.append(time.perf_counter())
        if keeps_losses:
            told.losses.append(losses.clone())
        account(losses)

    setattr(trainer, "_account", accounted)  # noqa: B010 - mypy takes no method for a place
    trainer.run()
    return told


def table(told: Told) -> torch.Tensor:
    """[steps, 6], on the host."""
    return torch.stack(told.losses).float().cpu()
