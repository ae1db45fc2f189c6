"""The losses of VITS and HiFi-GAN, in single precision whatever the network ran in."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from pod_image.recipes.piper.model.discriminators import Judgement
from pod_image.recipes.piper.model.generator import ForwardResult

MEL_WEIGHT = 45.0
FEATURE_WEIGHT = 2.0


@dataclass(frozen=True)
class Losses:
    """Scalars on the device of the model; `mel` is the plain mean absolute difference, its weight not yet applied."""

    mel: Tensor
    kl: Tensor
    duration: Tensor
    adversarial: Tensor
    features: Tensor
    discriminator: Tensor

    @property
    def generator(self) -> Tensor:
        """What the generator minimises."""
        return self.own + self.adversarial + self.features

    @property
    def own(self) -> Tensor:
        """The part of `generator` that no discriminator has a say in."""
        return MEL_WEIGHT * self.mel + self.kl + self.duration

    def stacked(self) -> Tensor:
        """All six, detached, in the order of the fields: one transfer when they are to be read."""
        parts = (self.mel, self.kl, self.duration, self.adversarial, self.features)
        return torch.stack([part.detach() for part in (*parts, self.discriminator)])


def kl_loss(forward_result: ForwardResult) -> Tensor:
    """One-sample estimate of the divergence of posterior from prior, per frame."""
    r = forward_result
    gap = (r.z_p - r.m_p).square() * torch.exp(-2.0 * r.logs_p)
    terms = r.logs_p - r.logs_q - 0.5 + 0.5 * gap
    return (terms * r.frame_mask).sum() / r.frame_mask.sum()


def duration_loss(forward_result: ForwardResult) -> Tensor:
    """Nats per phoneme, over the batch."""
    return (forward_result.duration_nll / forward_result.text_mask.sum()).sum()


def mel_loss(real: Tensor, fake: Tensor) -> Tensor:
    """Mean absolute difference of log-mels."""
    return functional.l1_loss(fake.float(), real.float())


def adversarial_loss(fake: list[Judgement]) -> Tensor:
    """How far the fakes are from passing as real (least squares, arXiv 1611.04076)."""
    return _total([(1.0 - j.scores.float()).square().mean() for j in fake])


def feature_loss(real: list[Judgement], fake: list[Judgement]) -> Tensor:
    """Mean absolute difference of every activation, the real ones taken as given, times two."""
    gaps = [
        (a.float().detach() - b.float()).abs().mean()
        for r, f in zip(real, fake, strict=True)
        for a, b in zip(r.features, f.features, strict=True)
    ]
    return FEATURE_WEIGHT * _total(gaps)


def discriminator_loss(real: list[Judgement], fake: list[Judgement]) -> Tensor:
    """How far the discriminators are from calling real one and fake zero."""
    right = [(1.0 - j.scores.float()).square().mean() for j in real]
    return _total(right + [j.scores.float().square().mean() for j in fake])


def halves(both: list[Judgement]) -> tuple[list[Judgement], list[Judgement]]:
    """Judgements of a batch that was real then fake, taken apart again without copying."""
    first, second = [], []
    for judgement in both:
        scores = judgement.scores.chunk(2)
        pairs = [feature.chunk(2) for feature in judgement.features]
        first.append(Judgement(scores[0], [pair[0] for pair in pairs], judgement.weights))
        second.append(Judgement(scores[1], [pair[1] for pair in pairs], judgement.weights))
    return first, second


def _total(parts: list[Tensor]) -> Tensor:
    return torch.stack(parts).sum()
