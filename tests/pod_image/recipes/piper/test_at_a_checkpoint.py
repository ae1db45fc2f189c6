"""What a checkpoint of a training brings: its file, scores, samples, references, and whether it is the best."""

from __future__ import annotations

from typing import Any

import pytest
import soundfile
import torch

from pod_image.contract.instructions import Instruction, InstructionName
from pod_image.recipes.piper.checkpoint import read_checkpoint
from pod_image.recipes.piper.references import REFERENCES
from pod_image.recipes.piper.say import spoken
from tests.pod_image.recipes.piper.bench import Bench, best_name, newest, with_training
from tests.pod_image.recipes.piper.cases import made_up_clips


@pytest.fixture(scope="module")
def clips():
    return made_up_clips(6)


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
