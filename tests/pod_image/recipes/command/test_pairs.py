"""Checkpoints of several files that lie apart: what belongs together is kept, brought back, and found by trainers."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from pod_image.contract.bodies import Body
from pod_image.contract.paths import RunFolder
from pod_image.recipes.command.checkpoints import (
    CheckpointKeeper,
    CheckpointRule,
    bring_back,
    final_files,
    kept,
    newest_whole,
)
from pod_image.recipes.command.collecting import missing
from pod_image.recipes.command.file_formats import ends_whole
from pod_image.recipes.command.keeping import Results
from pod_image.recipes.command.recipe import Job
from tests.kit.weights import safetensors, torch_archive

NUMBER = "[0-9]" * 9
RULE = CheckpointRule(
    (f"out/*/*_{NUMBER}.safetensors", "out/*/optimizer.pt"),
    in_order=True,
    final=("out/*/*.safetensors",),
)
WEIGHTS = safetensors(64)
STATE = torch_archive()


def saved(work: Path, name: str, seconds_ago: float, content: bytes = b"") -> Path:
    path = work / "out" / "cat_v2" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content or (STATE if name == "optimizer.pt" else WEIGHTS))
    os.utime(path, (time.time() - seconds_ago,) * 2)
    return path


def names(work: Path) -> list[str]:
    return [unit.path.name for unit in newest_whole(work, RULE, time.time())]


@pytest.mark.parametrize("size", [0, 7, 40, len(WEIGHTS) - 1])
def test_weights_are_whole_where_their_header_says_that_they_end(tmp_path: Path, size: int) -> None:
    path = tmp_path / "a.safetensors"
    path.write_bytes(WEIGHTS)
    assert ends_whole(path)
    path.write_bytes(WEIGHTS[:size])
    assert not ends_whole(path)


@pytest.mark.parametrize(
    "header", [b"[1]", b'{"a": 1}', b'{"a": {"data_offsets": []}}', b"\xff\xff"]
)
def test_a_header_that_says_nothing_is_no_whole_file(tmp_path: Path, header: bytes) -> None:
    path = tmp_path / "a.safetensors"
    path.write_bytes(len(header).to_bytes(8, "little") + header)
    assert not ends_whole(path)


@pytest.mark.parametrize("size", [0, 10, len(STATE) // 2, len(STATE) - 30])
def test_what_torch_saves_is_whole_with_its_table_of_contents(tmp_path: Path, size: int) -> None:
    path = tmp_path / "optimizer.pt"
    path.write_bytes(STATE)
    assert ends_whole(path)
    path.write_bytes(STATE[:size])
    assert not ends_whole(path)


def test_the_state_belongs_to_the_weights_that_were_saved_before_it(tmp_path: Path) -> None:
    saved(tmp_path, "cat_v2_000000250.safetensors", 90)
    saved(tmp_path, "optimizer.pt", 80)
    assert names(tmp_path) == ["cat_v2_000000250.safetensors", "optimizer.pt"]
    saved(tmp_path, "cat_v2_000000500.safetensors", 60)  # its own state is not written yet
    assert names(tmp_path) == ["cat_v2_000000250.safetensors", "optimizer.pt"]
    saved(tmp_path, "optimizer.pt", 50)
    assert names(tmp_path) == ["cat_v2_000000500.safetensors", "optimizer.pt"]


def test_the_state_of_the_very_end_belongs_to_no_earlier_weights(tmp_path: Path) -> None:
    saved(tmp_path, "cat_v2_000000250.safetensors", 90)
    saved(tmp_path, "cat_v2.safetensors", 60)
    saved(tmp_path, "optimizer.pt", 50)
    assert names(tmp_path) == []


@pytest.mark.parametrize("torn", ["cat_v2_000000250.safetensors", "optimizer.pt"])
def test_a_torn_file_at_rest_is_no_checkpoint(tmp_path: Path, torn: str) -> None:
    """A writer that waits for its disk, or was killed, leaves a file that nobody writes to."""
    saved(tmp_path, "cat_v2_000000250.safetensors", 90)
    saved(tmp_path, "optimizer.pt", 80)
    path = tmp_path / "out" / "cat_v2" / torn
    content, at = path.read_bytes(), path.stat().st_mtime_ns
    path.write_bytes(content[: len(content) // 2])
    os.utime(path, ns=(at, at))
    assert names(tmp_path) == []


def test_the_step_is_the_number_that_the_pattern_leaves_open(tmp_path: Path) -> None:
    """A 2 in the name of everything is no step."""
    target = tmp_path / "checkpoints"
    keeper = CheckpointKeeper(tmp_path, target, CheckpointRule(("out/cat_v2/model_2.pt",), keep=9))
    for age, step in ((90, 40), (80, 55)):
        saved(tmp_path, "model_2.pt", age, STATE)
        keeper.take(step)
    assert [path.name for path in kept(target)] == ["step-00000040", "step-00000055"]


def test_a_pair_from_the_hub_is_whole_whatever_the_times_of_its_downloads(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    saved(first, "cat_v2_000000250.safetensors", 90)
    saved(first, "optimizer.pt", 80)
    folder = CheckpointKeeper(first, tmp_path / "checkpoints", RULE).take(None)
    assert folder is not None
    assert folder.name == "step-00000250"
    for path in folder.rglob("*.safetensors"):
        os.utime(path)  # fetched last
    bring_back(folder, second, RULE)
    later = time.time() + 60
    units = newest_whole(second, RULE, later)
    assert [unit.path.name for unit in units] == ["cat_v2_000000250.safetensors", "optimizer.pt"]


def test_what_a_resume_goes_on_from_is_the_newest_by_every_clock(tmp_path: Path) -> None:
    """Killed between the two files, a trainer would take the newer weights with the older state."""
    work = tmp_path / "prepared"
    whole = saved(work, "cat_v2_000000250.safetensors", 90)
    state = saved(work, "optimizer.pt", 80)
    torn = saved(work, "cat_v2_000000500.safetensors", 60)
    folder, told = RunFolder(tmp_path), list[Body]()
    job = Job(("x",), ("out/**",), checkpoints=RULE)
    CheckpointKeeper(work, folder.checkpoints, RULE).take(None)
    Results(job, folder, told.append, print).bring_back()
    changed = {path.name: path.stat().st_ctime_ns for path in (whole, state, torn)}
    assert changed[torn.name] < changed[whole.name] <= changed[state.name]
    assert whole.stat().st_mtime_ns > torn.stat().st_mtime_ns


def test_a_checkpoint_is_not_what_was_promised_for_the_end(tmp_path: Path) -> None:
    saved(tmp_path, "cat_v2_000000250.safetensors", 9)
    assert missing(tmp_path, RULE.final, {}, but=RULE.patterns) == list(RULE.final)
    final = saved(tmp_path, "cat_v2.safetensors", 8)
    assert missing(tmp_path, RULE.final, {}, but=RULE.patterns) == []
    assert final_files(tmp_path, RULE) == [final]
    outputs = Job(("x",), ("out/**",), checkpoints=RULE).results
    assert outputs.files(tmp_path) == [final], "the rest goes as a checkpoint"
