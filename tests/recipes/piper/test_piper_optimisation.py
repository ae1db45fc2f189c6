"""The quick step equals the plain one; a step that is not finite moves nothing."""

from __future__ import annotations

import copy

import pytest
import torch

from pod_image.contract.settings import Precision
from pod_image.recipes.piper.losses import (
    adversarial_loss,
    discriminator_loss,
    duration_loss,
    feature_loss,
    halves,
    kl_loss,
    mel_loss,
)
from pod_image.recipes.piper.model import Discriminators, Generator
from pod_image.recipes.piper.model.generator import slices
from pod_image.recipes.piper.optimisation import LOSS_NAMES, Optimisation
from pod_image.recipes.piper.spectrogram import mel_of_spectrogram, mel_of_wave
from tests.recipes.piper.cases import TINY, disturbed, made_up_clips

RATE_HZ = 16_000


@pytest.fixture
def optimisation():
    torch.manual_seed(1)
    generator, discriminators = disturbed(Generator(TINY)), Discriminators(TINY)
    return Optimisation(
        generator.eval(), discriminators, sample_rate_hz=RATE_HZ, learning_rate=2e-4
    )


@pytest.fixture(scope="module")
def batch():
    return made_up_clips(4).batch([0, 1, 2])


STARTS = torch.tensor([3, 0, 11])


def plain_step(optimisation, batch):
    """HiFi-GAN's step as its paper has it: discriminators run apart on real and fake, once for each loss."""
    o = optimisation
    rehearsal = o.generator(
        batch.ids,
        batch.id_lengths,
        batch.spectrogram,
        batch.frame_lengths,
        starts=STARTS,
        draw=torch.zeros_like,
    )
    real = slices(batch.wave[:, None], STARTS * 256, 8192)
    whole_mel = mel_of_spectrogram(batch.spectrogram, RATE_HZ)
    mel = mel_loss(slices(whole_mel, STARTS, 32), mel_of_wave(rehearsal.sound[:, 0], RATE_HZ))
    of_fake = o.discriminators(rehearsal.sound)
    parts = [
        mel,
        kl_loss(rehearsal),
        duration_loss(rehearsal),
        adversarial_loss(of_fake),
        feature_loss(o.discriminators(real), of_fake),
    ]
    (45 * mel + sum(parts[1:])).backward()
    o.discriminators.zero_grad()
    apart = discriminator_loss(o.discriminators(real), o.discriminators(rehearsal.sound.detach()))
    apart.backward()
    for optimiser in o.optimisers:
        optimiser.step()
    return [float(p.detach()) for p in (*parts, apart)]


def test_the_quick_step_has_the_losses_gradients_and_outcome_of_the_plain_one(optimisation, batch):
    plain = copy.deepcopy(optimisation)
    expected = plain_step(plain, batch)
    got = optimisation.step(batch, starts=STARTS, draw=torch.zeros_like)
    assert got.tolist() == pytest.approx(expected, rel=1e-5)
    for ours, theirs in (
        (optimisation.generator, plain.generator),
        (optimisation.discriminators, plain.discriminators),
    ):
        for (name, a), b in zip(ours.named_parameters(), theirs.parameters(), strict=True):
            assert torch.allclose(a.grad, b.grad, rtol=1e-3, atol=1e-5 * b.grad.abs().max()), name
            moved_apart = (a - b).abs().max()
            # AdamW's first step is a sign: where a gradient is all rounding, two signs may differ.
            assert moved_apart <= 4.1e-4, name


@pytest.mark.parametrize(("is_half", "likeness"), [(False, 0.999_999), (True, 0.999)])
def test_the_way_back_through_the_fake_half_is_the_one_through_both(is_half, likeness):
    torch.manual_seed(2)
    judges = Discriminators(TINY)
    # Not a multiple of any period: the mirrored end takes part.
    real, fake = torch.randn(2, 2, 1, 8191).mul(0.1).unbind()
    leaf = fake.clone().requires_grad_()
    with torch.autocast("cpu", torch.bfloat16, enabled=is_half):
        of_real, of_fake = halves(judges(torch.cat([real, leaf])))
    cut = judges.cut(of_fake, len(fake))
    by_hand = judges.towards_wave(fake, cut, adversarial_loss(cut) + feature_loss(of_real, cut))
    whole = adversarial_loss(of_fake) + feature_loss(of_real, of_fake)
    (expected,) = torch.autograd.grad(whole, leaf)
    alike = torch.nn.functional.cosine_similarity(by_hand.flatten(), expected.flatten(), dim=0)
    assert alike > likeness
    assert float(by_hand.norm()) == pytest.approx(float(expected.norm()), rel=1 - likeness)


def test_in_bf16_the_step_goes_the_same_way(optimisation, batch):
    half = copy.deepcopy(optimisation)
    half.precision = Precision.BF16
    exact = optimisation.gradients(batch, starts=STARTS, draw=torch.zeros_like)
    rough = half.gradients(batch, starts=STARTS, draw=torch.zeros_like)
    mel, *others = zip(rough.stacked().tolist(), exact.stacked().tolist(), strict=True)
    assert all(a == pytest.approx(b, rel=0.05) for a, b in others)
    # An untrained network is all but silent, and there the rounding of its sound is heard.
    assert mel[0] == pytest.approx(mel[1], rel=0.25)
    for ours, theirs in (
        (optimisation.generator, half.generator),
        (optimisation.discriminators, half.discriminators),
    ):
        gradients = [
            torch.cat([p.grad.flatten() for p in module.parameters()]) for module in (ours, theirs)
        ]
        assert torch.nn.functional.cosine_similarity(*gradients, dim=0) > 0.9


def test_losses_are_those_of_the_generator_and_one_of_the_discriminators(optimisation, batch):
    losses = optimisation.gradients(batch, starts=STARTS, draw=torch.zeros_like)
    named = dict(zip(LOSS_NAMES, losses.stacked().tolist(), strict=True))
    total = 45 * named["mel"] + sum(named[n] for n in ("kl", "duration", "adversarial", "features"))
    assert float(losses.generator.detach()) == pytest.approx(total, rel=1e-6)


def test_a_step_that_is_not_finite_moves_nothing_and_is_counted(optimisation, batch):
    before = {k: v.clone() for k, v in optimisation.generator.state_dict().items()}
    judged = {k: v.clone() for k, v in optimisation.discriminators.state_dict().items()}

    def poison(like):
        return torch.full_like(like, float("nan"))

    for expected in (1, 2):
        optimisation.step(batch, draw=poison)
        assert int(optimisation.skipped_in_a_row) == expected
    assert all(torch.equal(v, before[k]) for k, v in optimisation.generator.state_dict().items())
    assert all(
        torch.equal(v, judged[k]) for k, v in optimisation.discriminators.state_dict().items()
    )
    optimisation.step(batch, draw=torch.zeros_like)
    assert int(optimisation.skipped_in_a_row) == 0
    assert int(optimisation.skipped) == 2
    assert any(
        not torch.equal(v, before[k]) for k, v in optimisation.generator.state_dict().items()
    )


def test_measuring_changes_neither_weights_nor_mode_nor_random_state(optimisation, batch):
    optimisation.generator.train()
    before = {k: v.clone() for k, v in optimisation.generator.state_dict().items()}
    random = torch.get_rng_state()
    first, second = optimisation.measure(batch), optimisation.measure(batch)
    assert first == second > 0
    assert optimisation.generator.training
    assert torch.equal(torch.get_rng_state(), random)
    assert all(torch.equal(v, before[k]) for k, v in optimisation.generator.state_dict().items())
