"""Monotonic rational-quadratic splines with linear tails (arXiv 1906.04032). Pure arithmetic, no parameters.

Places outside the interval are clamped and chosen away rather than indexed by a mask: a mask would wait for the GPU
eight times a step and no exporter can trace it.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

BOUND = 5.0
SMALLEST_BIN = 1e-3
SMALLEST_SLOPE = 1e-3


def spline(
    x: Tensor, widths: Tensor, heights: Tensor, slopes: Tensor, *, reverse: bool
) -> tuple[Tensor, Tensor]:
    """Map `x` of any shape; return the images and the log of the slope at each.

    `widths` and `heights` end in one more dimension of K raw values, `slopes` of K - 1 (the inner knots).
    """
    knots_x, knots_y = _knots(widths), _knots(heights)
    inner = SMALLEST_SLOPE + functional.softplus(slopes)
    edge = torch.ones_like(inner[..., :1])
    knot_slopes = torch.cat([edge, inner, edge], dim=-1)
    clamped = x.clamp(-BOUND, BOUND)
    index = _bin(clamped, knots_y if reverse else knots_x)
    left, right = (_at(knots_x, index), _at(knots_x, index + 1))
    low, high = (_at(knots_y, index), _at(knots_y, index + 1))
    corner = (left, right - left, low, high - low)
    ends = (_at(knot_slopes, index), _at(knot_slopes, index + 1))
    image, log_slope = (_inverse if reverse else _forward)(clamped, corner, ends)
    inside = (x >= -BOUND) & (x <= BOUND)
    return torch.where(inside, image, x), torch.where(inside, log_slope, torch.zeros_like(x))


_Corner = tuple[Tensor, Tensor, Tensor, Tensor]


def _knots(raw: Tensor) -> Tensor:
    """K raw values to the K + 1 borders of bins that fill [-BOUND, BOUND]."""
    count = raw.shape[-1]
    shares = SMALLEST_BIN + (1 - SMALLEST_BIN * count) * torch.softmax(raw, dim=-1)
    inner = 2 * BOUND * torch.cumsum(shares, dim=-1)[..., :-1] - BOUND
    edge = torch.full_like(inner[..., :1], BOUND)
    return torch.cat([-edge, inner, edge], dim=-1)


def _bin(x: Tensor, knots: Tensor) -> Tensor:
    return (x[..., None] >= knots[..., 1:-1]).long().sum(dim=-1)


def _at(values: Tensor, index: Tensor) -> Tensor:
    return values.gather(-1, index[..., None])[..., 0]


def _forward(x: Tensor, corner: _Corner, ends: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
    left, width, low, height = corner
    secant = height / width
    share = (x - left) / width
    mixed = share * (1 - share)
    below = secant + (ends[0] + ends[1] - 2 * secant) * mixed
    image = low + height * (secant * share.square() + ends[0] * mixed) / below
    return image, _log_slope(share, secant, ends, below)


def _inverse(y: Tensor, corner: _Corner, ends: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
    left, width, low, height = corner
    secant = height / width
    excess = (y - low) * (ends[0] + ends[1] - 2 * secant)
    a = height * (secant - ends[0]) + excess
    b = height * ends[0] - excess
    c = -secant * (y - low)
    # Rounding can push the discriminant a hair below zero at a knot.
    share = 2 * c / (-b - (b.square() - 4 * a * c).clamp_min(0).sqrt())
    below = secant + (ends[0] + ends[1] - 2 * secant) * share * (1 - share)
    return share * width + left, -_log_slope(share, secant, ends, below)


def _log_slope(share: Tensor, secant: Tensor, ends: tuple[Tensor, Tensor], below: Tensor) -> Tensor:
    rest = 1 - share
    slope = ends[1] * share.square() + 2 * secant * share * rest + ends[0] * rest.square()
    return 2 * secant.log() + slope.log() - 2 * below.log()
