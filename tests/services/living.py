"""A run that goes on until a test ends it, and how it ended."""

from __future__ import annotations

from launcher.domain.run import Run
from launcher.services.common.observations import RunEnded
from launcher.services.following.watch import watch
from launcher.services.launching.launch import launch
from tests.kit.plans import plan
from tests.services.harness import LauncherHarness


async def running(harness: LauncherHarness, run_id: str = "run-01", **settings: object) -> Run:
    harness.script.ends_after = None
    return await launch(harness.bench, plan(run_id, settings=settings), harness.keys)


async def end_of(harness: LauncherHarness, run: Run) -> Run:
    last = [seen async for seen in watch(harness.bench, run)][-1]
    assert isinstance(last, RunEnded)
    return last.run
