"""Our trainer learns as the reference does: it begins alike, and its losses fall alike over 200 steps."""

from __future__ import annotations

import importlib.util

import pytest
import torch

from pod_image.recipes.piper.model import Discriminators, Generator
from pod_image.recipes.piper.optimisation import LOSS_NAMES
from pod_image.recipes.piper.quality import SIZES, SPEAKER_WIDTH, SYMBOLS, Quality
from tests.bench.trainer import SMALL
from tests.bench.turns import inject_alignment
from tests.recipes.piper.cases import made_up_clips

quiet = pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning")


@quiet
def test_weights_of_a_training_from_scratch_are_spread_as_the_references_are():
    inject_alignment()
    from piper.train.vits.models import MultiPeriodDiscriminator, SynthesizerTrn

    sizes = SIZES[Quality.X_LOW]
    torch.manual_seed(1)
    theirs = SynthesizerTrn(
        n_vocab=SYMBOLS, spec_channels=513, segment_size=32, inter_channels=sizes.hidden,
        hidden_channels=sizes.hidden, filter_channels=sizes.filter, n_heads=sizes.heads,
        n_layers=sizes.text_layers, kernel_size=3, p_dropout=0.1, resblock="2",
        resblock_kernel_sizes=sizes.resblock_kernels,
        resblock_dilation_sizes=sizes.resblock_dilations,
        upsample_rates=sizes.upsample_rates,
        upsample_initial_channel=sizes.decoder_channels,
        upsample_kernel_sizes=sizes.upsample_kernels, n_speakers=2, gin_channels=SPEAKER_WIDTH,
    )  # fmt: skip
    pairs = (
        (theirs, Generator(sizes, speakers=2)),
        (MultiPeriodDiscriminator(), Discriminators(sizes)),
    )
    for reference, ours in pairs:
        own = ours.state_dict()
        for name, tensor in reference.state_dict().items():
            if tensor.numel() >= 200:
                spread = float(tensor.square().mean().sqrt())
                found = float(own[name].square().mean().sqrt())
                assert found == pytest.approx(spread, rel=0.25, abs=1e-6), name


@quiet
@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("lightning") is None, reason="needs the extra bench")
def test_the_same_weights_and_clips_give_the_same_curves_over_200_steps():
    from tests.bench.curves import compare_curves

    curves = compare_curves(200, 7, made_up_clips(8), SMALL)
    assert len(curves.ours) == len(curves.reference) == 200
    for name in LOSS_NAMES:
        for first, last in ((0, 50), (50, 100), (100, 150), (150, 200)):
            ours, reference = curves.means(name, first, last)
            assert ours == pytest.approx(reference, rel=0.1), (name, first)
    start, end = curves.means("mel", 0, 20), curves.means("mel", 180, 200)
    assert end[0] < 0.8 * start[0]
