"""The quick step equals the plain one; a step that is not finite moves nothing."""

from __future__ import annotations

import copy
import dataclasses
from typing import Any

import pytest
import torch

from pod_image.contract.recipes.piper import Precision
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
from pod_image.recipes.piper.model.discriminators import Judgement
from pod_image.recipes.piper.model.generator import slices
from pod_image.recipes.piper.optimisation import LOSS_NAMES, Optimisation
from pod_image.recipes.piper.quality import SIZES
from pod_image.recipes.piper.spectrogram import mel_of_spectrogram, mel_of_wave
from tests.pod_image.recipes.piper.cases import TINY, disturbed, made_up_clips

RATE_HZ = 16_000


BF16_EPSILON = torch.finfo(torch.bfloat16).eps

WIDE_ENOUGH = dataclasses.replace(
    TINY, decoder_channels=128, resblock_kernels=(3,), resblock_dilations=((1, 2),)
)
"""As TINY, with a decoder that every processor computes rightly in bfloat16.

oneDNN 3.12's kernel for AMX (`brg_conv_fwd:avx10_1_512_amx`) gives a wrong gradient, not a rough one, for transposed
convolutions in bfloat16 that have eight channels or fewer and a stride of four or more. No voice's decoder has such
a layer; TINY's has.
"""


@pytest.fixture
def optimisation():
    return optimisation_of(TINY, seed=1)


def optimisation_of(sizes, *, seed):
    torch.manual_seed(seed)
    generator, discriminators = disturbed(Generator(sizes)), Discriminators(sizes)
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
    forward_result = o.generator(
        batch.ids,
        batch.id_lengths,
        batch.spectrogram,
        batch.frame_lengths,
        starts=STARTS,
        draw=torch.zeros_like,
    )
    real = slices(batch.wave[:, None], STARTS * 256, 8192)
    whole_mel = mel_of_spectrogram(batch.spectrogram, RATE_HZ)
    mel = mel_loss(slices(whole_mel, STARTS, 32), mel_of_wave(forward_result.sound[:, 0], RATE_HZ))
    of_fake = o.discriminators(forward_result.sound)
    parts = [
        mel,
        kl_loss(forward_result),
        duration_loss(forward_result),
        adversarial_loss(of_fake),
        feature_loss(o.discriminators(real), of_fake),
    ]
    (45 * mel + sum(parts[1:])).backward()
    o.discriminators.zero_grad()
    apart = discriminator_loss(
        o.discriminators(real), o.discriminators(forward_result.sound.detach())
    )
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


def test_in_bf16_the_step_goes_the_same_way(batch):
    exact = optimisation_of(WIDE_ENOUGH, seed=2)
    half = copy.deepcopy(exact)
    half.precision = Precision.BF16
    losses = [o.gradients(batch, starts=STARTS, draw=torch.zeros_like) for o in (half, exact)]
    mel, *others = zip(*(parts.stacked().tolist() for parts in losses), strict=True)
    assert all(got == pytest.approx(expected, rel=BF16_EPSILON) for got, expected in others)
    # The logarithm of a spectrum: what is quiet counts as much as what is loud, and is rounded with it.
    assert mel[0] == pytest.approx(mel[1], rel=0.05)
    for name, rough, fine in gradients_by_part(half, exact):
        assert torch.nn.functional.cosine_similarity(rough, fine, dim=0) > 0.98, name
        assert float(rough.norm()) == pytest.approx(float(fine.norm()), rel=0.15), name


def gradients_by_part(*optimisations):
    """Name and gradients of each part that has weights: no part's fault is hidden by a larger one."""
    for network in ("generator", "discriminators"):
        parts = [getattr(o, network).named_children() for o in optimisations]
        for (name, first), *rest in zip(*parts, strict=True):
            modules = [first, *(module for _, module in rest)]
            yield name, *(torch.cat([p.grad.flatten() for p in m.parameters()]) for m in modules)


