"""A training that is continued, or begins from a base: exactly from where it was, or counting anew."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from pod_image.recipes.piper.recipe_error import RecipeError
from tests.pod_image.recipes.piper.bench import Bench, newest, with_training
from tests.pod_image.recipes.piper.cases import made_up_clips


@pytest.fixture(scope="module")
def clips():
    return made_up_clips(6)


def test_a_resumed_run_is_the_run_that_was_never_cut(clips, tmp_path):
    training = with_training(max_steps=4, validation_split=0.2, sample_sentences=("Hello.",))
    whole = Bench(clips, tmp_path / "whole", training)
    whole.trainer.run()
    Bench(clips, tmp_path / "cut", dataclasses.replace(training, max_steps=2)).trainer.run()
    start = newest(tmp_path / "cut")
    rest = Bench(clips, tmp_path / "cut", training, start=start, resume=True)
    assert rest.trainer.run().step == 4
    first, second = newest(tmp_path / "whole"), newest(tmp_path / "cut")
    assert first.own["batch"] == second.own["batch"]
    assert all(torch.equal(first.state[name], second.state[name]) for name in first.state)
    by_step = {event["step"]: event["losses"] for event in whole.of("step")}
    assert [event["step"] for event in rest.of("step")] == [3, 4]
    assert all(event["losses"] == by_step[event["step"]] for event in rest.of("step"))


def test_a_resume_takes_the_learning_rate_asked_for_now(clips, tmp_path):
    Bench(clips, tmp_path, with_training(max_steps=1)).trainer.run()
    changed = with_training(max_steps=6, learning_rate=1e-5)
    bench = Bench(clips, tmp_path, changed, start=newest(tmp_path), resume=True)
    rates = [o.param_groups[0]["lr"] for o in bench.trainer.optimisation.optimisers]
    assert rates == [1e-5, 0.5e-5]


def test_a_resume_puts_rates_on_the_device_and_lets_the_step_be_captured(clips, tmp_path):
    """Loading a state makes a number of the one and takes back the other, in today's files and in older ones."""
    Bench(clips, tmp_path, with_training(max_steps=1)).trainer.run()
    start = newest(tmp_path)
    for state in start.optimiser_states:
        (group,) = state["param_groups"]
        assert isinstance(group["lr"], float)  # as torch's own trainers write it
        group["capturable"] = False
    resumed = Bench(clips, tmp_path, with_training(max_steps=6), start=start, resume=True)
    for optimiser in resumed.trainer.optimisation.optimisers:
        (group,) = optimiser.param_groups
        assert isinstance(group["lr"], torch.Tensor)
        assert group["capturable"]


@pytest.mark.parametrize(
    ("epoch", "batch", "steps_to_come"), [(3, 1, 15 - 4 - 1), (3, 2, 15 - 6), (0, 0, 15)]
)
def test_a_resume_from_before_batches_were_full_makes_the_epochs_that_are_left(
    clips, tmp_path, epoch, batch, steps_to_come
):
    """Six clips by four were two batches an epoch, and are three in two epochs."""
    training = with_training(batch_size=4, epochs=10, max_steps=0)
    Bench(clips, tmp_path, dataclasses.replace(training, max_steps=1), learns=False).trainer.run()
    start = newest(tmp_path)
    made = 2 * epoch + batch
    own = {**start.own, "epoch": epoch, "batch": batch, "step": made, "batches_per_epoch": 2}
    del own["sampled"]
    earlier = dataclasses.replace(start, own=own)
    resumed = Bench(clips, tmp_path, training, start=earlier, resume=True, learns=False)
    assert resumed.trainer.total_steps == made + steps_to_come
    assert resumed.trainer.run().step == made + steps_to_come
    again = Bench(clips, tmp_path, training, start=newest(tmp_path), resume=True, learns=False)
    assert again.trainer.total_steps == made + steps_to_come


@pytest.mark.parametrize(
    ("then", "says"),
    [
        ({"espeak_voice": "de"}, "trained with the espeak voice de, this run has"),
        ({"speakers": ["ben", "anna"]}, "was trained with the speakers ben, anna, in this order"),
    ],
)
def test_a_checkpoint_that_learnt_other_sounds_or_speakers_is_not_gone_on_from(
    clips, tmp_path, then, says
):
    Bench(clips, tmp_path, with_training(max_steps=1), learns=False).trainer.run()
    start = newest(tmp_path)
    other = dataclasses.replace(start, own={**start.own, **then})
    with pytest.raises(RecipeError, match=says):
        Bench(clips, tmp_path, start=other, resume=True)
    older = {k: v for k, v in start.own.items() if k not in ("espeak_voice", "speakers")}
    Bench(clips, tmp_path, start=dataclasses.replace(start, own=older), resume=True)


def test_a_resume_with_other_batches_begins_its_epoch_anew_and_makes_all_that_are_left(
    clips, tmp_path
):
    Bench(clips, tmp_path, with_training(epochs=4, max_steps=7), learns=False).trainer.run()
    doubled = with_training(epochs=4, max_steps=0, batch_size=4)
    resumed = Bench(clips, tmp_path, doubled, start=newest(tmp_path), resume=True, learns=False)
    # Two of four epochs were whole: the other two are three batches of four.
    assert resumed.trainer.run().step == 7 + 3


def test_a_base_gives_its_weights_and_starts_counting_anew(clips, tmp_path):
    Bench(clips, tmp_path / "base", with_training(max_steps=1)).trainer.run()
    base = newest(tmp_path / "base")
    bench = Bench(clips, tmp_path / "tuned", start=base)
    assert bench.trainer.progress.step == 0
    weights = bench.trainer.optimisation.generator.state_dict()
    assert all(torch.equal(v, base.state[f"model_g.{k}"]) for k, v in weights.items())
    assert not bench.trainer.optimisation.optimisers[0].state
