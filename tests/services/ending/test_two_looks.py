"""A pod is believed to be gone after two looks that do not find it, by whoever looks."""

from __future__ import annotations

from pathlib import Path

import pytest

from launcher.domain.run import Run, RunState
from launcher.errors import InvalidRequest
from launcher.services.ending.reap import reap
from launcher.services.launching.launch import launch
from pod_image.contract.outcomes import EndReason
from tests.kit.plans import plan
from tests.kit.virtual_time import in_virtual_time
from tests.services.harness import LauncherHarness
from tests.services.living import end_of, running


def absent_once(harness: LauncherHarness, run: Run) -> None:
    """The list shows nothing, and the pod itself answers 404 to one reading."""
    harness.world.faults.switch_on("list-empty")
    path = f"/v2/pods/{run.pod_id}"
    harness.world.faults.switch_on("server-errors", times=1, status=404, path=path, method="GET")


@in_virtual_time
async def test_the_reaper_believes_that_a_pod_is_gone_after_two_absent_readings(
    tmp_path: Path,
) -> None:
    harness = LauncherHarness(tmp_path)
    run = await running(harness)
    absent_once(harness, run)
    report = await reap(harness.open_bench())
    assert "lists no pods" in report.skipped
    assert harness.bench.runs.get("run-01").state is RunState.RUNNING


@in_virtual_time
async def test_a_watcher_believes_that_a_pod_is_gone_after_two_absent_looks(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    run = await launch(harness.bench, plan(), harness.keys)
    absent_once(harness, run)
    assert (await end_of(harness, run)).end_reason is EndReason.FINISHED


@in_virtual_time
async def test_a_launch_believes_that_an_earlier_pod_is_gone_after_two_absent_readings(
    tmp_path: Path,
) -> None:
    harness = LauncherHarness(tmp_path)
    run = await running(harness)
    absent_once(harness, run)
    with pytest.raises(InvalidRequest, match="already has a pod"):
        await launch(harness.open_bench(), plan(), harness.keys)
    assert harness.posts() == 1
