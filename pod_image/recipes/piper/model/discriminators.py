"""The discriminators that tell recordings from the decoder's sound: one on the waveform, five on its periods."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn
from torch.nn import functional

from pod_image.recipes.piper.model.layers import LEAK, NormedConv1d, _WeightNormed
from pod_image.recipes.piper.quality import Sizes

PERIODS = (2, 3, 5, 7, 11)
# Convolutions over [B * period, C, T / period] are faster for few periods and slower for many (measured on a CPU).
FOLDED_PERIODS = (2, 3, 5)


@dataclass(frozen=True)
class Judgement:
    """One discriminator's scores [B, N] and every activation on the way, whose first dimension is a multiple of B."""

    scores: Tensor
    features: list[Tensor]


class ScaleDiscriminator(nn.Module):
    """Grouped strided convolutions on the raw waveform."""

    def __init__(self, divisor: int) -> None:
        super().__init__()
        widths = [1, *(max(1, w // divisor) for w in (16, 64, 256, 1024, 1024))]
        groups = [1, *(max(1, g // divisor) for g in (4, 16, 64, 256))]
        kernels, strides = (15, 41, 41, 41, 41), (1, 4, 4, 4, 4)
        self.convs = nn.ModuleList(
            NormedConv1d(widths[i], widths[i + 1], kernels[i], stride=strides[i], groups=groups[i])
            for i in range(5)
        )
        self.convs.append(NormedConv1d(widths[-1], widths[-1], 5))
        self.conv_post = NormedConv1d(widths[-1], 1, 3)

    def forward(self, wave: Tensor) -> Judgement:
        features = []
        x = wave
        for conv in self.convs:
            x = functional.leaky_relu(conv(x), LEAK)
            features.append(x)
        x = self.conv_post(x)
        return Judgement(x.flatten(1), [*features, x])


class PeriodConv(_WeightNormed):
    """A convolution along every period-th sample; its weight keeps the published four dimensions."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int) -> None:
        super().__init__((outputs, inputs, kernel, 1), outputs)
        self.stride, self.padding = stride, kernel // 2

    def forward(self, x: Tensor) -> Tensor:
        weight = self.folded_weight()
        if x.dim() == 3:
            return functional.conv1d(x, weight[..., 0], self.bias, self.stride, self.padding)
        return functional.conv2d(x, weight, self.bias, (self.stride, 1), (self.padding, 0))


class PeriodDiscriminator(nn.Module):
    """Sees samples that lie `period` apart as neighbours."""

    def __init__(self, period: int, divisor: int) -> None:
        super().__init__()
        self.period = period
        widths = [1, *(max(1, w // divisor) for w in (32, 128, 512, 1024))]
        self.convs = nn.ModuleList(
            PeriodConv(widths[i], widths[i + 1], 5, 3) for i in range(len(widths) - 1)
        )
        self.convs.append(PeriodConv(widths[-1], widths[-1], 5, 1))
        self.conv_post = PeriodConv(widths[-1], 1, 3, 1)

    def forward(self, wave: Tensor) -> Judgement:
        x = self._by_period(wave)
        features = []
        for conv in self.convs:
            x = functional.leaky_relu(conv(x), LEAK)
            features.append(x)
        x = self.conv_post(x)
        return Judgement(self._scores(x, wave.shape[0]), [*features, x])

    def _by_period(self, wave: Tensor) -> Tensor:
        """[B, 1, T] -> [B, 1, T / p, p], or [B * p, 1, T / p] where that is faster."""
        missing = -wave.shape[-1] % self.period
        if missing:
            wave = functional.pad(wave, (0, missing), mode="reflect")
        columns = wave.view(wave.shape[0], 1, -1, self.period)
        if self.period not in FOLDED_PERIODS:
            return columns
        return columns.permute(0, 3, 1, 2).flatten(0, 1).contiguous()

    def _scores(self, x: Tensor, batch: int) -> Tensor:
        if x.dim() == 3:
            x = x.view(batch, self.period, x.shape[1], x.shape[2]).permute(0, 2, 3, 1)
        return x.flatten(1)


class Discriminators(nn.Module):
    """All six, on waveforms [B, 1, T]."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        divisor = sizes.discriminator_divisor
        self.discriminators = nn.ModuleList(
            [ScaleDiscriminator(divisor), *(PeriodDiscriminator(p, divisor) for p in PERIODS)]
        )

    def forward(self, wave: Tensor) -> list[Judgement]:
        return [discriminator(wave) for discriminator in self.discriminators]
