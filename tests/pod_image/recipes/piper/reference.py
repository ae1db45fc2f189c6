"""The reference's networks and losses from the piper-tts wheel, and figures of how far ours are from them.

That package is GPL: it is called here as an installed test dependency and nothing of it is copied.
"""

from __future__ import annotations

import sys
import types
from dataclasses import dataclass
from typing import Any
from unittest import mock

import monotonic_alignment_search
import torch
from torch import Tensor, nn

from pod_image.recipes.piper.clips import Batch
from pod_image.recipes.piper.losses import (
    adversarial_loss,
    discriminator_loss,
    duration_loss,
    feature_loss,
    halves,
    kl_loss,
)
from pod_image.recipes.piper.model import Discriminators, Generator
from pod_image.recipes.piper.optimisation import LOSS_NAMES, Optimisation
from pod_image.recipes.piper.quality import (
    SEGMENT_FRAMES,
    SEGMENT_SAMPLES,
    SIZES,
    SPEAKER_WIDTH,
    SYMBOLS,
    Quality,
    Sizes,
)
from tests.pod_image.recipes.piper.cases import fill_by_name

IDS = torch.randint(3, 151, (2, 23), generator=torch.manual_seed(7))
ID_LENGTHS = torch.tensor([23, 17])
SPECTROGRAM = torch.rand((2, 513, 60), generator=torch.manual_seed(8))
FRAME_LENGTHS = torch.tensor([60, 48])
REAL = torch.rand((2, 1, 8192), generator=torch.manual_seed(9)) - 0.5


def modules() -> tuple[Any, Any]:
    """`models` and `losses`, with a stand-in for the extension that the wheel lacks."""
    aligned = types.ModuleType("piper.train.vits.monotonic_align")
    # The package has [batch, text, frames] where the reference has [batch, frames, text].
    aligned.maximum_path = lambda value, mask: monotonic_alignment_search.maximum_path(  # type: ignore[attr-defined]  # a module made here
        value.transpose(1, 2).contiguous(), mask.transpose(1, 2).contiguous()
    ).transpose(1, 2)
    with mock.patch.dict(sys.modules, {aligned.__name__: aligned}):
        from piper.train.vits import losses, models
    import piper.train.vits as package

    package.monotonic_align = aligned  # type: ignore[attr-defined]  # compiled, and absent here
    sys.modules[aligned.__name__] = aligned
    return models, losses


def generator(sizes: Sizes, speakers: int = 1) -> nn.Module:
    """The reference's generator of these sizes, ready to be compared: nothing dropped out."""
    models, _ = modules()
    made: nn.Module = models.SynthesizerTrn(
        n_vocab=SYMBOLS,
        spec_channels=513,
        segment_size=SEGMENT_FRAMES,
        inter_channels=sizes.hidden,
        hidden_channels=sizes.hidden,
        filter_channels=sizes.filter,
        n_heads=sizes.heads,
        n_layers=sizes.text_layers,
        kernel_size=3,
        p_dropout=0.1,
        resblock="1" if sizes.resblock_paired else "2",
        resblock_kernel_sizes=sizes.resblock_kernels,
        resblock_dilation_sizes=sizes.resblock_dilations,
        upsample_rates=sizes.upsample_rates,
        upsample_initial_channel=sizes.decoder_channels,
        upsample_kernel_sizes=sizes.upsample_kernels,
        n_speakers=speakers,
        gin_channels=SPEAKER_WIDTH if speakers > 1 else 0,
        use_sdp=True,
    )
    return made.eval()


def nothing_drawn() -> Any:
    """While this holds, every draw of torch's is zero: what is left has to agree exactly."""
    zeros: dict[str, Any] = {
        "randn": lambda *s, **_: torch.zeros(*s),
        "randn_like": torch.zeros_like,
    }
    return mock.patch.multiple(torch, rand=lambda *s, **_: torch.zeros(*s), **zeros)


@dataclass(frozen=True)
class Gap:
    """How far ours is from the reference: relative to the reference's own size."""

    forward: dict[str, float]
    """Largest difference of the sound, and of each loss."""
    gradients: dict[str, float]
    """Largest difference of any parameter's gradient, by part of the network."""


