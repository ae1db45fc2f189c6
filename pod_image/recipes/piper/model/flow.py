"""What lies between text and sound: the posterior encoder of spectrograms, and the flow to the prior's space."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from pod_image.recipes.piper.model.layers import WaveNet
from pod_image.recipes.piper.quality import SPECTROGRAM_BINS, Sizes

KERNEL = 5
COUPLINGS = 4

Draw = Callable[[Tensor], Tensor]
"""Noise in the shape of a tensor: `torch.randn_like`, or zeros where a test or an export wants none."""


class PosteriorEncoder(nn.Module):
    """Linear spectrogram [B, 513, T] to a draw, its mean and its log-deviation, [B, C, T] each."""

    def __init__(self, sizes: Sizes, speaker_width: int) -> None:
        super().__init__()
        self.pre = nn.Conv1d(SPECTROGRAM_BINS, sizes.hidden, 1)
        self.enc = WaveNet(sizes.hidden, KERNEL, sizes.posterior_layers, speaker_width)
        self.proj = nn.Conv1d(sizes.hidden, 2 * sizes.hidden, 1)

    def forward(
        self, spectrogram: Tensor, mask: Tensor, speaker: Tensor | None, draw: Draw
    ) -> tuple[Tensor, Tensor, Tensor]:
        x = self.enc(self.pre(spectrogram) * mask, mask, speaker)
        mean, log_deviation = (self.proj(x) * mask).chunk(2, dim=1)
        # Exponentials in half precision overflow at 11; these are small tensors.
        mean, log_deviation = mean.float(), log_deviation.float()
        return (mean + draw(mean) * log_deviation.exp()) * mask, mean, log_deviation


class Coupling(nn.Module):
    """Shift the second half of the channels by what the first half says. Keeps volume."""

    def __init__(self, sizes: Sizes, speaker_width: int) -> None:
        super().__init__()
        half = sizes.hidden // 2
        self.pre = nn.Conv1d(half, sizes.hidden, 1)
        self.enc = WaveNet(sizes.hidden, KERNEL, sizes.flow_layers, speaker_width)
        self.post = nn.Conv1d(sizes.hidden, half, 1)
        # The flow begins as the identity.
        nn.init.zeros_(self.post.weight)
        nn.init.zeros_(self.post.bias)  # type: ignore[arg-type]

    def forward(
        self, x: Tensor, mask: Tensor, speaker: Tensor | None, *, reverse: bool = False
    ) -> Tensor:
        kept, moved = x.chunk(2, dim=1)
        shift = self.post(self.enc(self.pre(kept) * mask, mask, speaker)) * mask
        moved = (moved - shift) * mask if reverse else shift + moved * mask
        return torch.cat([kept, moved], dim=1)


class Flip(nn.Module):
    """Reverse the order of the channels, so that the next coupling moves the other half."""

    def forward(
        self, x: Tensor, mask: Tensor, speaker: Tensor | None, *, reverse: bool = False
    ) -> Tensor:
        return x.flip(1)


class Flow(nn.Module):
    """[B, C, T] of the posterior's space to the prior's, and back with `reverse`."""

    def __init__(self, sizes: Sizes, speaker_width: int) -> None:
        super().__init__()
        self.flows = nn.ModuleList()
        for _ in range(COUPLINGS):
            self.flows.extend([Coupling(sizes, speaker_width), Flip()])

    def forward(
        self, x: Tensor, mask: Tensor, speaker: Tensor | None, *, reverse: bool = False
    ) -> Tensor:
        steps = reversed(self.flows) if reverse else iter(self.flows)
        for step in steps:
            x = step(x, mask, speaker, reverse=reverse)
        return x
