"""What a GPU is told to do in a step, it is told without waiting for it, and with one transfer."""

from __future__ import annotations

import dataclasses
from contextlib import ExitStack
from typing import Any

import pytest
import torch

from pod_image.contract.recipes.piper import Precision
from pod_image.recipes.piper import trainer as trainer_module
from pod_image.recipes.piper.clips import Clips
from pod_image.recipes.piper.quality import Quality
from pod_image.recipes.piper.snapshot import bringing, copied
from pod_image.recipes.piper.trainer import Places, Trainer
from pod_image.recipes.piper.training import Training
from tests.kit.sent_events import kept_in
from tests.pod_image.recipes.piper.cases import TINY, made_up_clips
from tests.pod_image.recipes.piper.fake_gpu import GPU, HOST, Waits, fake_gpu, nothing_waits

TRAINING = Training(
    Quality.X_LOW, epochs=100, batch_size=2, max_steps=3, checkpoint_seconds=1e9, sizes=TINY
)


class TrainerOfAGpu(Trainer):
    """Keeps nothing: of what is fake nothing can be kept."""

    def _keep_references(self) -> None: ...

    def _checkpoint(self) -> None: ...


def trainer_on_gpu(folder, events, *, speakers=1, held_on=None, **changes):
    made = made_up_clips(6, speakers=speakers)
    clips = Clips(made.prepared, torch.empty_like(made._sound), GPU, held_on)
    training = dataclasses.replace(TRAINING, speakers=speakers, **changes)
    return TrainerOfAGpu(training, clips, Places(folder), emit=kept_in(events))


@pytest.mark.parametrize(
    ("precision", "speakers", "held_on"),
    [(Precision.FLOAT32, 1, GPU), (Precision.BF16, 3, HOST)],
    ids=["one speaker", "several speakers, bf16, sound held by the host"],
)
def test_a_training_step_sends_one_batch_and_waits_for_nothing(
    tmp_path, monkeypatch, precision, speakers, held_on
):
    """Batch, step, both optimisers, sums and reports, as the loop runs them."""
    events: list[dict[str, Any]] = []
    seen = []
    with fake_gpu(monkeypatch), ExitStack() as guarded:
        trainer = trainer_on_gpu(
            tmp_path, events, speakers=speakers, precision=precision, held_on=held_on
        )
        step = trainer.optimisation.step

        def watched(batch):
            # The first step's is what comes once: the filters of the mel spectrogram.
            if trainer.progress.step == 1:
                seen.append(guarded.enter_context(nothing_waits()))
            return step(batch)

        trainer.optimisation.step = watched
        trainer.run()
    (traffic,) = seen
    assert traffic.to_device == 2  # the batch of step 3, and one that was ready for more
    assert traffic.to_host == 2  # the first steps are reported each
    said = [e["step"] for e in events if e["event"] == "step"]
    assert said == [1, 2, 3]


def test_a_snapshot_is_copied_on_the_gpu_and_brought_to_the_host_beside_the_training(
    tmp_path, monkeypatch
):
    """A gigabyte of weights and moments would hold the training for as long as the bus takes."""
    monkeypatch.setattr(trainer_module, "random_states", lambda device: {})
    with fake_gpu(monkeypatch):
        trainer = trainer_on_gpu(tmp_path, [])
        trainer.optimisation.make_moments()
        with nothing_waits() as traffic:
            bring = bringing(trainer.snapshot(), GPU)
        assert (traffic.to_device, traffic.to_host) == (0, 0)
        brought = bring()
        o = trainer.optimisation
        moments = [m for s in brought.optimiser_states for m in s["state"].values()]
        assert len(moments) == len(o.generator_parameters) + len(o.discriminator_parameters)
        tensors = [*brought.state.values(), *(v for moment in moments for v in moment.values())]
        assert {tensor.device for tensor in tensors} == {HOST}


def test_a_snapshot_that_the_device_has_no_room_for_is_copied_to_the_host_at_once(monkeypatch):
    def short_of_memory(tensor):
        raise torch.OutOfMemoryError("too little")

    with fake_gpu(monkeypatch):
        weights = torch.zeros(3, device=GPU)
        monkeypatch.setattr(type(weights), "clone", short_of_memory)
        assert copied(weights).device == HOST


@pytest.mark.parametrize(
    "waiting",
    [
        lambda losses: float(losses.sum()),
        lambda losses: losses.tolist(),
        lambda losses: losses.cpu(),
        lambda losses: losses.to("cpu", copy=True),
        lambda losses: torch.tensor([1, 2], device=GPU),
        lambda losses: torch.zeros(3).to(GPU, non_blocking=True),
        lambda losses: torch.empty(3, pin_memory=True).to(GPU),
        lambda losses: losses[losses > 0],
        lambda losses: bool((losses > 0).any()),
        lambda losses: torch.nonzero(losses),
    ],
)
def test_the_guard_of_these_tests_refuses_what_waits(tmp_path, monkeypatch, waiting):
    with fake_gpu(monkeypatch):
        losses = torch.zeros(6, device=GPU)
        with pytest.raises(Exception) as refused, nothing_waits():
            waiting(losses)
    kinds = {"Waits", "DataDependentOutputException", "DynamicOutputShapeException"}
    assert type(refused.value).__name__ in kinds


def test_the_guard_of_these_tests_lets_pass_what_does_not_wait(monkeypatch):
    with fake_gpu(monkeypatch), nothing_waits() as traffic:
        losses = torch.empty(6, pin_memory=True).to(GPU, non_blocking=True)
        (losses * 2.0 + torch.ones((), device=GPU)).sum()
        losses.to("cpu", non_blocking=True)
    assert (traffic.to_device, traffic.to_host) == (1, 1)
    assert issubclass(Waits, AssertionError)
