"""The discriminators that tell recordings from the decoder's sound: one on the waveform, five on its periods."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from pod_image.recipes.piper.model.layers import (
    LEAK,
    NormedConv1d,
    _WeightNormed,
    input_gradient,
)
from pod_image.recipes.piper.quality import Sizes

PERIODS = (2, 3, 5, 7, 11)
# Convolutions over [B * period, C, T / period] are faster for few periods and slower for many (measured on a CPU).
FOLDED_PERIODS = (2, 3, 5)


@dataclass(frozen=True)
class Judgement:
    """One discriminator's scores [B, N], every activation on the way, whose first dimension is a multiple of B, and
    the weights that made them. The last activation holds the scores in another order."""

    scores: Tensor
    features: list[Tensor]
    weights: list[Tensor]


class _Convolution(Protocol):
    def folded_weight(self) -> Tensor: ...
    def convolve(self, x: Tensor, weight: Tensor) -> Tensor: ...
    def towards_input(self, gradient: Tensor, x: Tensor, weight: Tensor) -> Tensor: ...


class _Discriminator(nn.Module):
    """A row of convolutions. Each kind brings `convs` and `conv_post`, and says how a waveform enters."""

    convs: nn.ModuleList
    conv_post: nn.Module

    @property
    def _row(self) -> list[_Convolution]:
        return cast(list[_Convolution], [*self.convs, self.conv_post])

    def enter(self, wave: Tensor) -> Tensor:
        """What the first convolution sees of waveforms [B, 1, T]."""
        return wave

    def scores(self, last: Tensor, batch: int) -> Tensor:
        """[B, N] of the last activation."""
        return last.flatten(1)

    def forward(self, wave: Tensor) -> Judgement:
        *row, last = self._row
        weights = [conv.folded_weight() for conv in (*row, last)]
        x, features = self.enter(wave), []
        for conv, weight in zip(row, weights[:-1], strict=True):
            x = functional.leaky_relu(conv.convolve(x, weight), LEAK)
            features.append(x)
        x = last.convolve(x, weights[-1])
        return Judgement(self.scores(x, wave.shape[0]), [*features, x], weights)

    def towards(self, wave: Tensor, judgement: Judgement, pulls: Sequence[Tensor]) -> Tensor:
        """The gradient with respect to `wave` [B, 1, T], of which `judgement` is.

        `pulls` are the gradients with respect to each of its activations alone, as if none led to the next.
        """
        wave = wave.detach().requires_grad_()
        with torch.enable_grad():
            entered = self.enter(wave)
        inputs = [entered.detach().to(pulls[0].dtype), *judgement.features[:-1]]
        layers = list(zip(self._row, inputs, judgement.weights, strict=True))
        gradient = pulls[-1]
        for place in range(len(layers) - 1, -1, -1):
            conv, x, weight = layers[place]
            gradient = conv.towards_input(gradient, x.detach(), weight.detach())
            if place:
                gradient = gradient + pulls[place - 1]
                # The slope at what came in is told by what came out: a leak keeps the sign.
                gradient = torch.where(x > 0, gradient, gradient * LEAK)
        (found,) = torch.autograd.grad(entered, wave, gradient.to(entered.dtype))
        return found


class ScaleDiscriminator(_Discriminator):
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


class PeriodConv(_WeightNormed):
    """A convolution along every period-th sample; its weight keeps the published four dimensions."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int) -> None:
        super().__init__((outputs, inputs, kernel, 1), outputs)
        self.stride, self.padding = stride, kernel // 2

    def convolve(self, x: Tensor, weight: Tensor) -> Tensor:
        if x.dim() == 3:
            return functional.conv1d(x, weight[..., 0], self.bias, self.stride, self.padding)
        return functional.conv2d(x, weight, self.bias, (self.stride, 1), (self.padding, 0))

    def towards_input(self, gradient: Tensor, x: Tensor, weight: Tensor) -> Tensor:
        """As `NormedConv1d.towards_input`."""
        if x.dim() == 3:
            return input_gradient(gradient, x, weight[..., 0], [self.stride], [self.padding])
        return input_gradient(gradient, x, weight, [self.stride, 1], [self.padding, 0])


class PeriodDiscriminator(_Discriminator):
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

    def enter(self, wave: Tensor) -> Tensor:
        """[B, 1, T] -> [B, 1, T / p, p], or [B * p, 1, T / p] where that is faster."""
        missing = -wave.shape[-1] % self.period
        if missing:
            wave = functional.pad(wave, (0, missing), mode="reflect")
        columns = wave.view(wave.shape[0], 1, -1, self.period)
        if self.period not in FOLDED_PERIODS:
            return columns
        return columns.permute(0, 3, 1, 2).flatten(0, 1).contiguous()

    def scores(self, last: Tensor, batch: int) -> Tensor:
        if last.dim() == 3:
            last = last.view(batch, self.period, *last.shape[1:]).permute(0, 2, 3, 1)
        return last.flatten(1)


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

    def cut(self, judgements: Sequence[Judgement], batch: int) -> list[Judgement]:
        """The same judgements of `batch` waveforms, each activation the beginning of a graph of its own."""
        found = []
        for each, judgement in zip(self._each(), judgements, strict=True):
            features = [feature.detach().requires_grad_() for feature in judgement.features]
            scores = each.scores(features[-1], batch)
            found.append(Judgement(scores, features, judgement.weights))
        return found

    def towards_wave(self, wave: Tensor, cut: Sequence[Judgement], loss: Tensor) -> Tensor:
        """The gradient of `loss` with respect to `wave` [B, 1, T]; `loss` is of the `cut` judgements, they of `wave`.

        By hand: autograd would walk the whole batch in which `wave` was judged, and the other half costs as much.
        """
        leaves = [feature for judgement in cut for feature in judgement.features]
        pulls = iter(torch.autograd.grad(loss, leaves))
        found = [
            each.towards(wave, judgement, [next(pulls) for _ in judgement.features])
            for each, judgement in zip(self._each(), cut, strict=True)
        ]
        return torch.stack(found).sum(dim=0)

    def _each(self) -> list[_Discriminator]:
        return cast(list[_Discriminator], list(self.discriminators))
