"""The learning rate falls by its factor after every epoch, and goes on exactly where a checkpoint left it."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
import torch

from pod_image.contract.recipes.piper import PiperSettings
from pod_image.contract.settings import RunSettings
from pod_image.recipes.piper.checkpoint import read_checkpoint
from pod_image.recipes.piper.quality import Quality
from pod_image.recipes.piper.rate_decay import RateDecay
from pod_image.recipes.piper.trainer import Places, Trainer
from pod_image.recipes.piper.training import Training, training_of
from tests.pod_image.recipes.piper.cases import SILENT, TINY, made_up_clips

TRAINING = Training(
    Quality.X_LOW,
    epochs=2,
    batch_size=2,
    learning_rate_decay=0.9,
    checkpoint_seconds=1e9,
    sizes=TINY,
)
"""Two epochs of two steps."""


@pytest.fixture(scope="module")
def clips():
    return made_up_clips(4)


def trained(clips, folder, training, **start):
    Trainer(training, clips, Places(folder), emit=SILENT, **start).run()
    return read_checkpoint(max((folder / "checkpoints").glob("*.ckpt")))


def rates_in(checkpoint):
    return [state["param_groups"][0]["lr"] for state in checkpoint.optimiser_states]


def test_the_share_is_that_of_the_epochs_that_are_behind():
    decay = RateDecay(0.5)
    assert [decay.enter(epoch) for epoch in (0, 0, 1, 1, 3)] == [False, False, True, False, True]
    assert decay.share == 0.125
    off = RateDecay(1.0)
    assert not off.enter(7)
    assert off.share == 1.0


def test_another_factor_goes_on_from_what_the_rate_has_come_down_to():
    first = RateDecay(0.5)
    first.enter(3)
    slower = RateDecay(0.9)
    slower.restore(first.state(), 3)
    slower.enter(4)
    assert slower.share == 0.125 * 0.9
    newly = RateDecay(0.5)
    newly.restore({}, 6)  # of a checkpoint from before there was a decay
    assert not newly.enter(6)
    assert newly.share == 1.0


def test_a_run_that_was_cut_between_and_within_epochs_is_the_run_that_was_not(clips, tmp_path):
    whole = trained(clips, tmp_path / "whole", TRAINING)
    cut: Any = tmp_path / "cut"
    start: dict[str, Any] = {}
    for steps in (2, 3):
        start = {
            "start": trained(clips, cut, dataclasses.replace(TRAINING, max_steps=steps), **start),
            "resume": True,
        }
    assert start["start"].own["rates"] == {"share": 0.9, "epoch": 1}
    rest = trained(clips, cut, TRAINING, **start)
    assert rates_in(rest) == rates_in(whole) == [2e-4 * 0.9, 1e-4 * 0.9]
    assert all(torch.equal(whole.state[name], rest.state[name]) for name in whole.state)
    assert whole.hyper_parameters["lr_decay"] == 0.9


@pytest.mark.parametrize(
    ("factor", "rates"), [(1.0, [2e-4] * 6), (0.5, [2e-4, 2e-4, 1e-4, 1e-4, 5e-5, 5e-5])]
)
def test_each_step_is_as_wide_as_its_epoch_says(clips, tmp_path, factor, rates):
    training = dataclasses.replace(TRAINING, epochs=3, learning_rate_decay=factor)
    trainer = Trainer(training, clips, Places(tmp_path), emit=SILENT)
    seen, optimisation = [], trainer.optimisation

    def step(batch):
        seen.append([o.param_groups[0]["lr"].item() for o in optimisation.optimisers])
        return torch.ones(6)

    still: Any = optimisation
    still.step = step
    trainer.run()
    assert [own for own, _ in seen] == pytest.approx(rates)
    assert [other for _, other in seen] == pytest.approx([rate / 2 for rate in rates])


def test_the_settings_reach_the_training_and_are_off_unless_asked_for():
    asked = {
        "learning_rate_decay": 0.999875,
        "steps_between_checkpoints": 500,
        "epochs_between_checkpoints": 3,
    }

    def made(**values):
        of_every_run = {"dataset_repo": "me/clips", "results_repo": "me/voices"}
        settings = PiperSettings.of(RunSettings.model_validate({**of_every_run, **values}))
        training = training_of(settings, kept=7, held=9)
        assert (training.kept_checkpoints, training.held_checkpoints) == (7, 9)
        return (
            training.learning_rate_decay,
            training.checkpoint_steps,
            training.checkpoint_epochs,
        )

    assert made() == (1.0, 0, 0)
    assert made(**asked) == (0.999875, 500, 3)
