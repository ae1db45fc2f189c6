"""The loop keeps its limits exactly, takes commands at once, and goes on from a checkpoint as if never cut."""

from __future__ import annotations

import dataclasses
import functools
import itertools
from typing import Any

import pytest
import soundfile
import torch

from launcher.cli.terminal.next_steps import in_terminal
from pod_image.contract.instructions import Instruction, InstructionName
from pod_image.contract.recipes.piper import Precision
from pod_image.recipes.piper import step_reports
from pod_image.recipes.piper import trainer as trainer_module
from pod_image.recipes.piper.checkpoint import read_checkpoint
from pod_image.recipes.piper.keeping import best_checkpoint
from pod_image.recipes.piper.optimisation import LOSS_NAMES
from pod_image.recipes.piper.quality import Quality
from pod_image.recipes.piper.recipe_error import RecipeError
from pod_image.recipes.piper.references import REFERENCES
from pod_image.recipes.piper.say import spoken
from pod_image.recipes.piper.trainer import Places, Trainer
from pod_image.recipes.piper.training import Training
from tests.kit.sent_events import kept_in
from tests.pod_image.recipes.piper.cases import TINY, made_up_clips

TRAINING = Training(
    Quality.X_LOW, epochs=100, batch_size=2, max_steps=4, checkpoint_seconds=1e9, sizes=TINY
)


@pytest.fixture(scope="module")
def clips():
    return made_up_clips(6)


class Bench:
    """A trainer with its events; time passes by one second with each look at the clock.

    `learns=False`: steps that move nothing and cost nothing, where only what happens between them matters.
    """

    def __init__(self, clips, folder, training=TRAINING, *, commands=None, learns=True, **start):
        self.events: list[dict[str, Any]] = []
        ticks = itertools.count()
        self.trainer = Trainer(
            training,
            clips,
            Places(folder),
            emit=kept_in(self.events),
            commands=commands or list,
            clock=lambda: float(next(ticks)),
            **start,
        )
        if not learns:
            still: Any = self.trainer.optimisation
            still.step = lambda batch: torch.ones(len(LOSS_NAMES))

    def of(self, kind):
        return [event for event in self.events if event["event"] == kind]


def best_name(folder):
    best = best_checkpoint(folder / "checkpoints")
    return best and best.name


def with_training(**changes):
    return dataclasses.replace(TRAINING, **changes)


def newest(folder):
    return read_checkpoint(max((folder / "checkpoints").glob("*.ckpt")))


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
        ({"speakers": ["ben", "anna"]}, "has learnt the speakers ben, anna, in this order"),
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


def test_a_resume_with_other_batches_begins_its_epoch_anew_and_makes_all_that_are_left(
    clips, tmp_path
):
    Bench(clips, tmp_path, with_training(epochs=4, max_steps=7), learns=False).trainer.run()
    doubled = with_training(epochs=4, max_steps=0, batch_size=4)
    resumed = Bench(clips, tmp_path, doubled, start=newest(tmp_path), resume=True, learns=False)
    # Two of four epochs were whole: the other two are three batches of four.
    assert resumed.trainer.run().step == 7 + 3


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


def test_a_base_gives_its_weights_and_starts_counting_anew(clips, tmp_path):
    Bench(clips, tmp_path / "base", with_training(max_steps=1)).trainer.run()
    base = newest(tmp_path / "base")
    bench = Bench(clips, tmp_path / "tuned", start=base)
    assert bench.trainer.progress.step == 0
    weights = bench.trainer.optimisation.generator.state_dict()
    assert all(torch.equal(v, base.state[f"model_g.{k}"]) for k, v in weights.items())
    assert not bench.trainer.optimisation.optimisers[0].state


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
    assert "nothing to say" in receipts["c3"]["detail"]


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


def test_checkpoints_come_at_their_interval_with_samples_and_scores(clips, tmp_path):
    training = with_training(
        checkpoint_steps=2, validation_split=0.2, sample_sentences=("Hello.", "Good bye.")
    )
    bench = Bench(clips, tmp_path, training, learns=False)
    bench.trainer.run()
    checkpoints = bench.of("checkpoint")
    assert [event["step"] for event in checkpoints] == [2, 4]
    for event in checkpoints:
        assert event["scores"]["validation_mel"] > 0
        assert event["path"] == f"checkpoints/step-{event['step']:08d}.ckpt"
    last = checkpoints[-1]
    assert (tmp_path / last["path"]).stat().st_size == last["size_bytes"]
    spoken = [e for e in bench.of("sample") if e.get("kind") != "reference"]
    assert [(e["step"], e["text"]) for e in spoken] == [
        (2, "Hello."),
        (2, "Good bye."),
        (4, "Hello."),
        (4, "Good bye."),
    ]
    assert all((tmp_path / e["path"]).exists() for e in bench.of("sample"))


