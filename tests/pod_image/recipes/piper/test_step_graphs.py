"""A recorded training is the training as it is: a recorder without a GPU shows what is recorded and replayed when."""

from __future__ import annotations

import dataclasses
import functools
import itertools
from contextlib import contextmanager
from typing import Any

import pytest
import torch

from pod_image.contract.instructions import Instruction, InstructionName
from pod_image.recipes.piper import trainer as trainer_module
from pod_image.recipes.piper.checkpoint import read_checkpoint
from pod_image.recipes.piper.quality import Quality
from pod_image.recipes.piper.random_states import random_states, set_random_states
from pod_image.recipes.piper.step_graphs import StepGraphs, shape_of
from pod_image.recipes.piper.trainer import Places, Trainer
from pod_image.recipes.piper.training import Training
from tests.kit.sent_events import kept_in
from tests.pod_image.recipes.piper.cases import TINY, made_up_clips, padded_as_on_a_gpu

TRAINING = Training(
    Quality.X_LOW, epochs=100, batch_size=2, max_steps=9, checkpoint_seconds=1e9, sizes=TINY
)


@pytest.fixture(scope="module")
def clips():
    """Batches of two shapes."""
    return padded_as_on_a_gpu(made_up_clips(8))


class StandIn:
    """Records by calling the work and putting back what it did, as a GPU only notes it; replays by calling it again.

    `fails` is raised in the middle of the recording of this number.
    """

    def __init__(self, *, fails=None, at=1):
        self.did, self._fails, self._at = [], fails, at
        self.optimisation: Any = None
        self.recorded = self.rooms_made = 0
        self.is_in_lane = False

    @contextmanager
    def lane(self):
        self.is_in_lane = True
        yield
        self.is_in_lane = False

    @contextmanager
    def memory(self):
        assert self.is_in_lane
        self.did.append("as it is")
        yield

    def make_room(self):
        self.rooms_made += 1

    def record(self, work):
        self.recorded += 1
        self.did.append("recorded")
        with self._undone():
            work()
            if self._fails and self.recorded == self._at:
                raise self._fails
        return Replay(self, work)

    def forget(self):
        self.did.append("forgotten")

    @contextmanager
    def _undone(self):
        """What draws and the networks had before; as on a GPU also where the work breaks off."""
        o = self.optimisation
        kept = [
            *o.generator.parameters(), *o.discriminators.parameters(), o.skipped, o.skipped_in_a_row,
            *(v for each in o.optimisers for state in each.state.values() for v in state.values()),
        ]  # fmt: skip
        values, draws = [tensor.detach().clone() for tensor in kept], random_states(o.device)
        try:
            yield
        finally:
            with torch.no_grad():
                for tensor, value in zip(kept, values, strict=True):
                    tensor.copy_(value)
            set_random_states(draws, o.device)


class Replay:
    def __init__(self, stand_in, work):
        self._stand_in, self._work = stand_in, work

    def replay(self):
        assert self._stand_in.is_in_lane
        self._stand_in.did.append("replayed")
        self._work()


class Trained:
    """A training whose steps `recorder` records, if there is one; each of them is reported."""

    def __init__(
        self, folder, clips, recorder=None, *, commands=None, start=None, resume=False, **changes
    ):
        self.events: list[dict[str, Any]] = []
        self.recorder = recorder
        ticks = itertools.count()
        self.trainer = Trainer(
            dataclasses.replace(TRAINING, **changes),
            clips,
            Places(folder),
            emit=kept_in(self.events),
            commands=lambda: commands(self.trainer) if commands else [],
            start=start,
            resume=resume,
            recorder=recorder,
            clock=lambda: float(next(ticks)),
        )
        if recorder is not None:
            recorder.optimisation = self.trainer.optimisation

    def run(self):
        self.trainer.run()
        return self

    def of(self, kind):
        return [event for event in self.events if event["event"] == kind]

    @property
    def losses(self):
        return [
            (event["step"], event["losses"], event["skipped_steps"]) for event in self.of("step")
        ]

    def has_the_weights_of(self, other):
        for part in ("generator", "discriminators"):
            ours, theirs = (getattr(x.trainer.optimisation, part) for x in (self, other))
            for a, b in zip(ours.parameters(), theirs.parameters(), strict=True):
                if not torch.equal(a, b):
                    return False
        return True


@pytest.fixture(scope="module")
def plain(clips, tmp_path_factory):
    return Trained(tmp_path_factory.mktemp("plain"), clips).run()


def test_recorded_steps_are_the_steps_as_they_are_each_shape_recorded_once(clips, tmp_path, plain):
    recorder = StandIn()
    recorded = Trained(tmp_path, clips, recorder).run()
    assert recorded.losses == plain.losses
    assert recorded.has_the_weights_of(plain)
    shapes = [shape_of(clips.batch(b)) for e in range(3) for b in recorded.trainer.sampler.epoch(e)]
    expected: list[str] = []
    seen: dict[tuple[int, ...], int] = {}
    for shape in shapes[:9]:
        seen[shape] = seen.get(shape, 0) + 1
        expected += {1: ["as it is"], 2: ["recorded", "replayed"]}.get(seen[shape], ["replayed"])
    assert recorder.did == expected
    assert recorder.did.count("recorded") == recorder.rooms_made == len(set(shapes[:9])) == 2
    assert recorded.of("warning") == []


