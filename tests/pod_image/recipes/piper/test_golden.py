"""Forward values, losses, durations and gradients agree with figures the reference produced (golden.json)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch

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
from pod_image.recipes.piper.model.generator import log_likelihood, slices
from pod_image.recipes.piper.quality import SIZES, Quality
from pod_image.recipes.piper.spectrogram import (
    linear_spectrogram,
    mel_of_spectrogram,
    mel_of_wave,
)
from tests.pod_image.recipes.piper.cases import GOLDEN, fill_by_name, published_discriminators

CASES = {
    "medium": (Quality.MEDIUM, 1),
    "high": (Quality.HIGH, 1),
    "medium_2spk": (Quality.MEDIUM, 2),
}
IDS = torch.from_numpy(np.random.RandomState(1).randint(3, 151, (2, 37)))
ID_LENGTHS = torch.tensor([37, 29])
SPECTROGRAM = torch.from_numpy(
    np.abs(np.random.RandomState(2).standard_normal((2, 513, 90))).astype(np.float32)
)
FRAME_LENGTHS = torch.tensor([90, 70])
WAVE = torch.from_numpy(
    np.random.RandomState(3).uniform(-0.5, 0.5, (2, 1, 23040)).astype(np.float32)
)
STARTS = torch.tensor([10, 5])
RATE_HZ = 22_050
FORWARD, GRADIENT = 1e-4, 1e-3


@dataclass
class Case:
    expected: dict[str, Any]
    generator: Generator
    discriminators: Discriminators
    speakers: torch.Tensor | None
    forward_result: ForwardResult


@pytest.fixture(scope="module", params=list(CASES))
def case(request):
    quality, speakers = CASES[request.param]
    generator = Generator(SIZES[quality], speakers=speakers).eval()
    fill_by_name(generator, "model_g.")
    who = torch.tensor([1, 0]) if speakers > 1 else None
    forward_result = generator(
        IDS, ID_LENGTHS, SPECTROGRAM, FRAME_LENGTHS, who, starts=STARTS, draw=torch.zeros_like
    )
    return Case(GOLDEN[request.param], generator, published_discriminators(), who, forward_result)


def assert_agrees(tensor, expected):
    """Shape, spread, norm and five values, the last relative to the tensor's own size."""
    values = tensor.detach().double().numpy().ravel()
    assert list(tensor.shape) == expected["shape"]
    size = expected["l2"] / np.sqrt(values.size)
    assert np.linalg.norm(values) == pytest.approx(expected["l2"], rel=FORWARD)
    assert values.std() == pytest.approx(expected["std"], rel=FORWARD)
    for place, value in expected["at"].items():
        assert values[int(place)] == pytest.approx(value, rel=FORWARD, abs=FORWARD * size)


def test_the_text_encoder_agrees(case):
    hidden, mean, log_deviation, _ = case.generator.enc_p(IDS, ID_LENGTHS)
    assert_agrees(hidden, case.expected["enc_p.x"])
    assert_agrees(mean, case.expected["enc_p.m"])
    assert_agrees(log_deviation, case.expected["enc_p.logs"])


def test_the_posterior_and_the_flow_agree(case):
    assert_agrees(case.forward_result.logs_q, case.expected["enc_q.logs"])
    assert_agrees(case.forward_result.z_p, case.expected["flow.forward"])


def test_the_flow_run_backwards_gives_back_what_went_in(case):
    speaker = case.generator._speaker(case.speakers)
    mask = case.forward_result.frame_mask
    z = torch.randn(2, 192, 90, generator=torch.manual_seed(1)) * mask
    with torch.no_grad():
        there = case.generator.flow(z, mask, speaker)
        back = case.generator.flow(there, mask, speaker, reverse=True)
    assert torch.allclose(back, z, atol=1e-4)


def test_the_alignment_gives_equal_durations(case):
    _, mean, log_deviation, _ = case.generator.enc_p(IDS, ID_LENGTHS)
    assert_agrees(
        log_likelihood(case.forward_result.z_p, mean, log_deviation), case.expected["mas.loglik"]
    )
    assert case.forward_result.durations.tolist() == case.expected["mas.durations"]


