"""bfloat16 learns what float32 learns."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from pod_image.contract.recipes.piper import Precision
from pod_image.recipes.piper.device import has_bf16
from pod_image.recipes.piper.optimisation import LOSS_NAMES
from tests.gpu.training import clips_on, table, train

MEL = LOSS_NAMES.index("mel")


def test_over_300_steps_the_mel_loss_stays_within_two_percent_of_float32(
    device: torch.device, few: bool, tmp_path: Path
) -> None:
    if device.type == "cuda" and not has_bf16():
        pytest.skip("this card computes no bfloat16 of its own")
    clips, steps = clips_on(device), 3 if few else 300
    exact = table(train(clips, tmp_path / "float32", steps=steps, graphs=True))[:, MEL]
    half = table(
        train(clips, tmp_path / "bf16", steps=steps, graphs=True, precision=Precision.BF16)
    )[:, MEL]
    last = -steps // 4
    apart = (half[last:].mean() / exact[last:].mean() - 1).abs().item()
    print(f"mel at the end: float32 {exact[last:].mean():.3f}, bf16 {half[last:].mean():.3f}")
    assert apart < 0.02 or few
