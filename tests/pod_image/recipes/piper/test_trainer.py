"""The loop keeps its limits exactly, takes commands at once, and goes on from a checkpoint as if never cut."""

from __future__ import annotations

import dataclasses
import functools

import pytest
import soundfile
import torch

from launcher.cli.terminal.next_steps import in_terminal
from pod_image.contract.instructions import Instruction, InstructionName
from pod_image.contract.recipes.piper import Precision
from pod_image.recipes.piper import step_reports
from pod_image.recipes.piper import trainer as trainer_module
from pod_image.recipes.piper.optimisation import LOSS_NAMES
from pod_image.recipes.piper.recipe_error import RecipeError
from tests.kit.sent_events import kept_in
from tests.pod_image.recipes.piper.bench import Bench, newest, with_training
from tests.pod_image.recipes.piper.cases import made_up_clips


@pytest.fixture(scope="module")
def clips():
    return made_up_clips(6)


@pytest.mark.parametrize(
    ("changes", "steps"),
    [
        ({"max_steps": 5}, 5),
        ({"epochs": 2, "max_steps": 0}, 6),
        ({"epochs": 1, "max_steps": 50}, 3),
        ({"epochs": 1, "max_steps": 0, "batch_size": 4}, 2),
    ],
)
def test_the_number_of_steps_is_exact(clips, tmp_path, changes, steps):
    bench = Bench(clips, tmp_path, with_training(**changes), learns=False)
    assert bench.trainer.run().step == steps
    last = bench.of("step")[-1]
    assert (last["step"], last["total_steps"], last["seconds_left"]) == (steps, steps, 0.0)
    assert set(last["losses"]) == set(LOSS_NAMES)


def test_a_time_limit_ends_training_with_everything_kept(clips, tmp_path):
    bench = Bench(clips, tmp_path, with_training(max_steps=0, train_seconds=30), learns=False)
    progress = bench.trainer.run()
    assert 2 <= progress.step < 30
    assert progress.seconds >= 30
    assert newest(tmp_path).own["step"] == progress.step


def test_training_lowers_the_mel_loss(clips, tmp_path):
    bench = Bench(clips, tmp_path, with_training(max_steps=20, learning_rate=3e-3))
    bench.trainer.run()
    mels = [event["losses"]["mel"] for event in bench.of("step")]
    assert sum(mels[-5:]) < 0.8 * sum(mels[:5])


def test_the_same_seed_gives_the_same_losses_and_another_seed_others(clips, tmp_path):
    def losses(seed, name):
        bench = Bench(clips, tmp_path / name, with_training(seed=seed, max_steps=2))
        bench.trainer.run()
        return [event["losses"] for event in bench.of("step")]

    first = losses(1, "a")
    assert first == losses(1, "b")
    assert first != losses(2, "c")


def test_a_training_learns_from_each_dataset_by_its_share(tmp_path):
    of_two = made_up_clips(6)
    for number, clip in enumerate(of_two.prepared.clips):
        of_two.prepared.clips[number] = dataclasses.replace(clip, dataset=int(number > 3))
    shared = with_training(shares=(1, 2), epochs=1, max_steps=0)
    bench = Bench(of_two, tmp_path, shared, learns=False)
    learnt = [index for batch in bench.trainer.sampler.epoch(0) for index in batch]
    assert [index > 3 for index in learnt].count(True) == 4
    assert bench.trainer.run().step == 3
    assert newest(tmp_path).own["sampled"]["shares"] == [2, 4]
    with pytest.raises(RecipeError, match="There are 2 datasets, and shares for 1"):
        Bench(of_two, tmp_path, with_training(shares=(1,)))


def test_the_next_batch_is_made_while_a_gpu_is_at_the_step(clips, tmp_path, monkeypatch):
    """Handing over a step does not wait for it, so whatever comes next runs beside it: first the next batch."""
    did = []

    def noting(name, call):
        def noted(*args):
            did.append(name)
            return call(*args)

        return noted

    bench = Bench(clips, tmp_path, commands=noting("commands", list))
    optimisation = bench.trainer.optimisation
    monkeypatch.setattr(optimisation, "step", noting("step", optimisation.step))
    monkeypatch.setattr(clips, "batch", noting("batch", clips.batch))
    bench.trainer.run()
    assert did == ["batch", *(["step", "batch", "commands"] * 4)]


class LateReading:
    """Arrives with the third look."""

    def __init__(self, tensor):
        self._values, self.looks = tensor.clone(), 0

    def is_here(self):
        self.looks += 1
        return self.looks > 2

    def values(self):
        return self._values.tolist()


def test_losses_that_arrive_late_are_said_with_the_step_they_are_of_and_none_is_lost(
    clips, tmp_path, monkeypatch
):
    at_once = Bench(clips, tmp_path / "a", with_training(max_steps=8))
    at_once.trainer.run()
    said_at = []
    reports = functools.partial(step_reports.StepReports, read=LateReading)
    monkeypatch.setattr(trainer_module, "StepReports", reports)
    late = Bench(clips, tmp_path / "b", with_training(max_steps=8))

    keep = kept_in(late.events)

    def emit(body):
        said_at.append((getattr(body, "step", None), late.trainer.progress.step))
        keep(body)

    late.trainer._emit = emit
    late.trainer.run()
    names = ("step", "losses", "skipped_steps")
    said = [[{n: e[n] for n in names} for e in bench.of("step")] for bench in (at_once, late)]
    assert said[0][:5] == said[1][:5]
    assert said[0][-1]["step"] == said[1][-1]["step"] == 8
    assert (1, 3) in said_at  # said two steps later
    assert (8, 8) in said_at  # at the end it is waited for