def test_beyond_the_limit_steps_are_made_as_they_are_in_the_memory_of_the_recorded(
    clips, tmp_path, plain, monkeypatch
):
    monkeypatch.setattr(trainer_module, "StepGraphs", functools.partial(StepGraphs, most=1))
    recorder = StandIn()
    recorded = Trained(tmp_path, clips, recorder).run()
    assert recorded.losses == plain.losses
    assert recorder.did.count("recorded") == 1
    assert recorder.did.count("as it is") > 2


@pytest.mark.parametrize(
    ("fails", "at"),
    [
        (RuntimeError("operation not permitted\nwhile a stream is captured"), 1),
        (torch.OutOfMemoryError("operation not permitted"), 2),
    ],
)
def test_a_recording_that_fails_midway_leaves_training_and_draws_as_they_were_and_is_said_once(
    clips, tmp_path, plain, fails, at
):
    recorder = StandIn(fails=fails, at=at)
    recorded = Trained(tmp_path, clips, recorder).run()
    assert recorded.losses == plain.losses
    assert recorded.has_the_weights_of(plain)
    (said,) = recorded.of("warning")
    assert said["code"] == "no-graphs"
    assert f"{type(fails).__name__}: operation not permitted)" in said["message"]
    assert recorder.recorded == at  # never tried again
    assert ("replayed" in recorder.did) is (at > 1)
    assert set(recorder.did[recorder.did.index("forgotten") :]) == {"forgotten", "as it is"}


def test_a_resumed_recorded_run_is_the_run_that_was_never_cut(clips, tmp_path, plain):
    Trained(tmp_path, clips, StandIn(), max_steps=5).run()
    start = read_checkpoint(max((tmp_path / "checkpoints").glob("*.ckpt")))
    recorder = StandIn()
    rest = Trained(tmp_path, clips, recorder, start=start, resume=True).run()
    assert rest.losses == plain.losses[5:]
    assert rest.has_the_weights_of(plain)
    assert "replayed" in recorder.did


def test_unfreezing_forgets_what_was_recorded(clips, tmp_path, monkeypatch):
    Trained(tmp_path, clips, max_steps=1).run()
    start = read_checkpoint(max((tmp_path / "checkpoints").glob("*.ckpt")))
    base = dataclasses.replace(start, lacks=("enc_q.",))
    recorder = StandIn()

    def run(name, recorder=None):
        # A fifth of 25 steps trains what the base lacks alone.
        made = Trained(tmp_path / name, clips, recorder, start=base, max_steps=25)
        monkeypatch.setattr(made.trainer, "_is_over", lambda: made.trainer.progress.step >= 12)
        monkeypatch.setattr(made.trainer, "_checkpoint", lambda: None)
        return made.run()

    plain, recorded = run("a"), run("b", recorder)
    assert recorded.losses == plain.losses
    assert recorded.has_the_weights_of(plain)
    before, after = (
        recorder.did[: recorder.did.index("forgotten")],
        recorder.did[recorder.did.index("forgotten") + 1 :],
    )
    assert before.count("as it is") + before.count("replayed") == 5
    assert before.count("recorded") >= 1
    assert after.count("recorded") == 2
    assert after[0] == "as it is"


def test_commands_between_recorded_steps_do_not_change_what_is_learnt(clips, tmp_path, plain):
    def commands(trainer):
        if trainer.progress.step % 2:
            return []
        return [
            Instruction(id="c", command=InstructionName.SAMPLE, text="Hello."),
            Instruction(id="d", command=InstructionName.SAVE),
        ]

    busy = Trained(tmp_path, clips, StandIn(), commands=commands).run()
    assert busy.losses == plain.losses
    assert busy.has_the_weights_of(plain)
    assert len(busy.of("command")) == 8


def test_a_recorded_step_that_is_not_finite_moves_nothing_and_is_counted(clips, tmp_path):
    def poison(trainer):
        weight = trainer.optimisation.generator.enc_q.proj.bias
        with torch.no_grad():
            if trainer.progress.step == 6:
                kept.append(weight.clone())
                weight.fill_(float("nan"))
            if trainer.progress.step == 8:
                weight.copy_(kept[0])
        return []

    kept = []
    recorder = StandIn()
    recorded = Trained(tmp_path, clips, recorder, commands=poison).run()
    assert recorder.did[-2:] == ["replayed", "replayed"]
    assert [skipped for _, _, skipped in recorded.losses] == [0] * 6 + [1, 2, 2]
    assert int(recorded.trainer.optimisation.skipped_in_a_row) == 0


def test_moments_made_before_the_first_step_are_those_that_the_optimiser_makes(clips, tmp_path):
    lazy, early = (Trained(tmp_path / name, clips).trainer.optimisation for name in "ab")
    early.make_moments()
    assert not lazy.optimisers[0].state
    batch = clips.batch([0, 1])
    draws = random_states(lazy.device)
    for optimisation in (lazy, early):
        set_random_states(draws, lazy.device)
        optimisation.step(batch)
    for a, b in zip(lazy.optimisers, early.optimisers, strict=True):
        for one, other in zip(a.state.values(), b.state.values(), strict=True):
            assert {n: (v.dtype, v.tolist()) for n, v in one.items()} == {
                n: (v.dtype, v.tolist()) for n, v in other.items()
            }
