"""A sweep ends every pod before it asks for anything else, however many calls others make."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from launcher.services.ending.reap import reap
from launcher.services.launching.launch import launch
from tests.kit.plans import plan
from tests.kit.virtual_time import START, in_virtual_time
from tests.services.full_budget import no_room_for_looks
from tests.services.harness import LauncherHarness


@pytest.mark.promise("money-reap")
@in_virtual_time
async def test_the_next_pod_goes_before_it_is_asked_what_the_last_one_left(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    harness.script.ends_after = None
    for run_id in ("run-01", "run-02", "run-03"):
        await launch(harness.bench, plan(run_id, settings={"max_hours": 0.1}), harness.keys)
    await asyncio.sleep(600)
    began = harness.loop.time()
    async with no_room_for_looks(harness), asyncio.timeout(600):
        report = await reap(harness.bench)
    assert len(report.released) == 3
    assert (harness.live(), harness.secret_names()) == ([], [])
    ends = [
        each.at - START
        for each in harness.world.requests
        if each.method == "DELETE" and each.path.startswith("/v2/pods/")
    ]
    assert len(ends) == 3
    assert max(ends) < began + 30
