"""Ending the money comes before every word and every note of it, and needs neither a reader nor a history."""

from __future__ import annotations

import asyncio
import errno
from pathlib import Path

import pytest

from launcher.cli.terminal.next_steps import in_terminal
from launcher.domain.run import RunState
from launcher.errors import Interrupted, RunFailed
from launcher.services.common.intents import intents_of
from launcher.services.common.pod_release import release_pod
from launcher.services.common.uninterrupted import what_is_owed
from launcher.services.ending.reap import reap
from launcher.services.launching.launch import launch
from launcher.services.launching.progress import Progress, Stage
from pod_image.contract.outcomes import EndReason
from tests.kit.plans import plan
from tests.kit.virtual_time import in_virtual_time
from tests.services.harness import LauncherHarness


class DeadTerminal:
    """From the given stage on, every word is answered as a terminal whose window was closed answers it."""

    def __init__(self, dies_at: Stage, error: Exception) -> None:
        self._dies_at, self._error = dies_at, error
        self.heard: list[Stage] = []
        self.is_dead = False

    def __call__(self, progress: Progress) -> None:
        self.is_dead = self.is_dead or progress.stage is self._dies_at
        if self.is_dead:
            raise self._error
        self.heard.append(progress.stage)


GONE = {
    "terminal closed": OSError(errno.EIO, "Input/output error"),
    "reader left": BrokenPipeError(errno.EPIPE, "Broken pipe"),
    "disk of the log full": OSError(errno.ENOSPC, "No space left on device"),
    "stream closed": ValueError("I/O operation on closed file."),
}


@pytest.mark.parametrize(
    ("gone", "stage"),
    [*zip(GONE, [Stage.SETTLING, Stage.RENTING, Stage.RENTED, Stage.SEEN], strict=True)],
)
def test_a_launch_goes_on_in_silence_when_nobody_can_be_told(
    tmp_path: Path, gone: str, stage: Stage
) -> None:
    @in_virtual_time
    async def the_story() -> None:
        harness = LauncherHarness(tmp_path)
        run = await launch(harness.bench, plan(), harness.keys, DeadTerminal(stage, GONE[gone]))
        assert (run.state, harness.live()) == (RunState.RUNNING, [run.pod_id])

    the_story()


@pytest.mark.promise("money-launch")
@pytest.mark.parametrize("stage", [Stage.RENTING, Stage.RENTED, Stage.SEEN, Stage.RELEASING])
def test_a_pod_that_has_to_go_goes_also_when_nobody_can_be_told(
    tmp_path: Path, stage: Stage
) -> None:
    @in_virtual_time
    async def the_story() -> None:
        harness = LauncherHarness(tmp_path)
        harness.script.can_release = False
        with pytest.raises(RunFailed, match="was released"):
            await launch(
                harness.bench, plan(), harness.keys, DeadTerminal(stage, GONE["terminal closed"])
            )
        assert (harness.live(), harness.secret_names()) == ([], [])

    the_story()


@in_virtual_time
async def test_even_a_fault_of_ours_in_telling_does_not_keep_the_pod(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    harness.script.can_release = False
    terminal = DeadTerminal(Stage.RELEASING, ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        await launch(harness.bench, plan(), harness.keys, terminal)
    assert terminal.is_dead
    assert harness.live() == []


@pytest.mark.promise("money-launch")
@in_virtual_time
async def test_the_release_is_asked_for_before_a_word_of_it_is_said(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    harness.script.can_release = False
    asked: list[bool] = []

    def report(progress: Progress) -> None:
        if progress.stage in (Stage.RELEASING, Stage.RELEASED):
            asked.append(any(seen.method == "DELETE" for seen in harness.world.requests))

    with pytest.raises(RunFailed):
        await launch(harness.bench, plan(), harness.keys, report)
    assert asked == [True, True]


@in_virtual_time
async def test_an_interrupted_launch_is_aborted_and_not_a_failed_boot(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    harness.script.armed_after = None
    task = asyncio.create_task(launch(harness.bench, plan(), harness.keys))
    await asyncio.sleep(60)
    task.cancel()
    with pytest.raises(Interrupted):
        await task
    run = harness.bench.runs.get("run-01")
    assert (run.state, run.end_reason) == (RunState.ENDED, EndReason.ABORTED)
    assert "interrupted" in run.detail


@in_virtual_time
async def test_a_launch_interrupted_before_its_order_is_aborted_too(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    harness.world.faults.switch_on("slow-replies", seconds=20, path="/v2/account/secrets")
    task = asyncio.create_task(launch(harness.bench, plan(), harness.keys))
    await asyncio.sleep(10)
    task.cancel()
    with pytest.raises(Interrupted, match="Nothing was rented"):
        await task
    run = harness.bench.runs.get("run-01")
    assert (run.end_reason, harness.posts(), harness.secret_names()) == (EndReason.ABORTED, 0, [])


@in_virtual_time
async def test_an_order_that_is_refused_while_the_launch_is_interrupted_leaves_nothing_open(
    tmp_path: Path,
) -> None:
    harness = LauncherHarness(tmp_path)
    harness.world.faults.switch_on("no-capacity")
    harness.world.faults.switch_on("slow-replies", seconds=10, path="/v2/pods", method="POST")
    task = asyncio.create_task(launch(harness.bench, plan(), harness.keys))
    await asyncio.sleep(5)
    task.cancel()
    with pytest.raises(Interrupted, match="Nothing was rented"):
        await task
    assert (harness.posts(), harness.secret_names(), intents_of(harness.bench).open()) == (
        1,
        [],
        [],
    )


@in_virtual_time
async def test_a_release_that_has_begun_is_not_cut_short_and_says_what_is_owed(
    tmp_path: Path,
) -> None:
    harness = LauncherHarness(tmp_path)
    harness.script.ends_after = None
    run = await launch(harness.bench, plan(), harness.keys)
    assert what_is_owed() == ""
    harness.world.faults.switch_on("server-errors", times=6)
    task = asyncio.create_task(release_pod(harness.bench, run.pod_id))
    await asyncio.sleep(1)
    for _ in range(3):
        task.cancel()
        await asyncio.sleep(0.5)
    owed = in_terminal(what_is_owed())
    assert run.pod_id in owed
    assert "launcher reap" in owed
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (harness.live(), what_is_owed()) == ([], "")


@in_virtual_time
async def test_a_release_the_cloud_refuses_is_told_and_not_raised(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    harness.script.ends_after = None
    run = await launch(harness.bench, plan(), harness.keys)
    harness.world.faults.switch_on("delete-500")
    released = await release_pod(harness.bench, run.pod_id)
    assert not released.is_done
    assert "could not be ended" in str(released.trouble)


@in_virtual_time
async def test_the_pod_of_an_abandoned_order_that_could_not_be_released_is_not_forgotten(
    tmp_path: Path,
) -> None:
    harness = LauncherHarness(tmp_path)
    harness.script.armed_after = None
    harness.world.faults.switch_on("create-500-but-rents", times=1)
    harness.world.faults.switch_on("list-lag", seconds=90)
    with pytest.raises(Exception, match="No pod appeared"):
        await launch(harness.bench, plan(), harness.keys)
    await harness.bench.clock.sleep(60)
    harness.world.faults.switch_off()
    harness.world.faults.switch_on("delete-500")
    (reaped,) = (await reap(harness.bench)).released
    assert "could not be ended" in reaped.trouble
    assert [intent.given_up for intent in intents_of(harness.bench).open()] == [True]
    harness.world.faults.switch_off()
    await reap(harness.bench)
    assert (harness.live(), intents_of(harness.bench).open()) == ([], [])
