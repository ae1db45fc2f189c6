"""How many checkpoints a disk holds is known before the first is written, and a disk too small is refused."""

from __future__ import annotations

import shutil
from collections import namedtuple
from typing import Any

import pytest
import torch

from launcher.cli.terminal.next_steps import in_terminal
from pod_image.contract.paths import RunFolder
from pod_image.contract.recipes.piper import (
    BESIDE_BYTES,
    USUAL_CHECKPOINTS,
    Quality,
    checkpoint_room,
)
from pod_image.contract.settings import RunSettings
from pod_image.recipes.piper.checkpoint import Checkpoint, write_checkpoint
from pod_image.recipes.piper.disk import checkpoints_kept, free_for_checkpoints
from pod_image.recipes.piper.identity import quality_of
from pod_image.recipes.piper.model import Discriminators, Generator
from pod_image.recipes.piper.quality import SIZES, SYMBOLS
from pod_image.recipes.piper.recipe_error import RecipeError
from pod_image.recipes.piper.stages import prepare_stage
from tests.kit.run_documents import run_document
from tests.pod_image.recipes.piper.cases import SILENT

Usage = namedtuple("Usage", "total used free")
GB = 1_000_000_000


def settings(quality=Quality.MEDIUM, **rest):
    values = {"dataset_repo": "me/clips", "results_repo": "me/voices", "quality": quality, **rest}
    return RunSettings.model_validate(values)


@pytest.fixture
def folder(tmp_path):
    made = RunFolder(tmp_path)
    made.checkpoints.mkdir(parents=True)
    return made


@pytest.fixture
def free(monkeypatch):
    """Sets what the disk says is free."""

    def to(gigabytes):
        usage = Usage(100 * GB, 0, int(gigabytes * GB))
        monkeypatch.setattr("shutil.disk_usage", lambda path: usage)

    return to


@pytest.mark.parametrize("quality", list(Quality))
def test_the_reckoned_sizes_are_those_of_the_networks(quality):
    sizes = SIZES[quality_of(settings(quality))]
    with torch.device("meta"):
        networks = Generator(sizes, symbols=SYMBOLS, speakers=1), Discriminators(sizes)
    generator, both = (
        sum(tensor.nbytes for network in part for tensor in network.state_dict().values())
        for part in (networks[:1], networks)
    )
    room = checkpoint_room(quality)
    assert room.weights_bytes == pytest.approx(both, rel=0.001)
    assert room.voice_bytes == pytest.approx(generator, rel=0.001)


def test_a_written_checkpoint_is_as_large_as_reckoned(tmp_path):
    weights = {f"model_g.{n}": torch.zeros(250_000) for n in range(4)}
    moments = [
        {"state": {n: {"exp_avg": torch.zeros(250_000), "exp_avg_sq": torch.zeros(250_000)}}}
        for n in range(4)
    ]
    size_bytes = write_checkpoint(tmp_path / "a.ckpt", Checkpoint(weights, {}, 0, 0, moments, {}))
    assert size_bytes == pytest.approx(3 * 4 * 1_000_000, rel=0.01)


def test_more_room_keeps_more_checkpoints_up_to_three(folder, free):
    kept = []
    for gigabytes in (2.7, 4.1, 4.5, 100):
        free(gigabytes)
        kept.append(checkpoints_kept(folder, settings()))
    assert kept == [1, 2, 3, 3] == [*kept[:3], USUAL_CHECKPOINTS]


def test_fewer_than_usual_are_said_and_the_usual_are_not(folder, free):
    said: list[Any] = []
    say: Any = said.append
    free(2.7)
    checkpoints_kept(folder, settings(), say)
    assert [event.code for event in said] == ["few-checkpoints"]
    assert "2.7 GB are free on the disk: 1 of the usual 3" in said[0].message
    free(50)
    checkpoints_kept(folder, settings(), say)
    assert len(said) == 1


def test_no_room_for_one_is_refused_with_the_disk_to_rent(folder, free):
    free(1.0)
    with pytest.raises(RecipeError, match=r"no room for a checkpoint: 1\.0 GB are free") as caught:
        checkpoints_kept(folder, settings(disk_gb=40))
    assert in_terminal(caught.value.hint) == "Rent a larger disk: --disk-gb 42"


def test_preparation_refuses_before_it_begins(folder, free):
    free(1.0)
    with pytest.raises(RecipeError, match="no room for a checkpoint"):
        prepare_stage(run_document(settings=settings()), folder, SILENT)


def test_the_rented_disk_counts_where_the_host_shows_its_own(folder, free):
    free(5_000)
    (folder.root / "dataset").write_bytes(b"x" * 1_000_000)
    assert free_for_checkpoints(folder, settings(disk_gb=10)) == 10 * GB - 1_000_000


def test_the_checkpoints_of_an_earlier_start_are_not_counted_against_the_rest(folder, free):
    free(3)
    (folder.checkpoints / "step-00000001.ckpt").write_bytes(b"x" * 2_000_000)
    assert free_for_checkpoints(folder, settings()) == 3 * GB + 2_000_000


def test_what_is_kept_stays_within_what_was_reckoned():
    """All that lies on the disk at the worst moment, written down one by one."""
    for quality in Quality:
        room = checkpoint_room(quality)
        for kept in range(1, USUAL_CHECKPOINTS + 1):
            new, before, best, being_stripped = 1, 1, 1, 0
            older = kept - 1
            files = (new + before) * room.whole_bytes
            files += (older + best + being_stripped) * room.weights_bytes
            voices = (kept + 1) * room.voice_bytes
            assert files + voices + BESIDE_BYTES <= room.needed_bytes(kept)


def test_the_disk_of_this_machine_can_be_asked(folder):
    assert (
        0
        < free_for_checkpoints(folder, settings(disk_gb=2000))
        <= shutil.disk_usage(folder.root).free
    )