def test_in_bf16_networks_are_half_and_alignment_durations_and_sums_are_not(batch):
    o = optimisation_of(WIDE_ENOUGH, seed=2)
    o.precision = Precision.BF16
    kinds: dict[str, Any] = {}

    def note(part, result):
        if isinstance(result, torch.Tensor) and result.is_floating_point():
            kinds.setdefault(part, set()).add(result.dtype)

    for part, network in o.generator.named_children():
        for module in network.modules():
            if not list(module.children()) and type(module).__name__ != "Flip":
                module.register_forward_hook(lambda _m, _i, out, part=part: note(part, out))
    losses = o.gradients(batch, starts=STARTS, draw=torch.zeros_like)
    assert {part for part, seen in kinds.items() if torch.bfloat16 in seen} == {
        "enc_p",
        "enc_q",
        "flow",
        "dec",
    }
    assert kinds["dp"] == {torch.float32}
    assert {loss.dtype for loss in vars(losses).values()} == {torch.float32}
    with torch.autocast("cpu", torch.bfloat16):
        forward_result = o._forward(o.generator, batch, STARTS, torch.zeros_like)
        of_real, of_fake = halves(o.discriminators(forward_result.sound.repeat(2, 1, 1)))
    assert of_fake[0].scores.dtype == torch.bfloat16
    for name in ("sound", "duration_nll", "z_p", "m_p", "logs_p", "logs_q"):
        assert getattr(forward_result, name).dtype == torch.float32, name
    # The same figures, given as halves and as singles, make the same loss: its sums are kept in single precision.
    for loss in (discriminator_loss, feature_loss, lambda _, fake: adversarial_loss(fake)):
        disturbed_fake = [as_halves(j, scale=1.01) for j in of_fake]
        got = loss(of_real, disturbed_fake)
        expected = loss(*([as_singles(j) for j in js] for js in (of_real, disturbed_fake)))
        assert got.dtype == torch.float32
        assert got.tolist() == pytest.approx(expected.tolist(), rel=1e-6)


def as_halves(judgement, *, scale):
    features = [(f * scale).bfloat16() for f in judgement.features]
    return Judgement((judgement.scores * scale).bfloat16(), features, judgement.weights)


def as_singles(judgement):
    features = [f.float() for f in judgement.features]
    return Judgement(judgement.scores.float(), features, judgement.weights)


@torch.no_grad()
def test_mel_and_divergence_are_single_precision_inside_autocast(batch):
    o = optimisation_of(TINY, seed=1)
    forward_result = o._forward(o.generator, batch, STARTS, torch.zeros_like)
    figures = []
    for is_half in (True, False):
        with torch.autocast("cpu", torch.bfloat16, enabled=is_half):
            mels = (
                o._mel(batch, forward_result),
                kl_loss(forward_result),
                duration_loss(forward_result),
            )
            figures.append([float(x) for x in mels])
    assert figures[0] == pytest.approx(figures[1], rel=1e-6)


@pytest.mark.parametrize("sizes", [*SIZES.values(), WIDE_ENOUGH], ids=[*SIZES, "of these tests"])
def test_in_bf16_this_processor_takes_the_way_back_through_the_decoders_layers(sizes):
    """Some libraries' kernels are wrong for narrow layers (see WIDE_ENOUGH): for none that a voice has."""
    torch.manual_seed(3)
    channels = sizes.decoder_channels
    for rate, kernel in zip(sizes.upsample_rates, sizes.upsample_kernels, strict=True):
        half = torch.nn.ConvTranspose1d(
            channels, channels // 2, kernel, rate, padding=(kernel - rate) // 2
        ).bfloat16()
        exact = copy.deepcopy(half).float()
        heard = torch.randn(2, channels, 32).bfloat16()
        felt = torch.randn(2, channels // 2, 32 * rate).bfloat16()
        ways = []
        for layer in (half, exact):
            into = heard.to(layer.weight.dtype, copy=True).requires_grad_()
            layer(into).backward(felt.to(layer.weight.dtype))
            ways.append([into.grad, *(p.grad for p in layer.parameters())])
        for rough, fine in zip(*ways, strict=True):
            # Sums are kept in single precision: one rounding, at the end.
            assert float((rough.float() - fine).norm() / fine.norm()) < BF16_EPSILON
        channels //= 2


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
