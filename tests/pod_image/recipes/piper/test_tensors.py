"""The networks carry the published names, shapes and order, so that checkpoints pass both ways."""

from __future__ import annotations

import pytest
import torch

from pod_image.recipes.piper.model import Discriminators, Generator, fold_weights
from pod_image.recipes.piper.quality import SIZES, Quality
from tests.pod_image.recipes.piper.cases import TINY, published_tensors


@pytest.mark.parametrize(
    ("column", "quality", "speakers"),
    [
        ("x-low", Quality.X_LOW, 1),
        ("medium", Quality.LOW, 1),
        ("medium", Quality.MEDIUM, 1),
        ("high", Quality.HIGH, 1),
        ("medium-109", Quality.MEDIUM, 109),
    ],
)
def test_every_tensor_has_the_published_name_shape_and_place(column, quality, speakers):
    with torch.device("meta"):
        generator = Generator(SIZES[quality], speakers=speakers)
        discriminators = Discriminators(SIZES[quality])
    ours = [(f"model_g.{k}", list(v.shape)) for k, v in generator.state_dict().items()]
    ours += [(f"model_d.{k}", list(v.shape)) for k, v in discriminators.state_dict().items()]
    assert ours == published_tensors(column)


def test_parameters_are_numbered_as_they_are_stored_so_that_optimiser_states_fit():
    generator = Generator(TINY, speakers=3)
    assert [name for name, _ in generator.named_parameters()] == list(generator.state_dict())


def test_folding_the_weights_changes_nothing_that_is_heard():
    torch.manual_seed(0)
    generator = Generator(TINY).eval()
    ids, lengths = torch.randint(3, 60, (1, 21)), torch.tensor([21])
    with torch.no_grad():
        before = generator.speak(ids, lengths, draw=torch.zeros_like)
        fold_weights(generator)
        after = generator.speak(ids, lengths, draw=torch.zeros_like)
    assert torch.allclose(before, after, atol=1e-6)
    assert not any(name.endswith("weight_g") for name in generator.state_dict())


@pytest.mark.parametrize("word", ["x-low", "x_low", " X-Low "])
def test_a_quality_is_read_in_both_spellings(word):
    assert Quality.parse(word) is Quality.X_LOW


def test_a_voice_of_several_speakers_will_not_guess_who_speaks():
    generator = Generator(TINY, speakers=2)
    with pytest.raises(ValueError, match="speaker id"):
        generator.speak(torch.tensor([[1, 0, 20, 0, 2]]), torch.tensor([5]))
