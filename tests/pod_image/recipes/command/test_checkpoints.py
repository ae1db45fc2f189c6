"""A command's checkpoints: whole ones alone are kept, the oldest dropped, and the newest brought back as it was."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest

from pod_image.recipes.command.checkpoints import (
    CheckpointKeeper,
    CheckpointRule,
    Unit,
    bring_back,
    kept,
    newest_whole,
)
from tests.kit.weights import safetensors
from tests.pod_image.recipes.command.commands import worker

RULE = CheckpointRule(("out/checkpoint-*",), ("trainer_state.json", "optimizer.pt"))
NEEDED = {"model": b"m", "optimizer.pt": b"o", "trainer_state.json": b"{}"}


def written(work: Path, step: int, *lacking: str, **content: bytes) -> Path:
    folder = work / "out" / f"checkpoint-{step}"
    folder.mkdir(parents=True, exist_ok=True)
    for name, value in {**NEEDED, **content}.items():
        if name not in lacking:
            (folder / name).write_bytes(value)
    return folder


def aged(path: Path, seconds: float = 60.0) -> Path:
    os.utime(path, (time.time() - seconds,) * 2)
    return path


def test_the_newest_is_the_one_with_the_highest_number_that_is_whole(tmp_path: Path) -> None:
    for step in (9, 100, 20):
        written(tmp_path, step)
    written(tmp_path, 300, "trainer_state.json")
    (written(tmp_path, 200) / "trainer_state.json").write_bytes(b"{torn")
    assert newest_whole(tmp_path, RULE, time.time()) == [Unit(tmp_path / "out" / "checkpoint-100")]


def test_without_a_mark_a_file_is_whole_once_it_is_at_rest(tmp_path: Path) -> None:
    path = tmp_path / "model_last.pt"
    path.write_bytes(b"x")
    rule = CheckpointRule(("model_last.pt",))
    assert newest_whole(tmp_path, rule, time.time()) == []
    aged(path)
    assert newest_whole(tmp_path, rule, time.time()) == [Unit(path)]


def test_every_pattern_has_to_be_there(tmp_path: Path) -> None:
    """A trainer's weights and its optimiser's state lie apart at times, and neither is of use alone."""
    rule = CheckpointRule(("out/lora_*.safetensors", "out/optimizer.pt"))
    (tmp_path / "out").mkdir()
    for name in ("lora_000000250.safetensors", "lora_000000500.safetensors"):
        (tmp_path / "out" / name).write_bytes(safetensors(4))
        aged(tmp_path / "out" / name)
    assert newest_whole(tmp_path, rule, time.time()) == []
    (tmp_path / "out" / "optimizer.pt").write_bytes(b"o")
    aged(tmp_path / "out" / "optimizer.pt")
    names = [unit.path.name for unit in newest_whole(tmp_path, rule, time.time())]
    assert names == ["lora_000000500.safetensors", "optimizer.pt"]


def test_a_checkpoint_is_taken_once_and_the_oldest_are_dropped(tmp_path: Path) -> None:
    target = tmp_path / "checkpoints"
    keeper = CheckpointKeeper(tmp_path, target, RULE)
    for step in (10, 20, 30):
        written(tmp_path, step)
        assert keeper.take(None) == target / f"step-{step:08d}"
        assert keeper.take(None) is None
    assert [path.name for path in kept(target)] == ["step-00000020", "step-00000030"]
    below = target / "step-00000030" / "out" / "checkpoint-30"
    assert {path.name: path.read_bytes() for path in below.iterdir()} == NEEDED


def test_a_file_that_is_always_called_the_same_gets_a_new_name_each_time(tmp_path: Path) -> None:
    """The repo holds a checkpoint of a name for good."""
    target, path = tmp_path / "checkpoints", tmp_path / "last.pt"
    keeper = CheckpointKeeper(tmp_path, target, CheckpointRule(("last.pt",), keep=9))
    for age, step in ((90, 40), (80, 40), (70, 55)):
        path.write_bytes(bytes(age))
        aged(path, age)
        keeper.take(step)
    assert [path.name for path in kept(target)] == [
        "step-00000040",
        "step-00000041",
        "step-00000055",
    ]


def test_a_kept_checkpoint_comes_back_where_it_was(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    written(first, 10)
    folder = CheckpointKeeper(first, tmp_path / "checkpoints", RULE).take(None)
    assert folder is not None
    bring_back(folder, second, RULE)
    assert newest_whole(second, RULE, time.time()) == [Unit(second / "out" / "checkpoint-10")]


RULES: dict[str, Any] = {"checkpoint": ["out/checkpoint-*"], "whole_with": ["optimizer.pt"]}


def test_the_worker_keeps_checkpoints_while_the_command_works(tmp_path: Path) -> None:
    script = (
        "mkdir -p out/checkpoint-5; echo o > out/checkpoint-5/optimizer.pt; echo a > out/a; "
        "while [ ! -e ../out/files/out/a ]; do sleep 0.1; done; rm -r out/checkpoint-5; echo b > out/b"
    )
    code, events = worker(tmp_path, "sh", "-c", script, checkpoint_minutes=0.1, **RULES)
    assert code == 0
    (made,) = [event for event in events if event["event"] == "checkpoint"]
    assert (made["step"], made["path"]) == (5, "checkpoints/step-00000005")
    assert (tmp_path / "out" / made["path"] / "out" / "checkpoint-5" / "optimizer.pt").exists()
    files = tmp_path / "out" / "files" / "out"
    assert sorted(path.name for path in files.iterdir()) == ["a", "b"]
    assert [event["files"] for event in events if event["event"] == "collected"] == [1, 1]


def kept_one(folder: Path, *names: str) -> None:
    below = folder / "out" / "checkpoints" / "step-00000005" / "out" / "checkpoint-5"
    below.mkdir(parents=True)
    for name in names:
        (below / name).write_text(name)


def test_a_command_that_goes_on_finds_its_checkpoint_and_is_told_where(tmp_path: Path) -> None:
    kept_one(tmp_path, "optimizer.pt", "weights")
    script = 'cat "$LAUNCHER_RESUME_DIR/weights" > out/found; echo "$LAUNCHER_RESUMED $1 $2" >> out/found'
    words = ["--resume", "${RESUME_DIR}"]
    code, _ = worker(tmp_path, "sh", "-c", script, "sh", resume=True, resume_argv=words, **RULES)
    assert code == 0
    found = (tmp_path / "prepared" / "out" / "found").read_text()
    assert found == f"weights1 --resume {tmp_path}/prepared/out/checkpoint-5\n"


def test_a_checkpoint_without_its_optimiser_is_refused(tmp_path: Path) -> None:
    """A trainer goes on from it, exits well, and has learnt with a wrong learning rate."""
    kept_one(tmp_path, "weights")
    code, events = worker(tmp_path, "sh", "-c", "echo x > out/x", resume=True, **RULES)
    assert code == 2
    assert "step 5 is incomplete: it needs optimizer.pt" in events[-1]["message"]
    assert not (tmp_path / "prepared" / "out" / "x").exists()


@pytest.mark.parametrize("resume", [True, False])
def test_outputs_come_back_when_the_command_wants_them(tmp_path: Path, resume: bool) -> None:
    (tmp_path / "out" / "files" / "out").mkdir(parents=True)
    for name in ("state", "other"):
        (tmp_path / "out" / "files" / "out" / name).write_text("before")
    code, _ = worker(tmp_path, "sh", "-c", "ls out > listed", resume=resume, restore=["out/state"])
    assert code == 0
    listed = (tmp_path / "prepared" / "listed").read_text().split()
    assert listed == (["state"] if resume else [])


def test_a_rule_says_which_number_in_a_name_is_the_step(tmp_path: Path) -> None:
    """Without it the last one, of the step within an epoch, would make an older one the newest."""
    rule = CheckpointRule(("ws/backup/*",), ("a.json",), named=r"-backup-(?P<step>\d+)-")
    for name in ("2026-01-01-backup-100-2-20", "2026-01-01-backup-105-3-1", "other"):
        folder = tmp_path / "ws" / "backup" / name
        folder.mkdir(parents=True)
        (folder / "a.json").write_text("{}")
    (newest,) = newest_whole(tmp_path, rule, time.time())
    assert (newest.path.name, newest.number) == ("2026-01-01-backup-105-3-1", 105)
    kept_as = CheckpointKeeper(tmp_path, tmp_path / "checkpoints", rule).take(None)
    assert kept_as is not None
    assert kept_as.name == "step-00000105"


def test_what_came_with_an_input_is_no_checkpoint_of_this_run(tmp_path: Path) -> None:
    work = tmp_path / "work"
    theirs = written(tmp_path / "fetched", 9_000)
    linked = work / "out" / "checkpoint-9000"
    linked.mkdir(parents=True)
    for path in theirs.iterdir():
        (linked / path.name).symlink_to(path)
    assert newest_whole(work, RULE, time.time()) == []
    own = written(work, 500)
    assert newest_whole(work, RULE, time.time()) == [Unit(own)]
