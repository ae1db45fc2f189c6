"""The same weights and inputs give the same figures in our modules and in those of the piper-tts wheel.

That package is GPL: it is called here as an installed test dependency and nothing of it is copied.
"""

from __future__ import annotations

import pytest

from pod_image.recipes.piper.quality import Quality, Sizes
from tests.recipes.piper.cases import made_up_clips
from tests.recipes.piper.reference import discriminator_gap, generator_gap, largest_gap, loss_curves

quiet = pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning")
FORWARD, GRADIENT = 1e-4, 1e-3


@quiet
@pytest.mark.parametrize(
    ("quality", "speakers"),
    [
        (Quality.X_LOW, 1),
        (Quality.X_LOW, 3),
        (Quality.LOW, 1),  # medium's network is the same; only its sample rate is another
        pytest.param(Quality.HIGH, 1, marks=pytest.mark.slow),
    ],
)
def test_the_generators_sound_losses_and_every_gradient_equal_the_references(quality, speakers):
    gap = generator_gap(quality, speakers)
    assert max(gap.forward.values()) < FORWARD, gap.forward
    assert max(gap.gradients.values()) < GRADIENT, gap.gradients
    assert {"enc_p", "enc_q", "flow", "dec", "dp"} <= set(gap.gradients)


@quiet
def test_the_discriminators_losses_and_every_gradient_equal_the_references():
    gap = discriminator_gap()
    assert max(gap.forward.values()) < FORWARD, gap.forward
    assert max(gap.gradients.values()) < GRADIENT, gap.gradients
    assert len(gap.gradients) == 6


# As deep as x-low, but narrow: a hundred steps of the whole would take minutes.
NARROW_X_LOW = Sizes(hidden=16, filter=32, text_layers=1, decoder_channels=16)


@quiet
@pytest.mark.slow
def test_a_hundred_steps_lose_as_the_reference_loses():
    clips = made_up_clips(1, samples=8_960)
    ours, theirs = loss_curves(NARROW_X_LOW, clips.batch([0]), 16_000, steps=100, judges=1)
    assert theirs[-1]["mel"] < 0.8 * theirs[0]["mel"]
    # Rounding differs, and grows from step to step; a wrong weight or rate shows within ten.
    early = largest_gap(ours[:10], theirs[:10])
    assert max(early.values()) < 1e-4, early
    whole = largest_gap(ours, theirs)
    assert max(whole["mel"], whole["kl"]) < 0.01, whole
    # Least squares near their aim and a likelihood around zero: a small base makes a large share of rounding.
    assert max(whole.values()) < 0.3, whole