def test_what_a_checkpoint_held_training_for_is_said_part_by_part(clips, tmp_path, capsys):
    """Each part takes as many seconds as looks at the clock: one, and pictures three."""
    training = with_training(validation_split=0.2, sample_sentences=("Hello.",))
    bench = Bench(clips, tmp_path, training, learns=False)

    def pictures(trainer):
        trainer._clock()
        trainer._clock()

    bench.trainer._at_checkpoint = pictures
    bench.trainer.run()
    said = [line for line in capsys.readouterr().out.splitlines() if "held training" in line]
    assert said == [
        "The checkpoint of step 4 held training for 15.00 s: validation 1.00, scores 1.00, "
        "the checkpoint before 1.00, snapshot 1.00, samples 1.00, pictures 3.00."
    ]


def test_checkpoints_come_by_time_too(clips, tmp_path):
    bench = Bench(clips, tmp_path, with_training(max_steps=8, checkpoint_seconds=16), learns=False)
    bench.trainer.run()
    steps = [event["step"] for event in bench.of("checkpoint")]
    assert len(steps) >= 3
    assert steps[-1] == 8


@pytest.mark.parametrize(
    ("room_for", "kept_steps", "states"), [(3, (2, 3, 4), [0, 0, 2]), (1, (2,), [2])]
)
def test_only_the_newest_checkpoint_has_optimiser_states_and_few_are_kept(
    clips, tmp_path, room_for, kept_steps, states
):
    training = with_training(
        max_steps=max(kept_steps), checkpoint_steps=1, kept_checkpoints=room_for
    )
    bench = Bench(clips, tmp_path, training)
    bench.trainer.run()
    kept = sorted((tmp_path / "checkpoints").glob("*.ckpt"))
    assert [path.name for path in kept] == [f"step-0000000{n}.ckpt" for n in kept_steps]
    assert [len(read_checkpoint(path).optimiser_states) for path in kept] == states


def test_held_out_sentences_are_scored_and_the_best_checkpoint_stays_however_old(clips, tmp_path):
    training = with_training(max_steps=6, checkpoint_steps=1, validation_split=0.4)
    bench = Bench(clips, tmp_path, training, learns=False)
    judge = bench.trainer.best.judge
    # From the third on every checkpoint is said to be worse than the second.
    best: Any = bench.trainer.best
    best.judge = lambda step, scores: judge(
        step, scores | {"mel_cepstral_distance_db": abs(step - 2.0), "duration_ratio": 1.0}
    )
    bench.trainer.run()
    checkpoints = bench.of("checkpoint")
    assert [event["is_best"] for event in checkpoints] == [True, True, False, False, False, False]
    names = {"mel_cepstral_distance_db", "duration_ratio", "clipped_share", "silent_share", "f0_hz"}
    assert names < set(checkpoints[0]["scores"])
    kept = sorted(path.name for path in (tmp_path / "checkpoints").glob("*.ckpt"))
    assert kept == [f"step-0000000{n}.ckpt" for n in (2, 4, 5, 6)]
    assert best_name(tmp_path) == "step-00000002.ckpt"
    resumed = Bench(clips, tmp_path, training, start=newest(tmp_path), resume=True)
    assert (resumed.trainer.best.step, resumed.trainer.best.since) == (2, 4)
    (tmp_path / "checkpoints" / "step-00000002.ckpt").unlink()
    assert best_name(tmp_path) == "step-00000006.ckpt"
    elsewhere = Bench(clips, tmp_path, training, start=newest(tmp_path), resume=True)
    assert elsewhere.trainer.best.step is None


@pytest.mark.parametrize(("limit", "steps"), [(0, 5), (2, 3)])
def test_checkpoints_without_a_better_one_end_training_only_when_asked(
    clips, tmp_path, limit, steps
):
    training = with_training(max_steps=5, checkpoint_steps=1, no_better_checkpoints=limit)
    bench = Bench(clips, tmp_path, training, learns=False)
    trainer: Any = bench.trainer
    trainer._validation.measure = lambda held: {
        "validation_mel": float(bench.trainer.progress.step)
    }
    assert bench.trainer.run().step == steps
    said = [e for e in bench.of("warning") if e["code"] == "no-better-checkpoints"]
    assert len(said) == (1 if limit else 0)
    assert newest(tmp_path).own["step"] == steps


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


