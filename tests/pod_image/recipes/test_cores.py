"""A container's share of its machine's cores is what work is spread over."""

from __future__ import annotations

import os
from pathlib import Path

from pod_image.recipes.cores import usable_cores


def test_a_limit_of_the_container_counts_and_not_the_machines_cores(tmp_path: Path) -> None:
    (tmp_path / "cpu.max").write_text("50000 100000\n")
    assert usable_cores(tmp_path) == 1
    (tmp_path / "cpu.max").write_text(f"{100_000 * 4096} 100000\n")
    assert usable_cores(tmp_path) == len(os.sched_getaffinity(0))


def test_an_older_kernels_limit_counts_as_well(tmp_path: Path) -> None:
    (tmp_path / "cpu").mkdir()
    (tmp_path / "cpu" / "cpu.cfs_period_us").write_text("100000\n")
    (tmp_path / "cpu" / "cpu.cfs_quota_us").write_text("80000\n")
    assert usable_cores(tmp_path) == 1


def test_without_a_limit_it_is_what_this_process_may_run_on(tmp_path: Path) -> None:
    everything = len(os.sched_getaffinity(0))
    assert usable_cores(tmp_path) == everything
    (tmp_path / "cpu.max").write_text("max 100000\n")
    assert usable_cores(tmp_path) == everything
    (tmp_path / "cpu.max").write_text("nonsense")
    assert usable_cores(tmp_path) == everything
