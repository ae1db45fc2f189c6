"""Of the checkpoints the newest and the best stay, and none goes before it was delivered while the disk has room."""

from __future__ import annotations

from collections import namedtuple
from pathlib import Path
from typing import Any

import pytest
import torch

from pod_image.contract.delivered_note import delivered_in, note_delivered
from pod_image.contract.paths import RunFolder
from pod_image.contract.recipes.piper import USUAL_CHECKPOINTS, PiperSettings, Quality
from pod_image.contract.settings import RunSettings
from pod_image.recipes.piper.checkpoint import Checkpoint
from pod_image.recipes.piper.checkpoint_times import CheckpointTimes
from pod_image.recipes.piper.disk import checkpoints_held, checkpoints_kept
from pod_image.recipes.piper.keeping import Keeper, checkpoint_path
from pod_image.recipes.piper.quality import Quality as Size
from pod_image.recipes.piper.stages import _is_delivered
from pod_image.recipes.piper.trainer import Places, Trainer
from pod_image.recipes.piper.training import Training
from tests.kit.sent_events import kept_in
from tests.pod_image.recipes.piper.cases import TINY, made_up_clips

Usage = namedtuple("Usage", "total used free")
SMALL = Checkpoint({"model_g.a": torch.zeros(1)}, {}, 0, 0, [], {})


class Kept:
    """A folder of checkpoints, and those that were delivered by their steps."""

    def __init__(self, place: Path, kept: int, held: int) -> None:
        self.place, self.delivered, self.dropped = place, set[int](), list[str]()
        self.keeper = Keeper(
            place,
            kept,
            held=held,
            is_delivered=lambda path: path in {checkpoint_path(place, n) for n in self.delivered},
            drops=lambda path: self.dropped.append(path.name),
        )

    def write(self, *steps: int, best: int | None = None) -> list[int]:
        for step in steps:
            self.keeper.keep(step, lambda: SMALL, lambda path, size_bytes: None, best=best)
        self.keeper.wait()
        return sorted(int(path.stem.removeprefix("step-")) for path in self.place.glob("*.ckpt"))


def test_what_is_delivered_goes_and_what_is_not_waits_for_its_delivery(tmp_path):
    kept = Kept(tmp_path, 2, 100)
    kept.delivered = {1, 3}
    assert kept.write(1, 2, 3, 4, 5) == [2, 4, 5]
    kept.delivered = {1, 2, 3, 4}
    assert kept.write(6) == [5, 6]
    assert kept.dropped == []


def test_the_best_and_the_newest_never_go(tmp_path):
    kept = Kept(tmp_path, 1, 1)
    kept.delivered = set(range(10))
    assert kept.write(1, 2, 3, 4, best=1) == [1, 4]
    assert kept.dropped == []


def test_where_the_disk_has_no_room_for_another_one_the_oldest_goes_and_that_is_said(tmp_path):
    kept = Kept(tmp_path, 1, 3)
    assert kept.write(1, 2, 3, 4, 5, best=1) == [1, 3, 4, 5]
    assert kept.dropped == ["step-00000002.ckpt"]


def test_more_are_kept_where_that_is_asked_for_and_the_disk_has_room(tmp_path, monkeypatch):
    folder = RunFolder(tmp_path)
    said: list[Any] = []

    def free(gigabytes):
        monkeypatch.setattr("shutil.disk_usage", lambda path: Usage(0, 0, gigabytes * 10**9))

    def settings(**values):
        given = {"dataset_repo": "me/clips", "results_repo": "me/voices", **values}
        return PiperSettings.of(RunSettings.model_validate(given))

    free(2_000)
    many = settings(keep_newest=60, disk_gb=2_000)
    assert checkpoints_kept(folder, many, said.append) == 60
    assert checkpoints_held(folder, many) == 100
    assert said == []
    free(10)
    kept = checkpoints_kept(folder, many, said.append)
    assert USUAL_CHECKPOINTS < kept < 60
    assert f"{kept} of the 60 checkpoints are kept" in said[0].message
    assert checkpoints_held(folder, settings(quality=Quality.MEDIUM)) == kept


def test_the_trainer_may_drop_what_the_agent_says_the_repo_has(tmp_path):
    made = RunFolder(tmp_path)
    first, second = (checkpoint_path(made.checkpoints, step) for step in (1, 2))
    assert _is_delivered(made, first)  # nobody tells
    note_delivered(made, [])
    assert not _is_delivered(made, first)
    note_delivered(made, ["checkpoints/step-00000001.ckpt"])
    assert [_is_delivered(made, path) for path in (first, second)] == [True, False]
    made.delivered.write_text("{")
    assert delivered_in(made) is None


def test_checkpoints_by_steps_and_epochs_come_at_their_multiples():
    times = CheckpointTimes(100.0, steps=10)
    times.begin(0.0, 7, 0)
    assert [step for step in range(8, 31) if times.is_due(1.0, step, 0)] == [10, 20, 30]
    times = CheckpointTimes(100.0, epochs=2)
    times.begin(0.0, 0, 1)
    due = [step for step in range(1, 25) if times.is_due(1.0, step, step // 4)]
    assert due == [8, 16, 24]
    assert times.is_due(100.0, 25, 6)
    times.kept(100.0)
    assert not times.is_due(101.0, 26, 6)


@pytest.mark.parametrize(("changes", "steps"), [({"checkpoint_epochs": 2}, [4, 6]), ({}, [6])])
def test_a_training_writes_them_by_epochs(tmp_path, changes, steps):
    events: list[dict[str, Any]] = []
    training = Training(
        Size.X_LOW, epochs=3, batch_size=2, checkpoint_seconds=1e9, sizes=TINY, **changes
    )
    trainer = Trainer(training, made_up_clips(4), Places(tmp_path), emit=kept_in(events))
    still: Any = trainer.optimisation
    still.step = lambda batch: torch.ones(6)
    trainer.run()
    assert [event["step"] for event in events if event["event"] == "checkpoint"] == steps


def test_a_training_says_what_it_had_to_drop_before_it_was_delivered(tmp_path):
    events: list[dict[str, Any]] = []
    training = Training(
        Size.X_LOW, epochs=2, batch_size=2, checkpoint_seconds=1e9, checkpoint_steps=1, sizes=TINY,
        kept_checkpoints=1, held_checkpoints=2,
    )  # fmt: skip
    trainer = Trainer(
        training,
        made_up_clips(4),
        Places(tmp_path),
        emit=kept_in(events),
        is_delivered=lambda _: False,
    )
    still: Any = trainer.optimisation
    still.step = lambda batch: torch.ones(6)
    trainer.run()
    said = [event["message"] for event in events if event["event"] == "warning"]
    assert any("step-00000001.ckpt was dropped before it was delivered" in one for one in said)
