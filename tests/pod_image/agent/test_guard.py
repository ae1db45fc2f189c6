"""The guard: releases the pod when the agent is dead, has one that hangs started again, and is itself looked after."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from pod_image.agent.agent_lock import is_taken, take_lock
from pod_image.agent.guard import ORPHAN_SECONDS, guard
from pod_image.agent.limits import Caps
from pod_image.agent.timing import Timing
from pod_image.contract.outcomes import EndReason
from tests.kit.virtual_time import in_virtual_time, now_seconds
from tests.pod_image.agent.harness import AgentHarness, ScriptedStage, SeenAgent, training
from tests.pod_image.agent.harness import Guarded as ToldGuard

TIMING = Timing()


class Guarded:
    """A guard that watches a rented pod whose agent does nothing."""

    def __init__(self, folder: Path, *, max_hours: float = 6.0) -> None:
        async def idle(stage: ScriptedStage) -> int:
            await asyncio.sleep(1e9)
            return 0

        self.harness = AgentHarness(folder, idle)
        self.harness.world.faults.switch_on("stuck-provisioning")  # no agent: the guard is alone
        self.pod = self.harness.rent()
        self.lines = asyncio.StreamReader()
        self.agent = SeenAgent()
        caps = Caps(now_seconds() + 1e6, max_hours, 10.0, 0.5)
        orders = {
            "pod": {
                "place": "runpod",
                "api_url": "http://cloud.test",
                "pod_id": self.pod.id,
                "key": self.pod.key.value,
            },
            "folder": str(folder),
            "caps": asdict(caps),
        }
        self.tell(orders)
        self.said: list[str] = []

        def agent_of(orders: Mapping[str, Any]) -> SeenAgent:
            return self.agent

        self.task = asyncio.ensure_future(
            guard(
                self.lines,
                self.harness.http,
                self.harness.clock,
                TIMING,
                self.said.append,
                agent_of,
            )
        )

    def tell(self, document: Mapping[str, object]) -> None:
        self.lines.feed_data(json.dumps(document).encode() + b"\n")

    async def close(self) -> None:
        self.task.cancel()
        with suppress(asyncio.CancelledError):
            await self.task


@in_virtual_time
async def test_a_living_agent_is_left_alone(tmp_path: Path) -> None:
    guarded = Guarded(tmp_path)
    for _ in range(40):
        guarded.tell({"release_in_seconds": 1_000.0})
        await asyncio.sleep(30)
    assert not guarded.said
    assert guarded.pod.is_live
    await guarded.close()


@in_virtual_time
async def test_an_agent_that_still_lives_after_its_deadline_is_overruled(tmp_path: Path) -> None:
    guarded = Guarded(tmp_path)
    for left in range(300, -300, -30):
        guarded.tell({"release_in_seconds": float(max(left, -30))})
        await asyncio.sleep(30)
        if not guarded.pod.is_live:
            break
    assert not guarded.pod.is_live
    assert left >= -90
    await guarded.close()


@pytest.mark.parametrize(
    ("stopped", "limit"),
    [(True, TIMING.guard_stopped_seconds), (False, TIMING.guard_hung_seconds)],
)
@in_virtual_time
async def test_an_agent_that_is_not_heard_any_more_is_killed_so_that_it_is_started_again(
    tmp_path: Path, stopped: bool, limit: float
) -> None:
    guarded = Guarded(tmp_path)
    guarded.tell({"release_in_seconds": 1e6})
    guarded.agent.stopped = stopped
    await asyncio.sleep(limit - 5)
    assert not guarded.agent.killed
    await asyncio.sleep(10)
    assert len(guarded.agent.killed) == 1
    assert guarded.pod.is_live
    await guarded.close()


@pytest.mark.promise("money-watched")
def test_a_stopped_agent_is_noticed_within_a_minute() -> None:
    assert TIMING.guard_stopped_seconds <= 60


@in_virtual_time
async def test_an_agent_that_not_even_sigkill_ends_costs_the_pod(tmp_path: Path) -> None:
    guarded = Guarded(tmp_path)
    guarded.tell({"release_in_seconds": 1e6})
    await asyncio.sleep(TIMING.guard_hung_seconds + ORPHAN_SECONDS - 10)
    assert guarded.pod.is_live
    await asyncio.sleep(20)
    assert not guarded.pod.is_live
    await guarded.close()


@in_virtual_time
async def test_an_agent_that_hangs_past_the_caps_is_not_started_again(tmp_path: Path) -> None:
    guarded = Guarded(tmp_path, max_hours=0.01)  # over long before anything is noticed
    await asyncio.sleep(TIMING.guard_hung_seconds + 10)
    assert not guarded.agent.killed
    assert not guarded.pod.is_live
    await guarded.close()


@pytest.mark.promise("money-watched")
@in_virtual_time
async def test_a_stopped_agent_does_not_outlive_its_cap_by_three_minutes(tmp_path: Path) -> None:
    guarded = Guarded(tmp_path)
    guarded.tell({"release_in_seconds": 20.0})
    guarded.agent.stopped = True
    await asyncio.sleep(20 + 170)
    assert not guarded.pod.is_live
    await guarded.close()


@in_virtual_time
async def test_a_guard_that_did_not_run_itself_takes_that_for_no_silence(tmp_path: Path) -> None:
    guarded = Guarded(tmp_path)
    guarded.tell({"release_in_seconds": 1e6})
    await asyncio.sleep(30)
    slept, naps = guarded.harness.clock.sleep, iter((3 * TIMING.guard_hung_seconds,))

    async def stopped_with_everybody(seconds: float) -> None:
        await slept(next(naps, seconds))

    guarded.harness.clock.sleep = stopped_with_everybody  # type: ignore[method-assign]  # planted in this one pod
    await asyncio.sleep(3 * TIMING.guard_hung_seconds + 20)
    assert not guarded.agent.killed
    guarded.tell({"release_in_seconds": 1e6})
    await asyncio.sleep(10)
    assert guarded.agent.answers == 2
    await guarded.close()


@in_virtual_time
async def test_when_the_agent_dies_and_none_takes_over_the_pod_is_released(tmp_path: Path) -> None:
    guarded = Guarded(tmp_path)
    guarded.tell({"release_in_seconds": 1e6})
    guarded.lines.feed_eof()
    await asyncio.sleep(ORPHAN_SECONDS - 10)
    assert not guarded.said
    await asyncio.sleep(60)
    assert not guarded.pod.is_live
    await guarded.close()


@in_virtual_time
async def test_when_another_agent_took_over_the_guard_goes(tmp_path: Path) -> None:
    guarded = Guarded(tmp_path)
    guarded.tell({"release_in_seconds": 1e6})
    guarded.lines.feed_eof()
    with take_lock(tmp_path):
        await asyncio.sleep(ORPHAN_SECONDS + 60)
        assert guarded.task.done()
    assert guarded.pod.is_live


def test_the_lock_of_a_folder_is_held_as_long_as_the_agent_lives(tmp_path: Path) -> None:
    assert not is_taken(tmp_path)
    with take_lock(tmp_path):
        assert is_taken(tmp_path)
    assert not is_taken(tmp_path)


@in_virtual_time
async def test_the_run_goes_on_when_no_guard_can_be_started(tmp_path: Path) -> None:
    harness = AgentHarness(tmp_path, training(steps=5))

    def broken(orders: object) -> None:
        raise OSError(11, "Resource temporarily unavailable")

    harness.processes.start_guard = broken  # type: ignore[method-assign, assignment]  # planted in this one pod
    harness.rent()
    await harness.until_gone()
    assert harness.ended["reason"] == "finished"
    assert any("guard" in line for line in harness.logs())


def guard_of(harness: AgentHarness) -> ToldGuard:
    return harness.processes.guards[-1]


@pytest.mark.promise("money-watched")
@in_virtual_time
async def test_a_guard_that_is_gone_is_begun_again_with_its_orders(tmp_path: Path) -> None:
    harness = AgentHarness(tmp_path, training(steps=100))
    pod = harness.rent()
    await harness.until("step", step=10)
    first = guard_of(harness)
    first.is_gone = True
    await asyncio.sleep(TIMING.guard_restart_seconds + harness.timing.watch_seconds)
    assert len(harness.processes.guards) == 2
    assert guard_of(harness).orders == first.orders
    assert guard_of(harness).orders.pod["key"] == pod.key.value
    assert guard_of(harness).beats
    await harness.until_gone()
    assert harness.ended["reason"] == EndReason.FINISHED


@in_virtual_time
async def test_a_guard_that_dies_again_and_again_is_not_started_more_than_now_and_then(
    tmp_path: Path,
) -> None:
    harness = AgentHarness(tmp_path, training(steps=100))
    harness.rent()
    await harness.until("step", step=10)
    before = len(harness.processes.guards)
    for _ in range(60):
        guard_of(harness).is_gone = True
        await asyncio.sleep(1.0)
    assert 2 <= len(harness.processes.guards) - before <= 60 / TIMING.guard_restart_seconds + 1


@in_virtual_time
async def test_the_guard_hears_from_the_agent_from_the_first_second_to_the_release(
    tmp_path: Path,
) -> None:
    harness = AgentHarness(tmp_path, training(steps=5))
    harness.world.faults.switch_on("server-errors", path="/v2/pods")
    harness.rent()
    while not harness.processes.guards:  # noqa: ASYNC110  # the container comes up
        await asyncio.sleep(1.0)
    await asyncio.sleep(60)
    assert not harness.said  # the cloud does not answer at boot
    assert len(guard_of(harness).beats) >= 60 / harness.timing.watch_seconds
    harness.world.faults.switch_off()
    harness.world.faults.switch_on("delete-500")
    await harness.until("ended")
    beats = len(guard_of(harness).beats)
    await asyncio.sleep(TIMING.guard_joins_seconds + 30)
    assert len(guard_of(harness).beats) >= beats + 60 / harness.timing.watch_seconds
    assert guard_of(harness).beats[-1] < 0  # it joins in