def generator_gap(quality: Quality, speakers: int = 1) -> Gap:
    """Same weights, same inputs, nothing drawn: sound, KL and duration loss, and the gradient of each parameter."""
    _, losses = modules()
    theirs, ours = generator(SIZES[quality], speakers), Generator(SIZES[quality], speakers=speakers)
    ours.eval()
    fill_by_name(ours, "model_g.")
    theirs.load_state_dict(ours.state_dict())
    who = torch.tensor([2, 0]) if speakers > 1 else None
    with nothing_drawn():
        sound, duration, *_, z_mask, latent = theirs(
            IDS, ID_LENGTHS, SPECTROGRAM, FRAME_LENGTHS, who
        )
    _, z_p, m_p, logs_p, _, logs_q = latent
    duration, kl = duration.sum(), losses.kl_loss(z_p, logs_q, m_p, logs_p, z_mask)
    starts = torch.zeros(2, dtype=torch.long)
    got = ours(
        IDS, ID_LENGTHS, SPECTROGRAM, FRAME_LENGTHS, who, starts=starts, draw=torch.zeros_like
    )
    # Any function of the sound will do to send gradients through the decoder.
    (kl + duration + (sound * REAL).sum()).backward()
    (kl_loss(got) + duration_loss(got) + (got.sound * REAL).sum()).backward()
    forward = {
        "sound": _relative(got.sound, sound),
        "kl": _relative(kl_loss(got), kl),
        "duration": _relative(duration_loss(got), duration),
    }
    return Gap(forward, _gradient_gaps(ours, theirs))


def discriminator_gap() -> Gap:
    """The three adversarial losses and every gradient of the discriminators, of one size for all qualities."""
    models, losses = modules()
    theirs, ours = models.MultiPeriodDiscriminator(), Discriminators(SIZES[Quality.MEDIUM])
    fill_by_name(ours, "model_d.")
    theirs.load_state_dict(ours.state_dict())
    fake = REAL.flip(0) * 0.7
    real_scores, fake_scores, real_maps, fake_maps = theirs(REAL, fake)
    of_real, of_fake = halves(ours(torch.cat([REAL, fake])))
    expected = {
        "adversarial": first(losses.generator_loss(fake_scores)),
        "features": losses.feature_loss(real_maps, fake_maps),
        "discriminator": first(losses.discriminator_loss(real_scores, fake_scores)),
    }
    got = {
        "adversarial": adversarial_loss(of_fake),
        "features": feature_loss(of_real, of_fake),
        "discriminator": discriminator_loss(of_real, of_fake),
    }
    expected["discriminator"].backward()
    got["discriminator"].backward()
    forward = {name: _relative(got[name], expected[name]) for name in got}
    return Gap(forward, _gradient_gaps(ours, theirs))


def first(value: Any) -> Any:
    return value[0] if isinstance(value, tuple) else value


def _relative(ours: Tensor, theirs: Tensor) -> float:
    return float((ours - theirs).detach().abs().max() / theirs.detach().abs().max())


def _gradient_gaps(ours: nn.Module, theirs: nn.Module) -> dict[str, float]:
    """Per parameter relative to its own gradient; where that is zero but for rounding, to the whole network's."""
    expected = {name: p.grad for name, p in theirs.named_parameters()}
    whole = torch.stack([g.norm() for g in expected.values() if g is not None]).norm()
    gaps: dict[str, float] = {}
    for name, parameter in ours.named_parameters():
        theirs_grad, part = expected[name], _part(name)
        if theirs_grad is None:
            # Not a parameter of what was differentiated; ours must not have moved it either.
            idle = parameter.grad is None or not parameter.grad.any()
            gaps[part] = max(gaps.get(part, 0.0), 0.0 if idle else float("inf"))
            continue
        assert parameter.grad is not None, name
        floor = max(float(theirs_grad.norm()), 1e-3 * float(whole))
        gaps[part] = max(gaps.get(part, 0.0), float((parameter.grad - theirs_grad).norm()) / floor)
    return gaps


def _part(name: str) -> str:
    words = name.split(".")
    return ".".join(words[:2]) if words[0] == "discriminators" else words[0]


