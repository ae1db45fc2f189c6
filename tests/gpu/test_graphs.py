"""A step that is replayed is the step: same losses, little more memory, no pause; and nothing in it waits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from pod_image.recipes.piper.checkpoint import read_checkpoint
from pod_image.recipes.piper.cuda_graphs import CudaRecorder
from pod_image.recipes.piper.keeping import checkpoint_path
from pod_image.recipes.piper.step_graphs import Recording
from pod_image.recipes.piper.trainer import Trainer
from tests.gpu.training import clips_on, table, train

MOST_MEMORY = 1.3
SLOWEST_STEP_SECONDS = 2.0
STEPS_BEFORE_STEADY = 30


@pytest.mark.usefixtures("exact")
def test_losses_with_graphs_are_those_without(
    device: torch.device, few: bool, tmp_path: Path
) -> None:
    """To a relative 1e-5 for eight steps; over 300 within twice the spread of two runs without, printed beside it."""
    clips, steps = clips_on(device), 4 if few else 300
    one = table(train(clips, tmp_path / "one", steps=steps, graphs=False))
    two = table(train(clips, tmp_path / "two", steps=steps, graphs=False))
    graphs = table(train(clips, tmp_path / "graphs", steps=steps, graphs=True))
    torch.testing.assert_close(graphs[:8], one[:8], rtol=1e-5, atol=1e-6)
    spread = (two - one).abs().mean(dim=0)
    apart = (graphs - one).abs().mean(dim=0)
    print(f"spread of two runs {spread.tolist()}, with graphs {apart.tolist()}")
    assert (apart <= 2 * spread + 1e-5 * one.abs().mean(dim=0)).all()


@pytest.mark.usefixtures("exact")
def test_a_resume_goes_on_exactly_and_is_recorded_too(
    device: torch.device, few: bool, tmp_path: Path
) -> None:
    clips, half = clips_on(device), 3 if few else 20
    whole = table(train(clips, tmp_path / "whole", steps=2 * half, graphs=True))
    train(clips, tmp_path / "first", steps=half, graphs=True)
    kept = read_checkpoint(checkpoint_path(tmp_path / "first" / "checkpoints", half))
    rest = train(clips, tmp_path / "rest", steps=2 * half, graphs=True, start=kept)
    torch.testing.assert_close(table(rest), whole[half:], rtol=1e-4, atol=1e-5)
    assert [each for each in rest.of("warning") if "graph" in each["code"]] == []


def test_it_takes_little_more_memory_and_no_step_stands_still(
    device: torch.device, few: bool, tmp_path: Path
) -> None:
    clips, steps = clips_on(device), 4 if few else 120
    peaks = []
    for graphs in (False, True):
        if device.type == "cuda":
            torch.cuda.empty_cache()
            torch.cuda.reset_peak_memory_stats()
        told = train(clips, tmp_path / str(graphs), steps=steps, graphs=graphs, keeps_losses=False)
        peaks.append(torch.cuda.max_memory_reserved() if device.type == "cuda" else 1)
        gaps = [b - a for a, b in zip(told.stepped_at, told.stepped_at[1:], strict=False)]
        assert max(gaps[STEPS_BEFORE_STEADY:], default=0.0) < SLOWEST_STEP_SECONDS
    print(f"reserved without and with graphs: {peaks}")
    assert peaks[1] <= MOST_MEMORY * peaks[0]


@pytest.mark.parametrize("graphs", [False, True])
def test_a_hundred_steps_never_wait_for_the_card(
    graphs: bool, device: torch.device, few: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clips, steps = clips_on(device), 3 if few else 160
    first = 1 if few else 60  # shapes are met, and recorded, in these
    done = 0
    batches = Trainer._batches

    def counted(self: Trainer) -> Iterator[Any]:
        nonlocal done
        for each in batches(self):
            done += 1
            if device.type == "cuda":
                torch.cuda.set_sync_debug_mode("error" if first < done < steps - 1 else "default")
            yield each

    monkeypatch.setattr(Trainer, "_batches", counted)
    try:
        train(clips, tmp_path, steps=steps, graphs=graphs, keeps_losses=False)
    finally:
        if device.type == "cuda":
            torch.cuda.set_sync_debug_mode("default")
    assert done >= steps


def test_a_recording_that_fails_midway_leaves_the_training_as_it_was(
    device: torch.device, few: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if device.type != "cuda":
        pytest.skip("recordings are a GPU's")
    clips = clips_on(device)
    plain = table(train(clips, tmp_path / "plain", steps=12, graphs=False))
    record = CudaRecorder.record

    def broken(self: CudaRecorder, work: Callable[[], None]) -> Recording:
        def fails() -> None:
            work()
            raise RuntimeError("made to fail")

        return record(self, fails)

    monkeypatch.setattr(CudaRecorder, "record", broken)
    told = train(clips, tmp_path / "broken", steps=12, graphs=True)
    torch.testing.assert_close(table(told), plain, rtol=1e-3, atol=1e-3)
    (said,) = [each for each in told.of("warning") if "made to fail" in each["message"]]
    assert said["code"]