def test_a_run_with_nothing_left_to_do_is_an_error_and_not_a_silent_success(clips, tmp_path):
    Bench(clips, tmp_path, learns=False).trainer.run()
    with pytest.raises(RecipeError, match="nothing to train: 4 of 4 steps") as error:
        Bench(clips, tmp_path, start=newest(tmp_path), resume=True).trainer.run()
    assert "epochs" in in_terminal(error.value.hint)


def test_a_stop_is_obeyed_within_the_step_and_leaves_a_checkpoint(clips, tmp_path):
    def commands():
        return (
            [Instruction(id="c1", command=InstructionName.STOP)]
            if bench.trainer.progress.step == 2
            else []
        )

    bench = Bench(clips, tmp_path, with_training(max_steps=50), commands=commands, learns=False)
    assert bench.trainer.run().step == 2
    assert newest(tmp_path).own["step"] == 2
    (receipt,) = bench.of("command")
    assert (receipt["id"], receipt["command"], receipt["state"]) == ("c1", "stop", "done")


def test_save_and_sample_leave_files_and_receipts_and_training_goes_on(clips, tmp_path):
    def commands():
        if bench.trainer.progress.step != 2:
            return []
        return [
            Instruction(id="c1", command=InstructionName.SAVE),
            Instruction(id="c2", command=InstructionName.SAMPLE, text="How are you?"),
            Instruction(id="c3", command=InstructionName.SAMPLE, text="..."),
        ]

    bench = Bench(clips, tmp_path, commands=commands, learns=False)
    assert bench.trainer.run().step == 4
    assert (tmp_path / "checkpoints" / "step-00000002.ckpt").exists()
    receipts = {event["id"]: event for event in bench.of("command")}
    assert {i: r["state"] for i, r in receipts.items()} == {
        "c1": "done",
        "c2": "done",
        "c3": "refused",
    }
    sound, rate_hz = soundfile.read(tmp_path / receipts["c2"]["detail"])
    assert rate_hz == 16_000
    assert len(sound) > 0
    assert "contains no words" in receipts["c3"]["detail"]


def test_commands_do_not_change_what_is_learnt(clips, tmp_path):
    def commands():
        return [
            Instruction(id="c", command=InstructionName.SAMPLE, text="Hello."),
            Instruction(id="d", command=InstructionName.SAVE),
        ]

    Bench(clips, tmp_path / "quiet", with_training(max_steps=2)).trainer.run()
    Bench(clips, tmp_path / "busy", with_training(max_steps=2), commands=commands).trainer.run()
    quiet, busy = newest(tmp_path / "quiet"), newest(tmp_path / "busy")
    assert all(torch.equal(quiet.state[name], busy.state[name]) for name in quiet.state)


def test_bf16_where_it_is_no_gain_is_said_and_obeyed(clips, tmp_path):
    bench = Bench(clips, tmp_path, with_training(max_steps=2, precision=Precision.BF16))
    assert bench.trainer.run().step == 2
    (said,) = [e for e in bench.of("warning") if e["code"] == "bf16-is-slow"]
    assert "auto" in said["hint"]
    assert [e["skipped_steps"] for e in bench.of("step")] == [0, 0]


def test_a_card_without_the_kernel_is_said_with_what_it_costs(clips, tmp_path, monkeypatch):
    monkeypatch.setattr(
        "pod_image.recipes.piper.trainer.why_search_is_slow", lambda device: "NVRTC said no"
    )
    bench = Bench(clips, tmp_path, with_training(max_steps=1))
    assert bench.trainer.run().step == 1
    (said,) = [e for e in bench.of("warning") if e["code"] == "alignment-is-slow"]
    assert "10 ms longer" in said["message"]
    assert "NVRTC said no" in said["message"]


def test_losses_that_stay_not_finite_end_the_run_and_the_last_good_checkpoint_stays(
    clips, tmp_path
):
    def commands():
        if bench.trainer.progress.step == 2:
            with torch.no_grad():
                bias = bench.trainer.optimisation.generator.enc_q.proj.bias
                assert bias is not None
                bias.fill_(float("nan"))
        return []

    training = with_training(max_steps=50, checkpoint_steps=2)
    bench = Bench(clips, tmp_path, training, commands=commands)
    with pytest.raises(RecipeError, match="not finite 5 steps in a row") as error:
        bench.trainer.run()
    assert "learning rate" in in_terminal(error.value.hint)
    assert newest(tmp_path).own["step"] <= 6


def test_several_speakers_train_and_speak(tmp_path):
    clips = made_up_clips(6, speakers=2)
    bench = Bench(
        clips, tmp_path, with_training(speakers=2, max_steps=2, sample_sentences=("Hi.",))
    )
    bench.trainer.run()
    assert newest(tmp_path).state["model_g.emb_g.weight"].shape == (2, 512)


def test_the_log_says_once_where_the_time_before_the_first_step_went(clips, tmp_path, capsys):
    bench = Bench(clips, tmp_path, with_training(max_steps=3), learns=False)
    bench.trainer.run()
    lines = [line for line in capsys.readouterr().out.splitlines() if "first step was" in line]
    assert len(lines) == 1
    for part in ("networks", "optimisers", "alignment kernel", "phonemes", "first batch"):
        assert f"{part} " in lines[0]