def test_the_duration_predictor_agrees_both_ways(case):
    per_clip = case.forward_result.duration_nll.detach().tolist()
    assert per_clip == pytest.approx(case.expected["dp.nll_per_clip"], rel=FORWARD)
    text, _, _, mask = case.generator.enc_p(IDS, ID_LENGTHS)
    speaker = case.generator._speaker(case.speakers)
    logged = case.generator.dp.predict(text, mask, speaker, 0.8, torch.zeros_like)
    assert_agrees(logged, case.expected["dp.logw_reverse_zero_noise"])


def test_the_decoder_and_speaking_agree(case):
    assert_agrees(case.forward_result.sound, case.expected["dec.out"])
    with torch.no_grad():
        spoken = case.generator.speak(IDS, ID_LENGTHS, case.speakers, draw=torch.zeros_like)
    assert_agrees(spoken, case.expected["infer.audio_zero_noise"])


def test_spectrograms_agree(case):
    assert_agrees(linear_spectrogram(WAVE[:1, 0]), case.expected["stft.of_wav0"])
    assert_agrees(mel_of_spectrogram(SPECTROGRAM, RATE_HZ), case.expected["mel.of_spec"])
    fake = mel_of_wave(case.forward_result.sound[:, 0], RATE_HZ)
    assert_agrees(fake, case.expected["mel.of_fake"])


def test_losses_and_gradient_norms_of_the_generator_agree(case):
    expected = case.expected
    losses, judged = _losses(case)
    assert [len(j.features) for j in judged] == expected["D.n_feature_maps"]
    for judgement, figures in zip(judged, expected["D.out_real"], strict=True):
        assert_agrees(judgement.scores, figures)
    pairs = {
        "loss.mel_l1": losses.mel,
        "loss.kl": losses.kl,
        "loss.dur": losses.duration,
        "loss.fm": losses.features,
        "loss.adv_g": losses.adversarial,
        "loss.g_total": losses.generator,
    }
    for name, value in pairs.items():
        assert float(value.detach()) == pytest.approx(expected[name], rel=FORWARD), name
    parameters = list(case.generator.parameters())
    gradients = dict(
        zip(
            parameters,
            torch.autograd.grad(losses.generator, parameters, retain_graph=True),
            strict=True,
        )
    )
    for part, norm in expected["gradnorm.loss_g"].items():
        own = [gradients[p] for p in getattr(case.generator, part).parameters()]
        assert _norm(own) == pytest.approx(norm, rel=GRADIENT), part


# They have one size for all qualities: what they are given is all that differs.
@pytest.mark.parametrize("case", ["medium"], indirect=True)
def test_loss_and_gradient_norms_of_the_discriminators_agree(case):
    real = slices(WAVE, STARTS * 256, 8192)
    of_real, of_fake = halves(
        case.discriminators(torch.cat([real, case.forward_result.sound.detach()]))
    )
    loss = discriminator_loss(of_real, of_fake)
    assert float(loss.detach()) == pytest.approx(case.expected["loss.d"], rel=FORWARD)
    for one, norm in zip(
        case.discriminators.discriminators, case.expected["gradnorm.loss_d"], strict=True
    ):
        own = torch.autograd.grad(loss, list(one.parameters()), retain_graph=True)
        assert _norm(own) == pytest.approx(norm, rel=GRADIENT)


def _losses(case):
    forward_result = case.forward_result
    real = slices(WAVE, STARTS * 256, 8192)
    of_real, of_fake = halves(case.discriminators(torch.cat([real, forward_result.sound])))
    mel = mel_loss(
        slices(mel_of_spectrogram(SPECTROGRAM, RATE_HZ), STARTS, 32),
        mel_of_wave(forward_result.sound[:, 0], RATE_HZ),
    )
    losses = Losses(
        mel,
        kl_loss(forward_result),
        duration_loss(forward_result),
        adversarial_loss(of_fake),
        feature_loss(of_real, of_fake),
        discriminator_loss(of_real, of_fake),
    )
    return losses, of_real


def _norm(gradients):
    return float(torch.stack([g.square().sum() for g in gradients]).sum().sqrt())