class PlainTraining:
    """The usual step of HiFi-GAN on the reference's networks: what it costs is of no interest here."""

    def __init__(self, sizes: Sizes, ours: Optimisation, judges: int) -> None:
        """Starts from the same weights as `ours`; `judges` discriminators take part."""
        models, self.losses = modules()
        from piper.train.vits import mel_processing

        self.mels = mel_processing
        self.rate_hz = ours.sample_rate_hz
        self.generator = generator(sizes)
        self.generator.load_state_dict(ours.generator.state_dict())
        self.discriminators = models.MultiPeriodDiscriminator()
        self.discriminators.discriminators = self.discriminators.discriminators[:judges]
        self.discriminators.load_state_dict(ours.discriminators.state_dict())
        networks = (self.generator, self.discriminators)
        self.optimisers = [
            torch.optim.AdamW(network.parameters(), **_settings_of(optimiser))
            for network, optimiser in zip(networks, ours.optimisers, strict=True)
        ]

    def step(self, batch: Batch) -> dict[str, float]:
        """One step with nothing drawn; the losses under our names."""
        with nothing_drawn():
            sound, duration, *_, z_mask, latent = self.generator(
                batch.ids, batch.id_lengths, batch.spectrogram, batch.frame_lengths
            )
        _, z_p, m_p, logs_p, _, logs_q = latent
        real = batch.wave[:, None, :SEGMENT_SAMPLES]
        losses = {
            "mel": torch.nn.functional.l1_loss(self._mel_of_real(batch), self._mel_of(sound)),
            "kl": self.losses.kl_loss(z_p, logs_q, m_p, logs_p, z_mask),
            "duration": duration.sum(),
        }
        real_scores, fake_scores, _, _ = self.discriminators(real, sound.detach())
        losses["discriminator"] = first(self.losses.discriminator_loss(real_scores, fake_scores))
        _, fake_scores, real_maps, fake_maps = self.discriminators(real, sound)
        losses["adversarial"] = first(self.losses.generator_loss(fake_scores))
        losses["features"] = self.losses.feature_loss(real_maps, fake_maps)
        total = 45.0 * losses["mel"] + sum(
            losses[name] for name in ("kl", "duration", "adversarial", "features")
        )
        gradients = [
            torch.autograd.grad(
                total, list(self.generator.parameters()), retain_graph=True, allow_unused=True
            ),
            torch.autograd.grad(losses["discriminator"], list(self.discriminators.parameters())),
        ]
        for network, found in zip((self.generator, self.discriminators), gradients, strict=True):
            for parameter, gradient in zip(network.parameters(), found, strict=True):
                parameter.grad = gradient
        for optimiser in self.optimisers:
            optimiser.step()
        return {name: float(losses[name].detach()) for name in LOSS_NAMES}

    def _mel_of_real(self, batch: Batch) -> Tensor:
        cut = batch.spectrogram[:, :, :SEGMENT_FRAMES]
        mel: Tensor = self.mels.spec_to_mel_torch(cut, 1024, 80, self.rate_hz, 0.0, None)
        return mel

    def _mel_of(self, sound: Tensor) -> Tensor:
        mel: Tensor = self.mels.mel_spectrogram_torch(
            sound.squeeze(1), 1024, 80, self.rate_hz, 256, 1024, 0.0, None
        )
        return mel


def _settings_of(optimiser: torch.optim.Optimizer) -> dict[str, Any]:
    group = optimiser.param_groups[0]
    return {name: group[name] for name in ("lr", "betas", "eps", "weight_decay")}


def loss_curves(
    sizes: Sizes, batch: Batch, rate_hz: int, *, steps: int, judges: int = 6, seed: int = 1234
) -> tuple[list[dict[str, float]], list[dict[str, float]]]:
    """Losses of ours and of the reference over `steps`, from the same weights on the same clips, nothing drawn."""
    torch.manual_seed(seed)
    # The reference's discriminators have one size; fewer of them make a test affordable.
    discriminators = Discriminators(SIZES[Quality.X_LOW])
    discriminators.discriminators = discriminators.discriminators[:judges]
    own = Generator(sizes)
    optimisation = Optimisation(own, discriminators, sample_rate_hz=rate_hz, learning_rate=2e-4)
    own.eval()
    plain = PlainTraining(sizes, optimisation, judges)
    ours, theirs = [], []
    starts = torch.zeros(len(batch.ids), dtype=torch.long)
    for _ in range(steps):
        losses = optimisation.step(batch, starts=starts, draw=torch.zeros_like)
        ours.append(dict(zip(LOSS_NAMES, losses.tolist(), strict=True)))
        theirs.append(plain.step(batch))
    return ours, theirs


def largest_gap(ours: list[dict[str, float]], theirs: list[dict[str, float]]) -> dict[str, float]:
    """By loss: the largest relative difference at any step, relative to the reference's mean of that loss."""
    return {
        name: max(abs(a[name] - b[name]) for a, b in zip(ours, theirs, strict=True))
        / (sum(abs(b[name]) for b in theirs) / len(theirs))
        for name in LOSS_NAMES
    }
