"""A launcher that is killed at any point of a launch leaves nothing that costs money or holds a key."""

from __future__ import annotations

from pathlib import Path

import pytest

from launcher.domain.run import RunState
from launcher.services.ending.reap import reap
from launcher.services.ending.refresh import NEVER_ORDERED
from launcher.services.following.watch import watch
from launcher.services.launching.progress import Stage
from pod_image.contract.outcomes import EndReason
from tests.kit.virtual_time import in_virtual_time
from tests.services.harness import LauncherHarness, Lethal, killed


@pytest.mark.promise("money-reap")
@pytest.mark.parametrize(
    ("stage", "times"),
    [
        (Stage.SETTLING, 1),
        (Stage.PREPARING, 1),
        (Stage.PREPARING, 2),
        (Stage.RENTING, 1),
        (Stage.RENTED, 1),
        (Stage.SEEN, 1),
        (Stage.SEEN, 3),
    ],
)
def test_a_killed_launch_leaves_no_pod_no_secret_and_no_open_run(
    tmp_path: Path, stage: Stage, times: int
) -> None:
    @in_virtual_time
    async def the_story(folder: Path) -> None:
        harness = LauncherHarness(folder)
        harness.script.armed_after = None  # a pod that is rented never gets ready by itself
        await killed(harness, Lethal(stage, times))
        bench = harness.open_bench()
        await reap(bench)
        await bench.clock.sleep(3 * 3600)
        await reap(bench)
        assert harness.live() == []
        assert harness.secret_names() == []
        assert bench.runs.live() == []

    the_story(tmp_path)


@in_virtual_time
async def test_an_unanswered_order_of_a_killed_launch_is_found_and_ended(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    harness.script.armed_after = None
    harness.world.faults.switch_on("create-500-but-rents", times=1)
    harness.world.faults.switch_on("list-lag", seconds=40)
    await killed(harness, Lethal(Stage.UNCLEAR))
    assert len(harness.live()) == 1
    bench = harness.open_bench()
    await reap(bench)
    await bench.clock.sleep(3600)
    await reap(bench)
    assert (harness.live(), harness.secret_names(), bench.runs.live()) == ([], [], [])
    assert harness.posts() == 1


@in_virtual_time
async def test_secrets_made_before_the_kill_go_at_once_and_the_run_says_why(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    await killed(harness, Lethal(Stage.RENTING))
    assert len(harness.secret_names()) == 2
    dry = await reap(harness.open_bench(), dry_run=True)
    assert len(harness.secret_names()) == 2
    report = await reap(harness.open_bench())
    assert (dry.secrets_removed, len(dry.secrets_removed)) == (report.secrets_removed, 2)
    assert [(run.nonce, run.detail) for run in dry.settled] == [
        (run.nonce, run.detail) for run in report.settled
    ]
    (closed,) = report.settled
    assert harness.secret_names() == []
    assert (closed.state, closed.end_reason) == (RunState.ENDED, EndReason.BOOT_FAILED)
    assert closed.detail == NEVER_ORDERED
    assert harness.posts() == 0


@in_virtual_time
async def test_an_armed_pod_needs_no_launcher_and_the_next_one_learns_how_it_ended(
    tmp_path: Path,
) -> None:
    harness = LauncherHarness(tmp_path)
    await killed(harness, Lethal(Stage.ARMED))
    bench = harness.open_bench()
    await bench.clock.sleep(600)
    assert harness.live() == []
    (run,) = bench.runs.live()
    async for _ in watch(bench, run):
        pass
    ended = bench.runs.by_nonce(run.nonce)
    assert ended is not None
    assert ended.end_reason is EndReason.FINISHED
    assert harness.secret_names() == []
