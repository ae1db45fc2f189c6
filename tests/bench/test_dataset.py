"""The clips of the measurement are such as a training takes: else the time of a refusal is measured."""

from __future__ import annotations

from pathlib import Path

import pytest

from launcher.workshop.check import CheckSettings, look_over
from pod_image.dataset import FolderSource
from tests.bench.dataset import CLIP_RATE_HZ, clips_to_check


@pytest.mark.parametrize("sharded", [False, True])
def test_all_clips_that_the_check_is_timed_with_can_be_used(tmp_path: Path, sharded: bool) -> None:
    settings = CheckSettings(sample_rate_hz=CLIP_RATE_HZ, speakers=None)
    folder = tmp_path / "files"
    for name, path in clips_to_check(folder, 40, sharded=sharded).items():
        kept = tmp_path / "dataset" / name
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_bytes(path.read_bytes())
    report = look_over(FolderSource(tmp_path / "dataset"), settings)
    assert (report.errors, report.usable_clips) == ([], 40)
