"""How often the cloud is asked for a run: hardly ever while its log speaks, at once when it falls silent."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from launcher.domain.run import Run
from launcher.services.common.observations import RunEnded
from launcher.services.common.workbench import Workbench
from launcher.services.following.look_times import (
    FIRST_WORD,
    LONGEST_PAUSE,
    RARELY,
    SILENCE,
    LookTimes,
)
from launcher.services.following.watch import watch
from launcher.services.launching.launch import launch
from tests.kit.plans import plan
from tests.kit.virtual_time import in_virtual_time
from tests.services.harness import LauncherHarness

NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)
USUAL = timedelta(seconds=5)
SECOND = timedelta(seconds=1)


def looks(times: LookTimes, start: datetime, until: timedelta, *, is_running: bool) -> list[float]:
    """When the pod is looked at, in seconds after `start`, by somebody who looks whenever a look is due."""
    found, now = [], start
    while (now := max(now, times.next(now))) <= start + until:
        found.append((now - start).total_seconds())
        times.looked(now, is_running=is_running)
    return found


def speaking(times: LookTimes, now: datetime) -> LookTimes:
    times.heard(now)
    times.looked(now, is_running=True)
    return times


def test_a_pod_that_waits_for_a_machine_is_looked_at_ever_more_rarely() -> None:
    found = looks(LookTimes(USUAL), NOON, timedelta(minutes=5), is_running=False)
    assert found == [0, 5, 15, 35, 75, 135, 195, 255]
    assert found[-1] - found[-2] == LONGEST_PAUSE.total_seconds()


def test_a_pod_is_looked_at_when_it_is_decided_whether_it_is_waited_for() -> None:
    times = LookTimes(USUAL, at=[NOON + timedelta(seconds=100)])
    assert 100 in looks(times, NOON, timedelta(minutes=5), is_running=False)


def test_one_that_speaks_is_hardly_looked_at_and_one_that_falls_silent_at_once() -> None:
    times = speaking(LookTimes(USUAL), NOON)
    for second in range(0, 3_630, 30):
        times.heard(NOON + second * SECOND)
        found = looks(times, NOON + second * SECOND, 29 * SECOND, is_running=True)
        assert not found or second % RARELY.total_seconds() == 0
    silent = NOON + 3_600 * SECOND + SILENCE
    assert times.next(NOON + 3_601 * SECOND) == silent
    times.looked(silent, is_running=True)
    assert times.next(silent) == silent + USUAL


def test_the_first_word_of_a_container_and_what_the_machine_says_of_it_later_are_looked_into() -> (
    None
):
    times = LookTimes(USUAL)
    looks(times, NOON, timedelta(minutes=5), is_running=False)
    now = NOON + timedelta(minutes=5)
    times.machine_spoke()  # of the image that it fetches
    assert times.next(now) > now
    times.heard(now)
    assert times.is_due(now)
    times.looked(now, is_running=True)
    times.machine_spoke()
    assert times.next(now) == now + USUAL


def test_a_container_that_says_nothing_is_looked_at_when_it_should_have_spoken() -> None:
    times = LookTimes(USUAL)
    times.looked(NOON, is_running=True)
    assert (FIRST_WORD + SECOND).total_seconds() in looks(
        times, NOON, timedelta(minutes=6), is_running=True
    )


async def end_of(bench: Workbench, run: Run) -> Run:
    async with aclosing(watch(bench, run)) as observations:
        async for seen in observations:
            if isinstance(seen, RunEnded):
                return seen.run
    raise AssertionError("a watch ends with the run's end")


def an_hour_of_signs_of_life(harness: LauncherHarness) -> None:
    harness.world.timing.provisioning_seconds = 180.0
    harness.script.heartbeat_seconds, harness.script.ends_after = 30.0, 3_300.0


@in_virtual_time
async def test_a_run_takes_few_calls_and_counts_them(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    an_hour_of_signs_of_life(harness)
    run = await launch(harness.bench, plan(), harness.keys)
    assert len(harness.world.requests) <= 12  # it had to wait three minutes for a machine
    assert run.provider_calls == len(harness.world.requests)
    following = asyncio.create_task(end_of(harness.bench, run))
    await asyncio.sleep(30)
    before = len(harness.world.requests)
    await asyncio.sleep(3_000)
    assert len(harness.world.requests) - before <= 5
    end = await following
    assert end.provider_calls == harness.bench.provider.calls == len(harness.world.requests)


@in_virtual_time
async def test_watchers_of_one_process_share_each_look(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    an_hour_of_signs_of_life(harness)
    names = [f"run-{number:02}" for number in range(1, 7)]
    runs = [await launch(harness.bench, plan(name), harness.keys) for name in names]
    watchers = [asyncio.create_task(end_of(harness.bench, run)) for run in runs]
    await asyncio.sleep(60)
    before = len(harness.world.requests)
    await asyncio.sleep(1_800)
    assert len(harness.world.requests) - before <= 4
    for watcher in watchers:
        watcher.cancel()
    await asyncio.gather(*watchers, return_exceptions=True)


@in_virtual_time
async def test_a_host_that_dies_is_noticed_soon_after_the_silence(
    tmp_path: Path,
) -> None:
    harness = LauncherHarness(tmp_path)
    an_hour_of_signs_of_life(harness)
    run = await launch(harness.bench, plan(), harness.keys)
    following = asyncio.create_task(end_of(harness.bench, run))
    await asyncio.sleep(1_000)
    died_at = harness.loop.time()
    harness.world.kill_host(harness.world.pods[run.pod_id])
    await following
    assert harness.loop.time() - died_at <= SILENCE.total_seconds() + 30


@in_virtual_time
async def test_a_pod_that_is_removed_by_somebody_else_is_noticed_by_its_log_that_ends(
    tmp_path: Path,
) -> None:
    harness = LauncherHarness(tmp_path)
    an_hour_of_signs_of_life(harness)
    run = await launch(harness.bench, plan(), harness.keys)
    following = asyncio.create_task(end_of(harness.bench, run))
    await asyncio.sleep(1_000)
    removed_at = harness.loop.time()
    harness.world.act(harness.world.pods[run.pod_id], "terminate")
    await following
    assert harness.loop.time() - removed_at <= 30


def test_after_a_clock_was_set_back_the_pod_is_looked_at_as_before() -> None:
    times = speaking(LookTimes(USUAL), NOON)
    times.said_last_word(NOON)
    back = NOON - timedelta(hours=1)
    assert times.is_due(back)
    assert not times.is_about_to_go(back)
    times.looked(back, is_running=True)
    assert times.next(back) - back <= LONGEST_PAUSE
