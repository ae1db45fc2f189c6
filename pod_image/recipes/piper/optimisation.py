"""One step of training: losses, gradients and both optimisers, without waiting for the device.

Against the plain form of HiFi-GAN's step, the discriminators run once instead of four times: on real and fake in one
batch, and both losses take their gradients from that one pass; the generator's are walked back through the fake half
alone. The mathematics is the same; a test holds it so.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from pod_image.contract.recipes.piper import Precision
from pod_image.recipes.piper.clips import Batch
from pod_image.recipes.piper.device import autocast
from pod_image.recipes.piper.losses import (
    Losses,
    adversarial_loss,
    discriminator_loss,
    duration_loss,
    feature_loss,
    halves,
    kl_loss,
    mel_loss,
)
from pod_image.recipes.piper.model import Discriminators, ForwardResult, Generator
from pod_image.recipes.piper.model.flow import Draw
from pod_image.recipes.piper.model.generator import slices
from pod_image.recipes.piper.quality import HOP_SAMPLES, SEGMENT_FRAMES, SEGMENT_SAMPLES
from pod_image.recipes.piper.snapshot import copied
from pod_image.recipes.piper.spectrogram import mel_of_spectrogram, mel_of_wave

BETAS_GENERATOR = (0.8, 0.99)
BETAS_DISCRIMINATOR = (0.5, 0.9)
DISCRIMINATOR_RATE_SHARE = 0.5
EPSILON = 1e-9
WEIGHT_DECAY = 0.01

LOSS_NAMES = ("mel", "kl", "duration", "adversarial", "features", "discriminator")


class Optimisation:
    """The networks with their optimisers. `step` moves both; nothing in it waits for the device."""

    def __init__(
        self,
        generator: Generator,
        discriminators: Discriminators,
        *,
        sample_rate_hz: int,
        learning_rate: float,
        precision: Precision = Precision.AUTO,
        is_shared: bool = False,
    ) -> None:
        """`is_shared`: other processes step with other clips, and gradients are the mean of all."""
        self.generator, self.discriminators = generator, discriminators
        self.precision, self.is_shared = precision, is_shared
        self.sample_rate_hz = sample_rate_hz
        self.device = next(generator.parameters()).device
        self._generator: nn.Module = _shared(generator) if is_shared else generator
        self._discriminators: nn.Module = _shared(discriminators) if is_shared else discriminators
        self.generator_parameters = list(generator.parameters())
        self.discriminator_parameters = list(discriminators.parameters())
        self._asked_rates = (learning_rate, learning_rate * DISCRIMINATOR_RATE_SHARE)
        self._share = 1.0
        self.optimisers = [
            _adamw(self.generator_parameters, BETAS_GENERATOR),
            _adamw(self.discriminator_parameters, BETAS_DISCRIMINATOR),
        ]
        self._set_rates()
        self.frozen: list[nn.Parameter] = []
        """Parameters of the generator that steps leave as they are; their moments too."""
        self.skipped_in_a_row = torch.zeros((), device=self.device)
        self.skipped = torch.zeros((), device=self.device)

    def step(
        self, batch: Batch, *, starts: Tensor | None = None, draw: Draw = torch.randn_like
    ) -> Tensor:
        """One step; the six losses [6] of LOSS_NAMES, on the device.

        When a loss or a gradient is not finite neither network moves, decided on the device, and
        `skipped` and `skipped_in_a_row` count it.
        """
        losses = self.gradients(batch, starts=starts, draw=draw)
        for parameter in self.frozen:
            parameter.grad = None
        stacked = losses.stacked()
        broken = 1.0 - self._is_finite(stacked)
        for optimiser in self.optimisers:
            # Fused AdamW's own switch, made for loss scaling: one means do not move.
            optimiser.found_inf = broken  # type: ignore[attr-defined]
            optimiser.step()
        self.skipped += broken
        # In place: a captured step goes on where the one before it stopped.
        self.skipped_in_a_row.add_(1).mul_(broken)
        return stacked

    def gradients(
        self, batch: Batch, *, starts: Tensor | None = None, draw: Draw = torch.randn_like
    ) -> Losses:
        """Fill `.grad` of every parameter with this batch's gradients and return the losses."""
        self.drop_gradients()
        with autocast(self.precision, self.device):
            forward_result = self._forward(self._generator, batch, starts, draw)
            mel = self._mel(batch, forward_result)
            real = self._real_slices(batch, forward_result.starts)
            fake = forward_result.sound.detach()
            of_real, of_fake = halves(self._discriminators(torch.cat([real, fake])))
        cut = self.discriminators.cut(of_fake, len(fake))
        adversarial, features = adversarial_loss(cut), feature_loss(of_real, cut)
        to_tell = discriminator_loss(of_real, of_fake)
        losses = Losses(
            mel,
            kl_loss(forward_result),
            duration_loss(forward_result),
            adversarial,
            features,
            to_tell,
        )
        towards_real = self.discriminators.towards_wave(fake, cut, adversarial + features)
        torch.autograd.backward(to_tell, inputs=self.discriminator_parameters)
        torch.autograd.backward(
            [losses.own, forward_result.sound],
            [torch.ones_like(mel), towards_real],
            inputs=self.generator_parameters,
        )
        return losses

    def drop_gradients(self) -> None:
        """Give their memory back; a step does so first of all."""
        for parameter in (*self.generator_parameters, *self.discriminator_parameters):
            parameter.grad = None

    def make_moments(self) -> None:
        """What AdamW makes of itself when a parameter first moves: the same zeros, before any step."""
        for optimiser in self.optimisers:
            for parameter in optimiser.param_groups[0]["params"]:
                if not optimiser.state[parameter]:
                    optimiser.state[parameter] = {
                        "step": torch.zeros((), device=self.device),
                        "exp_avg": torch.zeros_like(parameter),
                        "exp_avg_sq": torch.zeros_like(parameter),
                    }

    def keep_share_of_rates(self, share: float) -> None:
        """Step so much less wide than was asked for. In place: a captured step goes on with it."""
        self._share = share
        for optimiser, rate in zip(self.optimisers, self._rates, strict=True):
            for group in optimiser.param_groups:
                group["lr"].fill_(rate)

    @property
    def _rates(self) -> tuple[float, ...]:
        return tuple(rate * self._share for rate in self._asked_rates)

    def restore(self, states: Sequence[dict[str, Any]]) -> None:
        """The moments of a checkpoint. Learning rates stay those asked for now, or the share of them."""
        for optimiser, state in zip(self.optimisers, states, strict=True):
            optimiser.load_state_dict(state)
        self._set_rates()

    def states(self) -> list[dict[str, Any]]:
        """What `restore` takes, copied away from what steps change, in the form that torch's own trainers write."""
        found = []
        for optimiser, rate in zip(self.optimisers, self._rates, strict=True):
            state = optimiser.state_dict()
            groups = [{**group, "lr": rate} for group in state["param_groups"]]
            moments = {
                index: {name: copied(v) if isinstance(v, Tensor) else v for name, v in row.items()}
                for index, row in state["state"].items()
            }
            found.append({"state": moments, "param_groups": groups})
        return found

    def _set_rates(self) -> None:
        """Rates on the device: a number would be frozen into a captured step. Loading a state undoes both of these."""
        for optimiser, rate in zip(self.optimisers, self._rates, strict=True):
            for group in optimiser.param_groups:
                group["lr"] = torch.full((), rate, device=self.device)
                group["capturable"] = True

    @torch.no_grad()
    def measure(self, batch: Batch) -> Tensor:
        """On the device: mean mel difference of the middle slice of each clip, nothing drawn, nothing learnt."""
        self.generator.eval()
        starts = (batch.frame_lengths - SEGMENT_FRAMES).clamp_min(0) // 2
        with autocast(self.precision, self.device):
            forward_result = self._forward(self.generator, batch, starts, torch.zeros_like)
            mel = self._mel(batch, forward_result)
        self.generator.train()
        return mel

    def _forward(
        self, generator: nn.Module, batch: Batch, starts: Tensor | None, draw: Draw
    ) -> ForwardResult:
        speakers = batch.speakers if self.generator.speakers > 1 else None
        return cast(
            ForwardResult,
            generator(
                batch.ids,
                batch.id_lengths,
                batch.spectrogram,
                batch.frame_lengths,
                speakers,
                starts=starts,
                draw=draw,
            ),
        )

    def _mel(self, batch: Batch, forward_result: ForwardResult) -> Tensor:
        # Mel filters act on each frame alone: cutting first gives the same figures for a tenth of the work.
        cut = slices(batch.spectrogram, forward_result.starts, SEGMENT_FRAMES)
        real = mel_of_spectrogram(cut, self.sample_rate_hz)
        return mel_loss(real, mel_of_wave(forward_result.sound[:, 0], self.sample_rate_hz))

    def _real_slices(self, batch: Batch, starts: Tensor) -> Tensor:
        return slices(batch.wave[:, None], starts * HOP_SAMPLES, SEGMENT_SAMPLES)

    def _is_finite(self, losses: Tensor) -> Tensor:
        parameters = [*self.generator_parameters, *self.discriminator_parameters]
        norm = nn.utils.get_total_norm([p.grad for p in parameters if p.grad is not None])
        if self.is_shared:
            # Gradients are the same everywhere, losses are not; and all have to decide alike.
            return torch.isfinite(norm).float()
        return (torch.isfinite(losses).all() & torch.isfinite(norm)).float()


def _shared(module: nn.Module) -> DistributedDataParallel:
    device = next(module.parameters()).device
    places = [device.index] if device.type == "cuda" else None
    return DistributedDataParallel(module, device_ids=places, broadcast_buffers=False)


def _adamw(parameters: Sequence[nn.Parameter], betas: tuple[float, float]) -> torch.optim.AdamW:
    return torch.optim.AdamW(
        parameters, betas=betas, eps=EPSILON, weight_decay=WEIGHT_DECAY, fused=True
    )
