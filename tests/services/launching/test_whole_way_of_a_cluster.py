"""A run on two nodes, the whole way: planned, launched, run as real processes, watched, delivered once, gone."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from launcher.config import read_config
from launcher.demo.cloud import DemoCloud, demo_cloud
from launcher.domain.run import Run
from launcher.services.common.observations import EventSeen, LogSeen, Observation, RunEnded
from launcher.services.common.workbench import open_workbench
from launcher.services.ending.watched import watched
from launcher.services.following.watch import watch
from launcher.services.launching.launch import launch
from launcher.services.planning.compose import compose
from launcher.services.planning.plan import make_plan
from launcher.stores.secrets import find_keys
from pod_image.contract.bodies import CheckpointWritten, Ended
from pod_image.contract.outcomes import EndReason

TOGETHER = """
import os, pathlib, time
import torch
from torch import distributed
distributed.init_process_group("gloo")
rank = distributed.get_rank()
share = torch.tensor([rank + 1.0])
distributed.all_reduce(share)
pathlib.Path(os.environ["OUT_DIR"], f"by-{rank}.txt").write_text(str(share.item()))
print("together we are", share.item(), flush=True)
distributed.barrier()
distributed.destroy_process_group()
"""


@dataclass
class Watched:
    run: Run
    lines: list[str] = field(default_factory=list)
    ended: Ended | None = None


def delivered(folder: Path) -> dict[str, bytes]:
    below = folder / "hub" / "models" / "demo"
    return {
        path.relative_to(below).as_posix().partition("/run-01/")[2]: path.read_bytes()
        for path in below.rglob("*")
        if path.is_file() and "/run-01/" in path.as_posix()
    }


def nothing(seen: Observation) -> None:
    """For who has nothing to do meanwhile."""


async def lived(
    cloud: DemoCloud,
    home: Path,
    given: dict[str, Any],
    meanwhile: Callable[[Observation], None] = nothing,
) -> Watched:
    config = replace(read_config({**cloud.env, "LAUNCHER_HOME": str(home)}), poll_seconds=0.5)
    keys = find_keys(cloud.env)
    settings = {
        "results_repo": cloud.results_repo,
        "nodes": 2,
        "max_hours": 0.3,
        **given,
    }
    async with open_workbench(config, keys) as bench:
        plan = await make_plan(bench, compose(None, settings), keys)
        assert not plan.errors
        seen_so_far = Watched(await launch(bench, plan, keys, watches=True))
        run = seen_so_far.run
        async with watched(bench, run), aclosing(watch(bench, run)) as observations:
            async for seen in observations:
                meanwhile(seen)
                match seen:
                    case LogSeen(text=text):
                        seen_so_far.lines.append(text)
                    case EventSeen(event=event) if isinstance(event.body, Ended):
                        seen_so_far.ended = event.body
                    case RunEnded(run=run):
                        seen_so_far.run = run
    return seen_so_far


@pytest.mark.slow
def test_a_command_on_two_nodes_meets_itself_and_the_first_alone_delivers(tmp_path: Path) -> None:
    program = tmp_path / "together.py"
    program.write_text(TOGETHER)
    words = (
        f"{sys.executable} -m torch.distributed.run --nnodes $NUM_NODES --node_rank $NODE_RANK "
        f"--nproc_per_node $NUM_TRAINERS --master_addr $MASTER_ADDR --master_port $MASTER_PORT {program}"
    )
    with demo_cloud(tmp_path) as cloud:
        seen = asyncio.run(
            lived(cloud, tmp_path / "home", {"recipe": "command", "argv": ["sh", "-c", words]})
        )
        assert cloud.runpod.world.live_pods() == []
        assert cloud.runpod.world.clusters == {}
        assert cloud.runpod.world.account.secrets == {}
        deletes = [
            (each.path.split("/")[2], each.key_kind, each.status)
            for each in cloud.runpod.requests
            if each.method == "DELETE" and "secrets" not in each.path
        ]
    assert seen.run.end_reason is EndReason.FINISHED, seen.lines
    assert any("together we are 3.0" in line for line in seen.lines)
    files = delivered(tmp_path)
    assert files["files/out/by-0.txt"] == b"3.0"
    assert "files/out/by-1.txt" not in files
    assert json.loads(files["run.json"])["attempt"] == 1
    # The first node tried it by itself; the launcher did it.
    assert ("clusters", "full", 204) in deletes
    assert {each[0] for each in deletes} == {"clusters"}


def of_a_voice(cloud: DemoCloud, **changes: Any) -> dict[str, Any]:
    """A small voice, trained for a few steps."""
    return {
        "dataset_repo": cloud.dataset_repo,
        "voice_name": "demo",
        "quality": "x-low",
        "batch_size": 2,
        "train_minutes": 0,
        "epochs": 10_000,
        "seed": 1,
        "cloud": "any",
        **changes,
    }


@pytest.mark.slow
def test_two_nodes_train_one_voice_and_deliver_it_once(tmp_path: Path) -> None:
    with demo_cloud(tmp_path) as cloud:
        settings = of_a_voice(cloud, max_steps=3)
        seen = asyncio.run(lived(cloud, tmp_path / "home", settings))
        assert cloud.runpod.world.live_pods() == []
        further = next(
            pod
            for pod in cloud.runpod.world.pods.values()
            if pod.membership and pod.membership.rank
        )
        disk = tmp_path / "pods" / further.id / "disk" / "run"
    assert seen.run.end_reason is EndReason.FINISHED, seen.lines
    assert seen.ended is not None
    assert seen.ended.steps == 3
    names = set(delivered(tmp_path))
    assert {each for each in names if each.endswith(".onnx")}
    assert len([each for each in names if each.endswith(".ckpt")]) == 1
    # The other learnt the same, and kept nothing of it.
    assert not [path for path in (disk / "out").rglob("*") if path.suffix in (".ckpt", ".onnx")]
    assert (disk / "out" / "log.txt").is_file()
    card = json.loads(delivered(tmp_path)["run.json"])
    assert card["settings"]["nodes"] == 2
    assert card["price_per_hour_usd"] == pytest.approx(seen.run.price_per_hour_usd)


@pytest.mark.slow
def test_when_a_node_dies_the_others_end_with_it_and_the_last_checkpoint_is_delivered(
    tmp_path: Path,
) -> None:
    with demo_cloud(tmp_path) as cloud:
        world = cloud.runpod.world

        def lose_the_second(seen: Observation) -> None:
            if isinstance(seen, EventSeen) and isinstance(seen.event.body, CheckpointWritten):
                for pod in world.live_pods():
                    if pod.membership and pod.membership.rank == 1:
                        world.kill_host(pod)

        settings = of_a_voice(cloud, max_steps=1_000, checkpoint_minutes=0.1)
        seen = asyncio.run(lived(cloud, tmp_path / "home", settings, lose_the_second))
        assert world.live_pods() == []
        assert world.clusters == {}
    assert seen.run.end_reason is EndReason.TRAINER_DIED, seen.lines
    names = set(delivered(tmp_path))
    assert [each for each in names if each.endswith(".ckpt")]
    assert [each for each in names if each.endswith(".onnx")]
    assert seen.run.not_delivered == 0


@pytest.mark.slow
def test_a_cluster_that_loses_its_first_node_is_released(tmp_path: Path) -> None:
    with demo_cloud(tmp_path) as cloud:
        world = cloud.runpod.world

        def lose_the_first(seen: Observation) -> None:
            if isinstance(seen, LogSeen) and "working" in seen.text:
                world.kill_host(world.live_pods()[0])

        argv = [sys.executable, "-c", "import time; print('working', flush=True); time.sleep(600)"]
        settings = {"recipe": "command", "argv": argv}
        seen = asyncio.run(lived(cloud, tmp_path / "home", settings, lose_the_first))
        assert world.live_pods() == []
        assert world.clusters == {}
    assert seen.run.end_reason is EndReason.LOST
