"""A history or a disk that fails in the middle of a launch costs a record, never a pod."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from launcher.domain.run import RunState
from launcher.errors import Interrupted, NotConfigured, RunFailed
from launcher.services.ending.release import release
from launcher.services.following.watch import watch
from launcher.services.launching.launch import launch
from launcher.services.launching.progress import Progress, Stage
from launcher.stores.runs import RunHistory
from tests.kit.virtual_time import in_virtual_time
from tests.services.sky import Sky, plan

Trouble = Callable[[Sky], sqlite3.Connection]


def other_program(sky: Sky) -> sqlite3.Connection:
    sky.bench.runs._db.execute("PRAGMA busy_timeout = 1")
    return sqlite3.connect(sky.config.history_path, isolation_level=None)


def locked(sky: Sky) -> sqlite3.Connection:
    db = other_program(sky)
    db.execute("BEGIN IMMEDIATE")
    return db


def read_only(sky: Sky) -> sqlite3.Connection:
    sky.bench.runs._db.execute("PRAGMA query_only = ON")
    return other_program(sky)


def torn(sky: Sky) -> sqlite3.Connection:
    db = other_program(sky)
    for table in ("runs", "moments", "records"):
        db.execute(f"DROP TABLE {table}")
    return db


TROUBLES: dict[str, Trouble] = {"locked": locked, "read-only": read_only, "torn": torn}


class Strikes:
    """The history fails from the first word of that stage on."""

    def __init__(self, sky: Sky, trouble: str, stage: Stage) -> None:
        self._sky, self._trouble, self._stage = sky, TROUBLES[trouble], stage
        self.db: sqlite3.Connection | None = None
        self.told: list[str] = []
        sky.bench.runs.on_trouble = self.told.append

    def __call__(self, progress: Progress) -> None:
        if progress.stage is self._stage and self.db is None:
            self.db = self._trouble(self._sky)

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
        sky = Sky(tmp_path)
        strikes = Strikes(sky, trouble, stage)
        if (trouble, stage) == ("torn", Stage.PREPARING):  # read before anything is made
            with pytest.raises(NotConfigured, match="cannot be read"):
                await launch(sky.bench, plan(), sky.keys, strikes)
            assert (sky.posts(), sky.secret_names()) == (0, [])
            strikes.is_over()
            return
        run = await launch(sky.bench, plan(), sky.keys, strikes)
        assert (run.state, sky.live()) == (RunState.RUNNING, [run.pod_id])
        (said,) = strikes.told
        assert str(sky.config.history_path) in said
        async for _ in watch(sky.bench, run):
            pass
        assert (sky.live(), sky.secret_names()) == ([], [])
        strikes.is_over()

    the_story()


@pytest.mark.parametrize("trouble", TROUBLES)
def test_a_pod_that_has_to_go_goes_without_a_history(tmp_path: Path, trouble: str) -> None:
    @in_virtual_time
    async def the_story() -> None:
        sky = Sky(tmp_path)
        sky.script.can_release = False
        strikes = Strikes(sky, trouble, Stage.RENTING)
        with pytest.raises(RunFailed, match="was released"):
            await launch(sky.bench, plan(), sky.keys, strikes)
        assert (sky.live(), sky.secret_names()) == ([], [])
        strikes.is_over()

    the_story()


@in_virtual_time
async def test_the_pod_of_an_order_that_was_interrupted_goes_without_a_history(
    tmp_path: Path,
) -> None:
    sky = Sky(tmp_path)
    strikes = Strikes(sky, "torn", Stage.RENTING)
    sky.world.faults.switch_on("slow-replies", seconds=10, path="/v2/pods", method="POST")
    task = asyncio.create_task(launch(sky.bench, plan(), sky.keys, strikes))
    await asyncio.sleep(5)
    assert len(sky.live()) == 1
    task.cancel()
    with pytest.raises(Interrupted, match="was released"):
        await task
    assert (sky.live(), sky.secret_names()) == ([], [])
    strikes.is_over()


@in_virtual_time
async def test_what_could_not_be_written_goes_in_with_the_next_word_that_can(
    tmp_path: Path,
) -> None:
    sky = Sky(tmp_path)
    sky.script.armed_after = 60.0
    strikes = Strikes(sky, "locked", Stage.RENTING)
    task = asyncio.create_task(launch(sky.bench, plan(), sky.keys, strikes))
    await asyncio.sleep(30)
    (pod_id,) = sky.live()
    other = RunHistory(sky.config.history_path)
    assert other.runs()[0].pod_id == ""
    strikes.is_over()
    run = await task
    assert (other.get("run-01").pod_id, other.get("run-01").state) == (pod_id, RunState.RUNNING)
    assert other.get("run-01") == run
    other.close()


@in_virtual_time
async def test_an_abort_works_while_the_history_cannot_be_written(tmp_path: Path) -> None:
    sky = Sky(tmp_path)
    sky.script.ends_after = None
    run = await launch(sky.bench, plan(), sky.keys)
    db = locked(sky)
    ended = await release(sky.bench, run)
    assert (sky.live(), ended.state) == ([], RunState.ENDED)
    db.close()


@in_virtual_time
async def test_an_order_that_cannot_be_written_down_first_is_not_sent(tmp_path: Path) -> None:
    sky = Sky(tmp_path)
    folder = sky.config.intents_folder

    def disk_fails(progress: Progress) -> None:
        if progress.stage is Stage.RENTING:
            folder.rename(folder.with_name("moved"))
            folder.write_text("in the way")

    with pytest.raises(NotConfigured, match=r"not ordered\. Nothing was rented") as caught:
        await launch(sky.bench, plan(), sky.keys, disk_fails)
    assert "LAUNCHER_HOME" in caught.value.hint
    assert (sky.posts(), sky.secret_names()) == (0, [])


@in_virtual_time
async def test_without_a_place_for_its_lock_a_launch_does_not_begin(tmp_path: Path) -> None:
    sky = Sky(tmp_path)
    sky.config.intents_folder.write_text("in the way")
    with pytest.raises(NotConfigured, match="not ordered"):
        await launch(sky.bench, plan(), sky.keys)
    assert (sky.posts(), sky.secret_names()) == (0, [])
