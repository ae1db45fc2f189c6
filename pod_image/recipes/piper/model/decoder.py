"""The decoder: hidden frames to a waveform, 256 samples a frame (HiFi-GAN, arXiv 2010.05646)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from pod_image.recipes.piper.model.layers import LEAK, NormedConv1d, NormedUpsample1d
from pod_image.recipes.piper.quality import Sizes


class ResidualBlock(nn.Module):
    """Dilated convolutions, each added to its input."""

    def __init__(self, channels: int, kernel: int, dilations: tuple[int, ...]) -> None:
        super().__init__()
        self.convs = nn.ModuleList(
            NormedConv1d(channels, channels, kernel, dilation=d) for d in dilations
        )

    def forward(self, x: Tensor) -> Tensor:
        for conv in self.convs:
            x = x + conv(functional.leaky_relu(x, LEAK))
        return x


class PairedResidualBlock(nn.Module):
    """As `ResidualBlock`, with a plain convolution after each dilated one."""

    def __init__(self, channels: int, kernel: int, dilations: tuple[int, ...]) -> None:
        super().__init__()
        self.convs1 = nn.ModuleList(
            NormedConv1d(channels, channels, kernel, dilation=d) for d in dilations
        )
        self.convs2 = nn.ModuleList(NormedConv1d(channels, channels, kernel) for _ in dilations)

    def forward(self, x: Tensor) -> Tensor:
        for dilated, plain in zip(self.convs1, self.convs2, strict=True):
            y = dilated(functional.leaky_relu(x, LEAK))
            x = x + plain(functional.leaky_relu(y, LEAK))
        return x


class Decoder(nn.Module):
    """[B, C, T] -> [B, 1, 256 T], within -1 and 1."""

    def __init__(self, sizes: Sizes, speaker_width: int) -> None:
        super().__init__()
        channels = sizes.decoder_channels
        self.kernels = len(sizes.resblock_kernels)
        self.conv_pre = nn.Conv1d(sizes.hidden, channels, 7, padding=3)
        self.ups = nn.ModuleList()
        self.resblocks = nn.ModuleList()
        block = PairedResidualBlock if sizes.resblock_paired else ResidualBlock
        for rate, kernel in zip(sizes.upsample_rates, sizes.upsample_kernels, strict=True):
            self.ups.append(NormedUpsample1d(channels, channels // 2, kernel, rate))
            channels //= 2
            for width, dilations in zip(
                sizes.resblock_kernels, sizes.resblock_dilations, strict=True
            ):
                self.resblocks.append(block(channels, width, dilations))
        self.conv_post = nn.Conv1d(channels, 1, 7, padding=3, bias=False)
        if speaker_width:
            self.cond = nn.Conv1d(speaker_width, sizes.decoder_channels, 1)

    def forward(self, x: Tensor, speaker: Tensor | None) -> Tensor:
        x = self.conv_pre(x)
        if speaker is not None:
            x = x + self.cond(speaker)
        for i, upsample in enumerate(self.ups):
            x = upsample(functional.leaky_relu(x, LEAK))
            blocks = self.resblocks[i * self.kernels : (i + 1) * self.kernels]
            x = _mean([block(x) for block in blocks])
        # The last leak is torch's default, 0.01, in every published voice.
        return torch.tanh(self.conv_post(functional.leaky_relu(x)))


def _mean(parts: list[Tensor]) -> Tensor:
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    return total / len(parts)
