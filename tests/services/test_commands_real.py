"""Commands into a pod of real processes: by exec where the agent came as a wheel, by file where exec is refused."""

from __future__ import annotations

import asyncio
import sys
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

import pytest

from launcher.cli.demo_cloud import DemoCloud, demo_cloud
from launcher.config import read_config
from launcher.domain.run import Run
from launcher.services.commands import Way, new_command, send
from launcher.services.compose import compose
from launcher.services.context import open_workbench
from launcher.services.launch import launch
from launcher.services.plan import make_plan
from launcher.services.sightings import EventSeen, RunEnded
from launcher.services.watch import watch
from launcher.stores.secrets import find_keys
from pod_image.contract.commands import CommandName
from pod_image.contract.events import CommandEvent
from pod_image.contract.outcomes import EndReason

PROGRAM = "import time, pathlib; pathlib.Path('out').mkdir(exist_ok=True); print('at work'); time.sleep(600)"


@pytest.mark.parametrize(
    ("image", "fault", "way"),
    [("bootstrap", "", Way.EXEC), ("", "exec-refused", Way.FILE)],
    ids=["exec", "numbered file"],
)
@pytest.mark.slow
def test_stop_goes_into_a_real_pod_and_its_receipt_comes_out(
    tmp_path: Path, image: str, fault: str, way: Way
) -> None:
    with demo_cloud(tmp_path, {fault: None} if fault else None) as cloud:
        run, went, receipts = asyncio.run(_stopped(cloud, tmp_path / "home", image))
    assert went is way
    assert receipts == ["received", "done"]
    assert run.end_reason is EndReason.STOPPED


async def _stopped(cloud: DemoCloud, home: Path, image: str) -> tuple[Run, Way, list[str]]:
    config = replace(read_config({**cloud.env, "LAUNCHER_HOME": str(home)}), poll_seconds=1.0)
    keys = find_keys(cloud.env)
    given = {
        "recipe": "command",
        "argv": [sys.executable, "-c", PROGRAM],
        "results_repo": cloud.results_repo,
        "max_hours": 0.2,
        **({"image": image} if image else {}),
    }
    receipts: list[str] = []
    async with open_workbench(config, keys) as bench:
        run = await launch(bench, await make_plan(bench, compose(None, given), keys), keys)
        command = new_command(CommandName.STOP)
        way = (await send(bench, run, command)).way
        async with aclosing(watch(bench, run)) as sightings:
            async for seen in sightings:
                if isinstance(seen, EventSeen) and isinstance(seen.event, CommandEvent):
                    receipts.append(str(seen.event.state))
                if isinstance(seen, RunEnded):
                    return seen.run, way, receipts
    raise AssertionError("the last sighting of a run is its end")
