"""A history or a disk that fails in the middle of a launch costs a record, never a pod."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from launcher.cli.terminal.next_steps import in_terminal
from launcher.domain.run import RunState
from launcher.errors import Interrupted, NotConfigured, RunFailed
from launcher.services.ending.release import release
from launcher.services.following.watch import watch
from launcher.services.launching.launch import launch
from launcher.services.launching.progress import Progress, Stage
from launcher.stores.runs import RunHistory
from tests.kit.plans import plan
from tests.kit.virtual_time import in_virtual_time
from tests.services.harness import LauncherHarness

Trouble = Callable[[LauncherHarness], sqlite3.Connection]


def other_program(harness: LauncherHarness) -> sqlite3.Connection:
    harness.bench.runs._db.execute("PRAGMA busy_timeout = 1")
    return sqlite3.connect(harness.config.history_path, isolation_level=None)


def locked(harness: LauncherHarness) -> sqlite3.Connection:
    db = other_program(harness)
    db.execute("BEGIN IMMEDIATE")
    return db


def read_only(harness: LauncherHarness) -> sqlite3.Connection:
    harness.bench.runs._db.execute("PRAGMA query_only = ON")
    return other_program(harness)


def torn(harness: LauncherHarness) -> sqlite3.Connection:
    db = other_program(harness)
    for table in ("runs", "moments", "records"):
        db.execute(f"DROP TABLE {table}")
    return db


TROUBLES: dict[str, Trouble] = {"locked": locked, "read-only": read_only, "torn": torn}


class Strikes:
    """The history fails from the first word of that stage on."""

    def __init__(self, harness: LauncherHarness, trouble: str, stage: Stage) -> None:
        self._harness, self._trouble, self._stage = harness, TROUBLES[trouble], stage
        self.db: sqlite3.Connection | None = None
        self.told: list[str] = []
        harness.bench.runs.on_trouble = self.told.append

    def __call__(self, progress: Progress) -> None:
        if progress.stage is self._stage and self.db is None:
            self.db = self._trouble(self._harness)

    def is_over(self) -> None:
        assert self.db is not None
        self.db.close()


@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize("stage", [Stage.PREPARING, Stage.RENTING, Stage.RENTED, Stage.SEEN])
def test_a_launch_goes_on_without_its_history_and_that_is_said_once(
    tmp_path: Path, trouble: str, stage: Stage
) -> None:
    @in_virtual_time
    async def the_story() -> None:
        harness = LauncherHarness(tmp_path)
        strikes = Strikes(harness, trouble, stage)
        if (trouble, stage) == ("torn", Stage.PREPARING):  # read before anything is made
            with pytest.raises(NotConfigured, match="cannot be read"):
                await launch(harness.bench, plan(), harness.keys, strikes)
            assert (harness.posts(), harness.secret_names()) == (0, [])
            strikes.is_over()
            return
        run = await launch(harness.bench, plan(), harness.keys, strikes)
        assert (run.state, harness.live()) == (RunState.RUNNING, [run.pod_id])
        (said,) = strikes.told
        assert str(harness.config.history_path) in said
        async for _ in watch(harness.bench, run):
            pass
        assert (harness.live(), harness.secret_names()) == ([], [])
        strikes.is_over()

    the_story()


@pytest.mark.parametrize("trouble", TROUBLES)
def test_a_pod_that_has_to_go_goes_without_a_history(tmp_path: Path, trouble: str) -> None:
    @in_virtual_time
    async def the_story() -> None:
        harness = LauncherHarness(tmp_path)
        harness.script.can_release = False
        strikes = Strikes(harness, trouble, Stage.RENTING)
        with pytest.raises(RunFailed, match="was released"):
            await launch(harness.bench, plan(), harness.keys, strikes)
        assert (harness.live(), harness.secret_names()) == ([], [])
        strikes.is_over()

    the_story()


@in_virtual_time
async def test_the_pod_of_an_order_that_was_interrupted_goes_without_a_history(
    tmp_path: Path,
) -> None:
    harness = LauncherHarness(tmp_path)
    strikes = Strikes(harness, "torn", Stage.RENTING)
    harness.world.faults.switch_on("slow-replies", seconds=10, path="/v2/pods", method="POST")
    task = asyncio.create_task(launch(harness.bench, plan(), harness.keys, strikes))
    await asyncio.sleep(5)
    assert len(harness.live()) == 1
    task.cancel()
    with pytest.raises(Interrupted, match="was released"):
        await task
    assert (harness.live(), harness.secret_names()) == ([], [])
    strikes.is_over()


@in_virtual_time
async def test_what_could_not_be_written_goes_in_with_the_next_word_that_can(
    tmp_path: Path,
) -> None:
    harness = LauncherHarness(tmp_path)
    harness.script.armed_after = 60.0
    strikes = Strikes(harness, "locked", Stage.RENTING)
    task = asyncio.create_task(launch(harness.bench, plan(), harness.keys, strikes))
    await asyncio.sleep(30)
    (pod_id,) = harness.live()
    other = RunHistory(harness.config.history_path)
    assert other.runs()[0].pod_id == ""
    strikes.is_over()
    run = await task
    assert (other.get("run-01").pod_id, other.get("run-01").state) == (pod_id, RunState.RUNNING)
    assert other.get("run-01") == run
    other.close()


@in_virtual_time
async def test_an_abort_works_while_the_history_cannot_be_written(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    harness.script.ends_after = None
    run = await launch(harness.bench, plan(), harness.keys)
    db = locked(harness)
    ended = await release(harness.bench, run)
    assert (harness.live(), ended.state) == ([], RunState.ENDED)
    db.close()


@in_virtual_time
async def test_an_order_that_cannot_be_written_down_first_is_not_sent(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    folder = harness.config.intents_folder

    def disk_fails(progress: Progress) -> None:
        if progress.stage is Stage.RENTING:
            folder.rename(folder.with_name("moved"))
            folder.write_text("in the way")

    with pytest.raises(NotConfigured, match=r"so it was not sent\. Nothing was rented") as caught:
        await launch(harness.bench, plan(), harness.keys, disk_fails)
    assert "LAUNCHER_HOME" in in_terminal(caught.value.hint)
    assert (harness.posts(), harness.secret_names()) == (0, [])


@in_virtual_time
async def test_without_a_place_for_its_lock_a_launch_does_not_begin(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    harness.config.intents_folder.write_text("in the way")
    with pytest.raises(NotConfigured, match="so it was not sent"):
        await launch(harness.bench, plan(), harness.keys)
    assert (harness.posts(), harness.secret_names()) == (0, [])
