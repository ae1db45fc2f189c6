"""When all calls of a minute are used up by others: what ends a pod waits for nothing."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from launcher.domain.run import RunState
from launcher.errors import RunFailed
from launcher.services.common.observations import ReleasedHere, RunEnded
from launcher.services.ending.reap import reap
from launcher.services.following.watch import watch
from launcher.services.launching.launch import launch
from tests.kit.plans import plan
from tests.kit.virtual_time import START, in_virtual_time
from tests.services.full_budget import no_room_for_looks
from tests.services.harness import LauncherHarness


@pytest.mark.promise("money-release")
@in_virtual_time
async def test_a_pod_past_its_deadline_is_released_at_once_and_then_known_to_be_gone(
    tmp_path: Path,
) -> None:
    harness = LauncherHarness(tmp_path)
    harness.script.ends_after = None
    run = await launch(harness.bench, plan(settings={"max_hours": 0.1}), harness.keys)
    released_at = 0.0
    async with no_room_for_looks(harness):
        async for seen in watch(harness.bench, run):
            if isinstance(seen, ReleasedHere):
                released_at = harness.loop.time()
                assert not harness.live()
            if isinstance(seen, RunEnded):
                break
    assert 380 < released_at < 420
    assert harness.loop.time() < released_at + 90
    known = harness.bench.runs.by_nonce(run.nonce)
    assert known is not None
    assert known.state is RunState.ENDED


@pytest.mark.promise("money-release")
@in_virtual_time
async def test_a_pod_that_stays_silent_is_released_at_the_end_of_its_boot_budget(
    tmp_path: Path,
) -> None:
    harness = LauncherHarness(tmp_path)
    harness.script.armed_after = None
    async with no_room_for_looks(harness):
        with pytest.raises(RunFailed, match="was not armed within 10 min"):
            await launch(harness.bench, plan(), harness.keys)
    assert harness.live() == []
    (ended_at,) = [
        each.at
        for each in harness.world.requests
        if each.method == "DELETE" and each.path.startswith("/v2/pods/")
    ]
    assert 600 < ended_at - START < 640


@in_virtual_time
async def test_a_pod_that_is_armed_is_heard_in_time_and_kept(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    harness.script.ends_after = None
    async with no_room_for_looks(harness):
        run = await launch(harness.bench, plan(), harness.keys)
    assert run.state is RunState.RUNNING
    assert harness.live() == [run.pod_id]
    assert harness.loop.time() < 120


@in_virtual_time
async def test_reap_hears_that_another_computers_pod_is_armed(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    harness.script.ends_after = None
    run = await launch(harness.bench, plan(), harness.keys)
    await asyncio.sleep(30 * 60)
    harness.bench = harness.second_home()
    async with no_room_for_looks(harness):
        report = await reap(harness.bench)
    assert (report.released, [pod.id for pod in report.kept]) == ((), [run.pod_id])
