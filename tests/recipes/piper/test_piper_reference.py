"""The same weights and inputs give the same figures in our modules and in those of the piper-tts wheel.

That package is GPL: it is called here as an installed test dependency and nothing of it is copied.
"""

from __future__ import annotations

import sys
import types
from unittest import mock

import monotonic_alignment_search
import pytest
import torch

from pod_image.recipes.piper.losses import (
    adversarial_loss,
    discriminator_loss,
    duration_loss,
    feature_loss,
    halves,
    kl_loss,
)
from pod_image.recipes.piper.model import Discriminators, Generator
from pod_image.recipes.piper.quality import SEGMENT_FRAMES, SIZES, SPEAKER_WIDTH, SYMBOLS, Quality
from tests.recipes.piper.cases import fill_by_name

IDS = torch.randint(3, 151, (2, 23), generator=torch.manual_seed(7))
ID_LENGTHS = torch.tensor([23, 17])
SPECTROGRAM = torch.rand((2, 513, 60), generator=torch.manual_seed(8))
FRAME_LENGTHS = torch.tensor([60, 48])
REAL = torch.rand((2, 1, 8192), generator=torch.manual_seed(9)) - 0.5


def _reference_modules():
    """The reference's models and losses, with a stand-in for the extension that the wheel lacks."""
    aligned = types.ModuleType("piper.train.vits.monotonic_align")
    # The package has [batch, text, frames] where the reference has [batch, frames, text].
    aligned.maximum_path = lambda value, mask: monotonic_alignment_search.maximum_path(
        value.transpose(1, 2).contiguous(), mask.transpose(1, 2).contiguous()
    ).transpose(1, 2)
    with mock.patch.dict(sys.modules, {aligned.__name__: aligned}):
        from piper.train.vits import losses, models
    import piper.train.vits as package

    package.monotonic_align = aligned
    sys.modules[aligned.__name__] = aligned
    return models, losses


def _reference(models, quality, speakers):
    sizes = SIZES[quality]
    generator = models.SynthesizerTrn(
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
    return generator.eval()


quiet = pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning")


@quiet
@pytest.mark.parametrize(
    ("quality", "speakers"),
    [
        (Quality.X_LOW, 1),
        (Quality.X_LOW, 3),
        (Quality.MEDIUM, 1),
        pytest.param(Quality.HIGH, 1, marks=pytest.mark.slow),
    ],
)
def test_the_generators_sound_losses_and_every_gradient_equal_the_references(quality, speakers):
    models, losses = _reference_modules()
    theirs = _reference(models, quality, speakers)
    ours = Generator(SIZES[quality], speakers=speakers).eval()
    fill_by_name(ours, "model_g.")
    theirs.load_state_dict(ours.state_dict())
    who = torch.tensor([2, 0]) if speakers > 1 else None
    sound, duration, kl = _silent_forward(theirs, losses, who)
    rehearsal = ours(
        IDS,
        ID_LENGTHS,
        SPECTROGRAM,
        FRAME_LENGTHS,
        who,
        starts=torch.zeros(2, dtype=torch.long),
        draw=torch.zeros_like,
    )
    assert torch.allclose(rehearsal.sound, sound, rtol=1e-4, atol=1e-5)
    assert float(kl_loss(rehearsal).detach()) == pytest.approx(float(kl.detach()), rel=1e-4)
    got = float(duration_loss(rehearsal).detach())
    assert got == pytest.approx(float(duration.detach()), rel=1e-4)
    # Any function of the sound will do to send gradients through the decoder.
    (kl + duration + (sound * REAL).sum()).backward()
    (kl_loss(rehearsal) + duration_loss(rehearsal) + (rehearsal.sound * REAL).sum()).backward()
    _assert_equal_gradients(ours, theirs)


def _silent_forward(theirs, losses, who):
    zeros = {"randn": lambda *s, **_: torch.zeros(*s), "randn_like": torch.zeros_like}
    with mock.patch.multiple(torch, rand=lambda *s, **_: torch.zeros(*s), **zeros):
        sound, duration, *_, z_mask, latent = theirs(
            IDS, ID_LENGTHS, SPECTROGRAM, FRAME_LENGTHS, who
        )
    _, z_p, m_p, logs_p, _, logs_q = latent
    return sound, duration.sum(), losses.kl_loss(z_p, logs_q, m_p, logs_p, z_mask)


@quiet
def test_the_discriminators_losses_and_every_gradient_equal_the_references():
    models, losses = _reference_modules()
    theirs, ours = models.MultiPeriodDiscriminator(), Discriminators(SIZES[Quality.MEDIUM])
    fill_by_name(ours, "model_d.")
    theirs.load_state_dict(ours.state_dict())
    fake = REAL.flip(0) * 0.7
    real_scores, fake_scores, real_maps, fake_maps = theirs(REAL, fake)
    of_real, of_fake = halves(ours(torch.cat([REAL, fake])))
    expected = [
        _first(losses.generator_loss(fake_scores)),
        losses.feature_loss(real_maps, fake_maps),
        _first(losses.discriminator_loss(real_scores, fake_scores)),
    ]
    got = [
        adversarial_loss(of_fake),
        feature_loss(of_real, of_fake),
        discriminator_loss(of_real, of_fake),
    ]
    for ours_value, theirs_value in zip(got, expected, strict=True):
        assert float(ours_value.detach()) == pytest.approx(float(theirs_value.detach()), rel=1e-4)
    expected[2].backward()
    got[2].backward()
    _assert_equal_gradients(ours, theirs)


def _first(value):
    return value[0] if isinstance(value, tuple) else value


def _assert_equal_gradients(ours, theirs):
    """Per parameter, relative to its own gradient; where that is zero but for rounding, to the whole network's."""
    expected = {name: p.grad for name, p in theirs.named_parameters()}
    rounding = 1e-6 * torch.stack([g.norm() for g in expected.values() if g is not None]).norm()
    for name, parameter in ours.named_parameters():
        if expected[name] is None:
            assert parameter.grad is None or not parameter.grad.any(), name
            continue
        gap = (parameter.grad - expected[name]).norm()
        assert gap <= 1e-3 * expected[name].norm() + rounding, name
