"""Layers that several parts of the network share; they know nothing of speech."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

LEAK = 0.1


class _WeightNormed(nn.Module):
    """A convolution whose weight is a direction (`weight_v`) times a length (`weight_g`).

    Salimans and Kingma 2016, the length taken over every dimension but the first. Tensors are named and ordered
    (`bias`, `weight_g`, `weight_v`) as published voices name them.
    """

    def __init__(self, shape: tuple[int, ...], biases: int) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.empty(biases))
        self.weight_g = nn.Parameter(torch.empty(shape[0], *(1 for _ in shape[1:])))
        self.weight_v = nn.Parameter(torch.empty(shape))
        self._initialise()

    def _initialise(self) -> None:
        fan_in = self.weight_v[0].numel()
        nn.init.kaiming_uniform_(self.weight_v, a=5**0.5)
        nn.init.uniform_(self.bias, -(fan_in**-0.5), fan_in**-0.5)
        with torch.no_grad():
            self.weight_g.copy_(torch.norm_except_dim(self.weight_v, 2, 0))

    def folded_weight(self) -> Tensor:
        """The weight itself: computed, or the stored one after `fold`."""
        if "weight" in self._parameters:
            return cast(Tensor, self.weight)
        # The fused operator: a dozen small ones otherwise, in each of some hundred layers.
        return torch._weight_norm(self.weight_v, self.weight_g, 0)

    def fold(self) -> None:
        """Replace direction and length by their product, for speaking only. There is no way back."""
        weight = self.folded_weight().detach().clone()
        del self.weight_g, self.weight_v
        self.weight = nn.Parameter(weight, requires_grad=False)


class NormedConv1d(_WeightNormed):
    """Weight-normed convolution over time: [B, inputs, T] -> [B, outputs, T']."""

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int,
        *,
        stride: int = 1,
        dilation: int = 1,
        groups: int = 1,
    ) -> None:
        super().__init__((outputs, inputs // groups, kernel), outputs)
        self.stride, self.dilation, self.groups = stride, dilation, groups
        self.padding = (kernel - 1) * dilation // 2

    def forward(self, x: Tensor) -> Tensor:
        return self.convolve(x, self.folded_weight())

    def convolve(self, x: Tensor, weight: Tensor) -> Tensor:
        """With the weight that `folded_weight` gave."""
        return functional.conv1d(
            x, weight, self.bias, self.stride, self.padding, self.dilation, self.groups
        )

    def towards_input(self, gradient: Tensor, x: Tensor, weight: Tensor) -> Tensor:
        """The gradient with respect to the input `x` from the one with respect to the output."""
        return input_gradient(
            gradient, x, weight, [self.stride], [self.padding], [self.dilation], self.groups
        )


class NormedUpsample1d(_WeightNormed):
    """Weight-normed transposed convolution; the result is exactly `rate` times as long."""

    def __init__(self, inputs: int, outputs: int, kernel: int, rate: int) -> None:
        # Dimension 0 of a transposed convolution is its input, hence as many lengths as inputs.
        super().__init__((inputs, outputs, kernel), outputs)
        self.rate, self.padding = rate, (kernel - rate) // 2

    def forward(self, x: Tensor) -> Tensor:
        weight = self.folded_weight()
        return functional.conv_transpose1d(x, weight, self.bias, self.rate, self.padding)


class ChannelNorm(nn.Module):
    """Layer normalisation over the channels of [B, C, T]."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.ones(channels))
        self.beta = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        across = x.transpose(1, -1)
        shape = (self.gamma.shape[0],)
        return functional.layer_norm(across, shape, self.gamma, self.beta, 1e-5).transpose(1, -1)


class WaveNet(nn.Module):
    """Gated convolutions with skip connections (WaveGlow's form, arXiv 1811.00002): [B, C, T] -> [B, C, T]."""

    def __init__(self, channels: int, kernel: int, layers: int, speaker_width: int) -> None:
        super().__init__()
        self.channels = channels
        self.in_layers = nn.ModuleList(
            NormedConv1d(channels, 2 * channels, kernel) for _ in range(layers)
        )
        # The last layer feeds nothing but the skip sum.
        self.res_skip_layers = nn.ModuleList(
            NormedConv1d(channels, 2 * channels if i < layers - 1 else channels, 1)
            for i in range(layers)
        )
        if speaker_width:
            self.cond_layer = NormedConv1d(speaker_width, 2 * channels * layers, 1)

    def forward(self, x: Tensor, mask: Tensor, speaker: Tensor | None) -> Tensor:
        conditions = self._conditions(speaker)
        skipped: Tensor | None = None
        for i, (enter, leave) in enumerate(zip(self.in_layers, self.res_skip_layers, strict=True)):
            gates = enter(x) if conditions is None else enter(x) + conditions[i]
            filtered, gate = gates.chunk(2, dim=1)
            out = leave(torch.tanh(filtered) * torch.sigmoid(gate))
            if i < len(self.in_layers) - 1:
                residual, out = out.chunk(2, dim=1)
                x = (x + residual) * mask
            skipped = out if skipped is None else skipped + out
        assert skipped is not None
        return skipped * mask

    def _conditions(self, speaker: Tensor | None) -> tuple[Tensor, ...] | None:
        if speaker is None:
            return None
        return cast(Tensor, self.cond_layer(speaker)).chunk(len(self.in_layers), dim=1)


def input_gradient(
    gradient: Tensor,
    x: Tensor,
    weight: Tensor,
    stride: list[int],
    padding: list[int],
    dilation: list[int] | None = None,
    groups: int = 1,
) -> Tensor:
    """Of a convolution, with respect to its input alone, in the precision of `gradient`."""
    dilation = dilation or [1] * len(stride)
    nothing = [0] * len(stride)
    found: tuple[Tensor, ...] = torch.ops.aten.convolution_backward(
        gradient,
        x,
        weight.to(gradient.dtype),
        None,
        stride,
        padding,
        dilation,
        False,
        nothing,
        groups,
        [True, False, False],
    )
    return found[0]


def length_mask(lengths: Tensor, longest: int | Tensor, dtype: torch.dtype) -> Tensor:
    """[B, 1, longest]: one where there is something, zero in the padding."""
    places = torch.arange(longest, device=lengths.device)  # type: ignore[arg-type]
    return (places[None, None, :] < lengths[:, None, None]).to(dtype)


def fold_weights(module: nn.Module) -> None:
    """Fold every weight-normed layer below `module`, which afterwards can speak but not learn."""
    for layer in module.modules():
        if isinstance(layer, _WeightNormed):
            layer.fold()
