"""The guard: releases the pod when the agent is dead or hangs, and leaves a new agent alone."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from pathlib import Path

from pod_image.agent.guard import LOCK_NAME, ORPHAN_SECONDS, guard, is_held
from pod_image.agent.start import lock
from pod_image.agent.timing import Timing
from tests.pod_image.agent.stand import ScriptedStage, Stand, training
from tests.virtual import in_virtual_time

TIMING = Timing()


class Guarded:
    """A guard that watches a rented pod whose agent does nothing."""

    def __init__(self, folder: Path) -> None:
        async def idle(stage: ScriptedStage) -> int:
            await asyncio.sleep(1e9)
            return 0

        self.stand = Stand(folder, idle)
        self.pod = self.stand.rent()
        self.lines = asyncio.StreamReader()
        orders = {
            "api_url": "http://cloud.test",
            "pod_id": self.pod.id,
            "folder": str(folder),
            "key": self.pod.key.value,
        }
        self.tell(orders)
        self.said: list[str] = []
        self.task = asyncio.ensure_future(
            guard(self.lines, self.stand.http, self.stand.clock, TIMING, self.said.append)
        )

    def tell(self, document: dict[str, object]) -> None:
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


@in_virtual_time
async def test_an_agent_that_is_not_heard_any_more_is_overruled(tmp_path: Path) -> None:
    guarded = Guarded(tmp_path)
    guarded.tell({"release_in_seconds": 1e6})
    await asyncio.sleep(TIMING.guard_hung_seconds - 30)
    assert not guarded.said
    await asyncio.sleep(90)
    assert not guarded.pod.is_live
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
    with lock(tmp_path):
        await asyncio.sleep(ORPHAN_SECONDS + 60)
        assert guarded.task.done()
    assert guarded.pod.is_live


def test_the_lock_of_a_folder_is_held_as_long_as_the_agent_lives(tmp_path: Path) -> None:
    assert not is_held(tmp_path / LOCK_NAME)
    with lock(tmp_path):
        assert is_held(tmp_path / LOCK_NAME)
    assert not is_held(tmp_path / LOCK_NAME)


@in_virtual_time
async def test_the_run_goes_on_when_no_guard_can_be_started(tmp_path: Path) -> None:
    stand = Stand(tmp_path, training(steps=5))

    def broken(orders: object) -> None:
        raise OSError(11, "Resource temporarily unavailable")

    stand.processes.start_guard = broken  # type: ignore[method-assign, assignment]
    stand.rent()
    await stand.until_gone()
    assert stand.ended["reason"] == "finished"
    assert any("guard" in line for line in stand.logs())
