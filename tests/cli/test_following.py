"""Leaving a run: before the pod is armed it is released, afterwards it goes on without us."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from launcher.cli.following import follow_to_end, launch_and_show
from launcher.cli.terminal.live import Live
from launcher.cli.terminal.next_steps import in_terminal
from launcher.cli.terminal.output import Output
from launcher.domain.run import RunState
from launcher.errors import Interrupted
from launcher.services.common.observations import EventSeen
from launcher.services.launching.launch import launch
from pod_image.contract.bodies import ArmedReport
from tests.kit.plans import plan
from tests.kit.virtual_time import in_virtual_time
from tests.services.harness import LauncherHarness


async def cut_off_after(seconds: float, work: asyncio.Task[object]) -> Interrupted:
    """What Ctrl-C does: the task is cancelled."""
    await asyncio.sleep(seconds)
    work.cancel()
    with pytest.raises(Interrupted) as caught:
        await work
    return caught.value


@in_virtual_time
async def test_ctrl_c_before_the_pod_is_armed_releases_it(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    harness.script.armed_after = None
    with Live(Output(quiet=True)) as live:
        work = asyncio.create_task(launch_and_show(harness.bench, plan(), harness.keys, live))
        error = await cut_off_after(30, work)
    assert harness.live() == []
    assert "released" in in_terminal(error.message)
    assert error.exit_code == 130


@in_virtual_time
async def test_ctrl_c_at_the_very_moment_that_the_pod_is_armed_leaves_it(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    harness.script.ends_after = None
    with Live(Output(quiet=True)) as live:
        work = asyncio.create_task(launch_and_show(harness.bench, plan(), harness.keys, live))
        live.see = lambda seen: _cancel_when_armed(work, seen)  # type: ignore[method-assign]  # in this one picture
        with pytest.raises(Interrupted, match="continues without this computer") as caught:
            await work
    (pod_id,) = harness.live()
    assert pod_id in in_terminal(caught.value.message)
    assert harness.bench.runs.get("run-01").state is RunState.RUNNING
    harness.script.stopping = True


def _cancel_when_armed(work: asyncio.Task[object], seen: object) -> None:
    if isinstance(seen, EventSeen) and isinstance(seen.event.body, ArmedReport):
        work.cancel()


@in_virtual_time
async def test_ctrl_c_afterwards_leaves_the_run_and_says_where_it_is_and_how_to_stop_it(
    tmp_path: Path,
) -> None:
    harness = LauncherHarness(tmp_path)
    harness.script.ends_after = None
    run = await launch(harness.bench, plan(), harness.keys)
    with Live(Output(quiet=True)) as live:
        work = asyncio.create_task(follow_to_end(harness.bench, run, live))
        error = await cut_off_after(60, work)
    assert harness.live() == [run.pod_id]
    assert run.pod_id in in_terminal(error.message)
    assert "$0.69 an hour" in in_terminal(error.message)
    assert f"launcher stop {run.run_id}" in in_terminal(error.hint)
    harness.script.stopping = True
