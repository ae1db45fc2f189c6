"""The hardware as the place measures it, where the run itself is silent."""

from __future__ import annotations

import math
from contextlib import aclosing
from pathlib import Path

from launcher.domain.run_picture import RunPicture, after
from launcher.emulator.hub.faults import Rule
from launcher.emulator.hub.wire import Refusal
from launcher.services.common.observations import EventSeen
from launcher.services.following.measured import measured_by_place, measured_text
from launcher.services.following.watch import watch
from launcher.services.launching.launch import launch
from pod_image.contract.places import Provider
from tests.kit.plans import offer, plan
from tests.kit.virtual_time import in_virtual_time
from tests.services.harness import LauncherHarness


@in_virtual_time
async def test_a_job_that_tells_nothing_is_told_by_its_place_and_one_that_tells_is_not(
    tmp_path: Path,
) -> None:
    harness = LauncherHarness(tmp_path, with_jobs=True)
    harness.script.ends_after = None
    at_jobs = plan(
        "run-01", offer("l4x1", "L4 (l4x1)", 0.8), settings={"provider": Provider.HF_JOBS}
    )
    run = await launch(harness.bench, at_jobs, harness.keys)
    jobs = harness.core.jobs
    jobs.gpu_percent, jobs.gpu_memory_bytes = 35, 12_000_000_000
    found = await measured_by_place(harness.bench, run, RunPicture())
    assert found is not None
    text = measured_text(found)
    assert text.startswith("GPU 35 %, 12.0 of 24.0 GB; processor 0 %, as Hugging Face")
    assert text.endswith("the run itself has reported nothing yet")
    told = RunPicture()
    async with aclosing(watch(harness.bench, run, from_start=True)) as observations:
        async for seen in observations:
            if isinstance(seen, EventSeen):
                told = after(told, seen.event)
                break
    assert await measured_by_place(harness.bench, run, told) is None
    harness.loop.jump(300.0)
    late = await measured_by_place(harness.bench, run, told)
    assert late is not None
    assert "has reported nothing since" in measured_text(late)
    away = Refusal(503, "away")
    harness.core.faults.add(Rule(r"^GET /api/jobs/.*/metrics", math.inf, refusal=away))
    assert await measured_by_place(harness.bench, run, told) is None


@in_virtual_time
async def test_a_place_that_measures_nothing_is_not_quoted(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    harness.script.ends_after = None
    run = await launch(harness.bench, plan(), harness.keys)
    assert await measured_by_place(harness.bench, run, RunPicture()) is None
