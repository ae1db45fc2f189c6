"""The same weights and inputs give the same figures in our modules and in those of the piper-tts wheel.

That package is GPL: it is called here as an installed test dependency and nothing of it is copied.
"""

from __future__ import annotations

import pytest

from pod_image.recipes.piper.quality import Quality
from tests.pod_image.recipes.piper.reference import discriminator_gap, generator_gap

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
