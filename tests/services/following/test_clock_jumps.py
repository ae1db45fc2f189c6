"""This computer's clock is set while a run is followed, and the place cannot be asked at that moment."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from launcher.providers.runpod.client import RunPodClient
from launcher.providers.runpod.provider import RunPodProvider
from launcher.services.common.observations import ReleasedHere, RunEnded
from launcher.services.following.watch import watch
from launcher.services.launching.launch import launch
from pod_image.contract.outcomes import EndReason
from tests.kit.clocks import LoopClock
from tests.kit.plans import plan
from tests.kit.virtual_time import in_virtual_time, now_seconds
from tests.services.full_budget import no_room_for_looks
from tests.services.harness import LauncherHarness


class Dated(httpx.AsyncBaseTransport):
    """Answers that say what time it is at the cloud."""

    def __init__(self, cloud: httpx.AsyncBaseTransport) -> None:
        self._cloud = cloud

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        answer = await self._cloud.handle_async_request(request)
        now = datetime.fromtimestamp(now_seconds(), UTC)
        answer.headers["date"] = format_datetime(now, usegmt=True)
        return answer


@pytest.mark.promise("results-while")
@in_virtual_time
async def test_a_clock_that_is_set_ahead_ends_no_run_while_a_look_waits_for_its_turn(
    tmp_path: Path,
) -> None:
    harness = LauncherHarness(tmp_path)
    harness.script.ends_after, harness.script.heartbeat_seconds = 900.0, 30.0
    clock = LoopClock()
    client = RunPodClient(
        SecretStr(harness.world.api_key),
        "https://cloud",
        transport=Dated(harness.transport),
        clock=clock,
    )
    harness.bench = replace(
        harness.bench, provider=RunPodProvider(client), clock=clock, _pod_lists={}
    )
    run = await launch(harness.bench, plan(), harness.keys)

    async def set_ahead() -> None:
        await asyncio.sleep(120)
        clock.skew_seconds = 7_200.0

    setting = asyncio.create_task(set_ahead())
    released: list[str] = []
    ended = run
    async with no_room_for_looks(harness):
        async for seen in watch(harness.bench, run):
            if isinstance(seen, ReleasedHere):
                released.append(seen.why)
            if isinstance(seen, RunEnded):
                ended = seen.run
                break
    await setting
    assert (released, ended.end_reason) == ([], EndReason.FINISHED)
