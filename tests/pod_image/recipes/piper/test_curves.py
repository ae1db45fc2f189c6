"""Our trainer learns as the reference does: it begins alike, and its losses fall alike step by step."""

from __future__ import annotations

import pytest
import torch

from pod_image.recipes.piper.model import Discriminators, Generator
from pod_image.recipes.piper.quality import SIZES, SPEAKER_WIDTH, SYMBOLS, Quality
from tests.bench.trainer import SMALL
from tests.bench.turns import inject_alignment
from tests.pod_image.recipes.piper.cases import made_up_clips

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
def test_a_hundred_steps_lose_as_those_of_the_references_own_trainer():
    """The same weights and clip, nothing drawn: Lightning drives the reference's own step as its command does."""
    pytest.importorskip("lightning")
    from tests.bench.curves import compare_curves

    curves = compare_curves(100, 7, made_up_clips(1, samples=8_960), SMALL, draws=False)
    assert len(curves.ours) == len(curves.reference) == 100
    # Rounding differs, and grows from step to step; a wrong weight or rate shows within ten.
    early = curves.largest_gap(0, 10)
    assert max(early.values()) < 1e-4, early
    whole = curves.largest_gap(0, 100)
    # A likelihood around zero has a small base, which makes a large share of rounding.
    assert whole.pop("duration") < 0.3, whole
    assert max(whole.values()) < 0.01, whole
    start, end = curves.means("mel", 0, 10), curves.means("mel", 90, 100)
    assert end[1] < 0.9 * start[1]
