"""A launch that comes to nothing releases what it rented and says what it cost: a bad pod, Ctrl-C, a bug."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from pathlib import Path

import pytest

from launcher.cli.terminal.next_steps import in_terminal
from launcher.domain.run import RunState
from launcher.emulator.runpod import ScriptedContainer
from launcher.errors import (
    Interrupted,
    RunFailed,
)
from launcher.services.common.intents import intents_of
from launcher.services.ending.release import release
from launcher.services.launching.launch import launch
from launcher.services.launching.progress import Progress, Stage
from pod_image.contract.environment import RUN_VARIABLE, RunDocument
from pod_image.contract.outcomes import EndReason
from tests.kit.clouds import RESULTS_REPO
from tests.kit.plans import A5000, offer, plan
from tests.kit.virtual_time import in_virtual_time
from tests.services.harness import LauncherHarness


@pytest.mark.promise("money-armed")
@in_virtual_time
async def test_a_pod_that_cannot_end_itself_is_released_and_its_cost_is_said(
    tmp_path: Path,
) -> None:
    harness = LauncherHarness(tmp_path)
    harness.script.can_release = False
    with pytest.raises(RunFailed, match=r"cannot end itself: own pod \(403\)") as caught:
        await launch(harness.bench, plan(), harness.keys)
    assert "was released after" in in_terminal(caught.value.message)
    assert "it cost under $0.01" in in_terminal(caught.value.message)
    assert harness.live() == []
    assert harness.secret_names() == []
    run = harness.bench.runs.get("run-01")
    assert run.end_reason is EndReason.BOOT_FAILED
    assert run.cost_usd is not None
    assert run.cost_usd > 0


@pytest.mark.promise("money-armed")
@in_virtual_time
async def test_a_pod_that_stays_silent_is_released_at_the_end_of_the_boot_budget(
    tmp_path: Path,
) -> None:
    harness = LauncherHarness(tmp_path)
    harness.script.armed_after = None
    with pytest.raises(RunFailed, match="was not armed within 10 min"):
        await launch(harness.bench, plan(), harness.keys)
    assert harness.live() == []
    assert 600 < harness.loop.time() < 640


@in_virtual_time
async def test_a_run_that_ends_before_it_is_armed_fails_with_the_pods_own_words(
    tmp_path: Path,
) -> None:
    harness = LauncherHarness(tmp_path)

    def refuses(container: ScriptedContainer) -> Generator[float, None, None]:
        document = RunDocument.from_json(container.spec.env[RUN_VARIABLE])
        harness.script.say(
            container,
            document,
            "ended",
            reason="boot_failed",
            detail="This image understands contract 0.",
            hint="Rebuild the image.",
        )
        yield 1e9

    harness.runner.program = refuses
    with pytest.raises(RunFailed, match="understands contract 0") as caught:
        await launch(harness.bench, plan(), harness.keys)
    assert in_terminal(caught.value.hint) == "Rebuild the image."
    assert harness.live() == []


@in_virtual_time
async def test_a_pod_that_gets_no_machine_makes_way_for_the_next_candidate(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    harness.world.faults.switch_on("stuck-provisioning", times=1)
    run = await launch(harness.bench, plan("run-01", offer(), A5000), harness.keys)
    assert (run.attempt, run.gpu_name) == (2, "RTX A5000")
    assert harness.live() == [run.pod_id]
    first = harness.bench.runs.attempts(RESULTS_REPO, "run-01")[1]
    assert (first.state, first.end_reason) == (RunState.ENDED, EndReason.BOOT_FAILED)
    assert "no machine within 5 min" in first.detail
    assert sorted(harness.secret_names()) == sorted(run.secret_names)


@in_virtual_time
async def test_a_pod_in_error_is_released_and_the_last_candidate_ends_the_launch(
    tmp_path: Path,
) -> None:
    harness = LauncherHarness(tmp_path)
    harness.world.faults.switch_on("pod-error")
    with pytest.raises(RunFailed, match="went to error"):
        await launch(harness.bench, plan("run-01", offer(), A5000), harness.keys)
    assert len(harness.world.pods) == 2
    assert harness.live() == []


@in_virtual_time
async def test_a_pod_that_vanishes_while_it_boots_is_replaced(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    harness.script.armed_after = 60.0
    task = asyncio.create_task(launch(harness.bench, plan("run-01", offer(), A5000), harness.keys))
    await asyncio.sleep(30)
    harness.world.kill_host(harness.world.live_pods()[0])
    run = await task
    assert run.attempt == 2
    assert harness.live() == [run.pod_id]


@pytest.mark.promise("money-launch")
@in_virtual_time
async def test_a_run_that_is_aborted_elsewhere_while_it_boots_gets_no_second_pod(
    tmp_path: Path,
) -> None:
    harness = LauncherHarness(tmp_path)
    harness.script.armed_after = 60.0
    task = asyncio.create_task(launch(harness.bench, plan("run-01", offer(), A5000), harness.keys))
    await asyncio.sleep(30)
    terminal = harness.open_bench()
    await release(terminal, terminal.runs.get("run-01"))
    run = await task
    assert (run.state, run.end_reason) == (RunState.ENDED, EndReason.ABORTED)
    assert (harness.posts(), harness.live()) == (1, [])


@in_virtual_time
async def test_a_run_that_came_to_its_end_unheard_gets_no_second_pod(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    harness.script.armed_after = 60.0
    harness.world.faults.switch_on("logs-unavailable")
    run = await launch(harness.bench, plan("run-01", offer(), A5000), harness.keys)
    assert (run.state, run.end_reason) == (RunState.ENDED, EndReason.FINISHED)
    assert (harness.posts(), harness.live()) == (1, [])


@in_virtual_time
async def test_ctrl_c_before_armed_releases_the_pod_and_says_what_it_cost(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    harness.script.armed_after = None
    task = asyncio.create_task(launch(harness.bench, plan(), harness.keys))
    await asyncio.sleep(120)
    assert len(harness.live()) == 1
    task.cancel()
    with pytest.raises(Interrupted, match="was released after 2 min 2 s; it cost about"):
        await task
    assert harness.live() == []
    assert harness.secret_names() == []


@pytest.mark.promise("money-launch")
@in_virtual_time
async def test_ctrl_c_while_the_order_is_out_still_ends_the_pod_it_made(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    harness.world.faults.switch_on("slow-replies", seconds=10, path="/v2/pods", method="POST")
    task = asyncio.create_task(launch(harness.bench, plan(), harness.keys))
    await asyncio.sleep(5)
    assert len(harness.live()) == 1
    task.cancel()
    with pytest.raises(Interrupted):
        await task
    assert harness.live() == []
    assert intents_of(harness.bench).open() == []


@pytest.mark.promise("money-launch")
@in_virtual_time
async def test_a_second_ctrl_c_does_not_keep_the_pod_from_being_released(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    harness.script.armed_after = None
    harness.world.faults.switch_on("delete-500", times=8)
    task = asyncio.create_task(launch(harness.bench, plan(), harness.keys))
    await asyncio.sleep(60)
    for _ in range(3):
        task.cancel()
        await asyncio.sleep(1)
    with pytest.raises(Interrupted):
        await task
    assert harness.live() == []


@in_virtual_time
async def test_a_delete_that_is_ignored_is_repeated_until_the_pod_is_gone(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    harness.script.can_release = False
    harness.world.faults.switch_on("delete-ignored", times=2)
    with pytest.raises(RunFailed):
        await launch(harness.bench, plan(), harness.keys)
    assert harness.live() == []


@in_virtual_time
async def test_a_pod_that_cannot_be_released_is_named_with_its_price(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    harness.script.can_release = False
    harness.script.ends_after = None
    harness.world.faults.switch_on("delete-500")
    with pytest.raises(RunFailed, match=r"could NOT be released .* costs \$0\.69 an hour"):
        await launch(harness.bench, plan(), harness.keys)
    run = harness.bench.runs.get("run-01")
    assert run.state is RunState.ENDING
    assert harness.live() == [run.pod_id]


@pytest.mark.promise("money-launch")
@in_virtual_time
async def test_a_bug_while_waiting_releases_the_pod_too(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)

    def breaks(progress: Progress) -> None:
        if progress.stage is Stage.SEEN:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await launch(harness.bench, plan(), harness.keys, breaks)
    assert harness.live() == []