def test_references_are_the_first_clips_that_nothing_is_learnt_from(clips, tmp_path):
    bench = Bench(clips, tmp_path, with_training(validation_split=0.5), learns=False)
    bench.trainer.run()
    references = [e for e in bench.of("sample") if e.get("kind") == "reference"]
    measured = bench.trainer.measured
    assert len(measured) > 1
    assert references[0]["path"] == "samples/reference.wav"
    for reference, index in zip(references, measured[:REFERENCES], strict=True):
        sound, _ = soundfile.read(tmp_path / reference["path"], dtype="int16")
        assert sound.tolist() == clips.sound_of(index).tolist()
        assert reference["text"] == clips.prepared.clips[index].text


def test_a_training_that_holds_nothing_out_keeps_one_reference(clips, tmp_path):
    bench = Bench(clips, tmp_path, with_training(max_steps=1, validation_split=0.0), learns=False)
    bench.trainer.run()
    (reference,) = [e for e in bench.of("sample") if e.get("kind") == "reference"]
    assert reference["path"] == "samples/reference.wav"


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


def test_a_sample_is_said_by_the_speaker_that_was_asked_for(tmp_path):
    asked = [
        Instruction(id=f"ask-{n}", command=InstructionName.SAMPLE, text="Hi.", speaker=speaker)
        for n, speaker in enumerate(("", "speaker 1", "1", "SPEAKER 0", "nobody"))
    ]
    bench = Bench(
        made_up_clips(6, speakers=2),
        tmp_path,
        with_training(speakers=2, max_steps=5),
        commands=lambda: [asked.pop(0)] if asked else [],
        learns=False,
    )
    bench.trainer.run()
    said = [event for event in bench.of("sample") if event.get("kind") != "reference"]
    assert [event["text"] for event in said] == [
        "Hi.", "Hi. (speaker 1)", "Hi. (speaker 1)", "Hi. (speaker 0)",
    ]  # fmt: skip
    first, by_name, by_number, folded = [(tmp_path / event["path"]).read_bytes() for event in said]
    assert by_name == by_number != first == folded
    refused = bench.of("command")[-1]
    assert (refused["state"], refused["detail"]) == (
        "refused",
        "There is no speaker 'nobody'. There are speaker 0, speaker 1.",
    )


def test_the_log_says_once_where_the_time_before_the_first_step_went(clips, tmp_path, capsys):
    bench = Bench(clips, tmp_path, with_training(max_steps=3), learns=False)
    bench.trainer.run()
    lines = [line for line in capsys.readouterr().out.splitlines() if "first step was" in line]
    assert len(lines) == 1
    for part in ("networks", "optimisers", "alignment kernel", "phonemes", "first batch"):
        assert f"{part} " in lines[0]


def test_recordings_are_listened_to_once_however_many_checkpoints_there_are(
    clips, tmp_path, monkeypatch
):
    training = with_training(max_steps=3, checkpoint_steps=1, validation_split=0.4)
    bench = Bench(clips, tmp_path, training, learns=False)
    read, sound_of = [], clips.sound_of

    def listened(index):
        read.append(index)
        return sound_of(index)

    monkeypatch.setattr(clips, "sound_of", listened)
    bench.trainer.run()
    checkpoints = bench.of("checkpoint")
    assert len(checkpoints) == 3
    assert len({row["scores"]["mel_cepstral_distance_db"] for row in checkpoints}) == 1
    references = bench.trainer.measured[:REFERENCES]
    for index in bench.trainer.measured:
        assert read.count(index) == 1 + (index in references)


def test_held_out_sentences_are_spoken_where_the_network_is():
    class Voice(torch.nn.Module):
        speakers = 2

        def __init__(self):
            super().__init__()
            self.weight = torch.nn.Parameter(torch.empty(1, device="meta"))
            self.given = []

        def speak(self, ids, lengths, speakers):
            self.given += [ids.device.type, lengths.device.type, speakers.device.type]
            return torch.zeros(1, 1, 8)

    voice: Any = Voice()
    assert len(spoken(voice, [[1, 2], [3]], [0, 1])) == 2
    assert voice.given == ["meta"] * 6
