"""The stochastic duration predictor: how many frames each phoneme lasts (VITS section 2.2.2, Flow++ 1902.00275)."""

from __future__ import annotations

import math
from typing import Protocol, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from pod_image.recipes.piper.model.flow import Draw
from pod_image.recipes.piper.model.layers import ChannelNorm
from pod_image.recipes.piper.model.spline import spline
from pod_image.recipes.piper.quality import Sizes

KERNEL = 3
LAYERS = 3
DROPOUT = 0.5
BINS = 10
SPLINES = 4
SMALLEST_DURATION = 1e-5
LOG_2_PI = math.log(2 * math.pi)


class SeparableStack(nn.Module):
    """Dilated depthwise and pointwise convolutions with residual sums, masked at the end."""

    def __init__(self, channels: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.drop = nn.Dropout(dropout)
        self.convs_sep = nn.ModuleList(
            nn.Conv1d(
                channels, channels, KERNEL, groups=channels, dilation=KERNEL**i, padding=KERNEL**i
            )
            for i in range(LAYERS)
        )
        self.convs_1x1 = nn.ModuleList(nn.Conv1d(channels, channels, 1) for _ in range(LAYERS))
        self.norms_1 = nn.ModuleList(ChannelNorm(channels) for _ in range(LAYERS))
        self.norms_2 = nn.ModuleList(ChannelNorm(channels) for _ in range(LAYERS))

    def forward(self, x: Tensor, mask: Tensor, condition: Tensor | None = None) -> Tensor:
        if condition is not None:
            x = x + condition
        layers = (self.convs_sep, self.norms_1, self.convs_1x1, self.norms_2)
        for separable, norm_1, pointwise, norm_2 in zip(*layers, strict=True):
            y = functional.gelu(norm_1(separable(x * mask)))
            x = x + self.drop(functional.gelu(norm_2(pointwise(y))))
        return x * mask


class Affine(nn.Module):
    """Scale and shift of each channel."""

    def __init__(self) -> None:
        super().__init__()
        self.m = nn.Parameter(torch.zeros(2, 1))
        self.logs = nn.Parameter(torch.zeros(2, 1))

    def forward(self, x: Tensor, mask: Tensor, condition: Tensor) -> tuple[Tensor, Tensor]:
        return (self.m + self.logs.exp() * x) * mask, (self.logs * mask).sum(dim=(1, 2))

    def reverse(self, x: Tensor, mask: Tensor, condition: Tensor) -> Tensor:
        return (x - self.m) * torch.exp(-self.logs) * mask


class SplineCoupling(nn.Module):
    """Bend the second channel by a spline whose shape the first channel and the text decide."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.channels = channels
        self.pre = nn.Conv1d(1, channels, 1)
        self.convs = SeparableStack(channels)
        self.proj = nn.Conv1d(channels, 3 * BINS - 1, 1)
        nn.init.zeros_(self.proj.weight)
        nn.init.zeros_(self.proj.bias)  # type: ignore[arg-type]

    def forward(self, x: Tensor, mask: Tensor, condition: Tensor) -> tuple[Tensor, Tensor]:
        bent, log_slope = self._bend(x, mask, condition, reverse=False)
        return bent, (log_slope * mask).sum(dim=(1, 2))

    def reverse(self, x: Tensor, mask: Tensor, condition: Tensor) -> Tensor:
        return self._bend(x, mask, condition, reverse=True)[0]

    def _bend(
        self, x: Tensor, mask: Tensor, condition: Tensor, *, reverse: bool
    ) -> tuple[Tensor, Tensor]:
        kept, moved = x.chunk(2, dim=1)
        shape = self.proj(self.convs(self.pre(kept), mask, condition)) * mask
        raw = shape.transpose(1, 2).unsqueeze(1)
        scale = self.channels**-0.5
        widths, heights = raw[..., :BINS] * scale, raw[..., BINS : 2 * BINS] * scale
        moved, log_slope = spline(moved, widths, heights, raw[..., 2 * BINS :], reverse=reverse)
        return torch.cat([kept, moved], dim=1) * mask, log_slope


class Swap(nn.Module):
    """Exchange the two channels."""

    def forward(self, x: Tensor, mask: Tensor, condition: Tensor) -> tuple[Tensor, Tensor]:
        return x.flip(1), x.new_zeros(x.shape[0])

    def reverse(self, x: Tensor, mask: Tensor, condition: Tensor) -> Tensor:
        return x.flip(1)


class _Flow(Protocol):
    def reverse(self, x: Tensor, mask: Tensor, condition: Tensor) -> Tensor: ...


def _flows(channels: int) -> nn.ModuleList:
    flows: list[nn.Module] = [Affine()]
    for _ in range(SPLINES):
        flows += [SplineCoupling(channels), Swap()]
    return nn.ModuleList(flows)


class DurationPredictor(nn.Module):
    """Likelihood of durations while training, a draw of log-durations while speaking.

    Text is taken detached: this loss does not shape the text encoder.
    """

    def __init__(self, sizes: Sizes, speaker_width: int) -> None:
        super().__init__()
        width = sizes.hidden
        self.flows = _flows(width)
        self.post_pre = nn.Conv1d(1, width, 1)
        self.post_proj = nn.Conv1d(width, width, 1)
        self.post_convs = SeparableStack(width, DROPOUT)
        self.post_flows = _flows(width)
        self.pre = nn.Conv1d(width, width, 1)
        self.proj = nn.Conv1d(width, width, 1)
        self.convs = SeparableStack(width, DROPOUT)
        if speaker_width:
            self.cond = nn.Conv1d(speaker_width, width, 1)

    def forward(
        self, text: Tensor, mask: Tensor, frames: Tensor, speaker: Tensor | None, draw: Draw
    ) -> Tensor:
        """Negative log-likelihood in nats of durations `frames` [B, 1, T], one figure for each clip [B]."""
        condition = self._condition(text, mask, speaker)
        heard = self.post_proj(self.post_convs(self.post_pre(frames), mask)) * mask
        noise = draw(frames.expand(-1, 2, -1)) * mask
        z, log_det = _run(self.post_flows, noise, mask, condition + heard)
        logit, other = z.chunk(2, dim=1)
        fraction = torch.sigmoid(logit) * mask
        squashed = functional.logsigmoid(logit) + functional.logsigmoid(-logit)
        log_det = log_det + (squashed * mask).sum(dim=(1, 2))
        log_q = (-0.5 * (LOG_2_PI + noise.square()) * mask).sum(dim=(1, 2)) - log_det
        return log_q + self._prior_nll((frames - fraction) * mask, other, mask, condition)

    def _prior_nll(
        self, continuous: Tensor, other: Tensor, mask: Tensor, condition: Tensor
    ) -> Tensor:
        logged = continuous.clamp_min(SMALLEST_DURATION).log() * mask
        z, log_det = _run(self.flows, torch.cat([logged, other], dim=1), mask, condition)
        log_det = log_det - logged.sum(dim=(1, 2))
        return (0.5 * (LOG_2_PI + z.square()) * mask).sum(dim=(1, 2)) - log_det

    def predict(
        self,
        text: Tensor,
        mask: Tensor,
        speaker: Tensor | None,
        noise_scale: float | Tensor,
        draw: Draw,
    ) -> Tensor:
        """Log of the durations in frames, [B, 1, T]."""
        condition = self._condition(text, mask, speaker)
        z = draw(text[:, :2]) * noise_scale
        # The first spline of the main flow is left out when speaking, as in every published voice.
        for flow in [*reversed(self.flows[2:]), self.flows[0]]:
            z = cast(_Flow, flow).reverse(z, mask, condition)
        return z[:, :1]

    def _condition(self, text: Tensor, mask: Tensor, speaker: Tensor | None) -> Tensor:
        x = self.pre(text.detach())
        if speaker is not None:
            x = x + self.cond(speaker.detach())
        return cast(Tensor, self.proj(self.convs(x, mask)) * mask)


def _run(flows: nn.ModuleList, z: Tensor, mask: Tensor, condition: Tensor) -> tuple[Tensor, Tensor]:
    total = z.new_zeros(z.shape[0])
    for flow in flows:
        z, log_det = flow(z, mask, condition)
        total = total + log_det
    return z, total
