"""A network as a TensorFlow Lite file: it answers as its layers do. The real runtime reads it in tests/trainers."""

from __future__ import annotations

import numpy as np

from pod_image.recipes.wake_word.flat_model import Layer, flat_model
from tests.kit.flat_models import run_flat_model


def layer(draw: np.random.Generator, wide: int, size: int, *, is_last: bool = False) -> Layer:
    def some(*shape: int) -> np.ndarray:
        return draw.normal(0, 0.4, shape).astype(np.float32)

    if is_last:
        return Layer(some(size, wide), some(size))
    return Layer(some(size, wide), some(size), some(size), some(size), 1e-3)


def outcome(layers: list[Layer], given: np.ndarray) -> np.ndarray:
    at = given.reshape(1, -1)
    for each in layers:
        at = at @ each.weight.T + each.bias
        if each.scale is not None and each.shift is not None:
            even = (at - at.mean()) / np.sqrt(at.var() + each.epsilon)
            at = np.maximum(even * each.scale + each.shift, 0)
    return 1 / (1 + np.exp(-at))


def test_a_file_answers_as_its_layers_do() -> None:
    draw = np.random.default_rng(1)
    layers = [layer(draw, 4 * 6, 8), layer(draw, 8, 8), layer(draw, 8, 1, is_last=True)]
    raw = flat_model(4, 6, layers)
    answers = []
    for _ in range(20):
        given = draw.normal(0, 3, (1, 4, 6)).astype(np.float32)
        answer = run_flat_model(raw, given)
        assert answer.shape == (1, 1)
        np.testing.assert_allclose(answer, outcome(layers, given), atol=1e-5)
        answers.append(float(answer[0, 0]))
    assert np.std(answers) > 0.01
