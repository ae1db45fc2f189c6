"""A person's exported file, from its plan to its model: on both stand-ins, by real processes, over a host's death.

A program of ours stands for OneTrainer: it behaves as its source says, and is none of it.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from launcher.config import read_config
from launcher.demo.cloud import DemoCloud, demo_cloud
from launcher.domain.plan import Plan
from launcher.domain.run import Run
from launcher.services.common.observations import RunEnded
from launcher.services.common.workbench import Workbench, open_workbench
from launcher.services.following.watch import watch
from launcher.services.launching.launch import launch
from launcher.services.planning.compose import compose
from launcher.services.planning.plan import make_plan
from launcher.stores.secrets import Keys, find_keys
from pod_image.contract.outcomes import EndReason
from tests.kit.hub_access import hub_of
from tests.pod_image.recipes.onetrainer.folders import installed
from tests.recipes.onetrainer.files import EXPORTED, changed

PATIENCE_SECONDS = 180.0
STEPS = 40 * 10
"""Forty epochs of the ten steps that our program makes of each."""


@dataclass
class Story:
    bench: Workbench
    keys: Keys
    cloud: DemoCloud
    given: dict[str, Any]
    home: Path

    async def plan(self, *, resume: bool = False) -> Plan:
        return await make_plan(self.bench, compose(None, self.given), self.keys, resume=resume)

    async def started(self, *, resume: bool = False) -> Run:
        return await launch(self.bench, await self.plan(resume=resume), self.keys)

    async def until(self, run: Run, holds: Callable[[set[str]], bool]) -> set[str]:
        for _ in range(int(PATIENCE_SECONDS * 2)):
            files = await self.bench.results(run.results_repo).files(run.run_id)
            if holds(paths := {each.path for each in files}):
                return paths
            await asyncio.sleep(0.5)
        raise AssertionError(f"it never came: {sorted(paths)}")

    async def ended(self, run: Run) -> Run:
        async with aclosing(watch(self.bench, run)) as observations:
            async for seen in observations:
                if isinstance(seen, RunEnded):
                    return seen.run
        raise AssertionError("it did not end")

    def result(self, name: str) -> bytes:
        repo = self.cloud.results_repo
        return Path(
            hub_of(self.cloud.hub, "read").api.hf_hub_download(
                repo, f"run-01/{name}", local_dir=self.home / "fetched", force_download=True
            )
        ).read_bytes()


def push(cloud: DemoCloud) -> None:
    api = hub_of(cloud.hub).api
    api.create_repo("demo/pictures", repo_type="dataset")
    pictures = {"cats/1.jpg": b"\xff\xd8", "cats/prompts.txt": b"a cat", "dogs/1.jpg": b"\xff\xd8"}
    for path, content in pictures.items():
        api.upload_file(
            path_or_fileobj=content,
            path_in_repo=path,
            repo_id="demo/pictures",
            repo_type="dataset",
        )
    api.create_repo("demo/base")
    api.upload_file(path_or_fileobj=b"{}", path_in_repo="model_index.json", repo_id="demo/base")


def test_a_host_dies_and_the_next_pod_goes_on_to_the_model(tmp_path: Path) -> None:
    home = installed(tmp_path / "image" / "OneTrainer")
    (home / "scripts" / "step_seconds").write_text("0.05")
    file = tmp_path / "Jürgen's train.json"
    file.write_text(json.dumps(changed(epochs=STEPS // 10, save_every=2)))
    with demo_cloud(tmp_path) as cloud:
        push(cloud)
        asyncio.run(_story(cloud, tmp_path, home, file))


async def _story(cloud: DemoCloud, folder: Path, home: Path, file: Path) -> None:
    config = replace(
        read_config({**cloud.env, "LAUNCHER_HOME": str(folder / "home")}), poll_seconds=1.0
    )
    keys = find_keys(cloud.env)
    given = {
        "recipe": "onetrainer",
        "trainer_config": str(file),
        "dataset_repo": "demo/pictures",
        "base_model": "demo/base",
        "results_repo": cloud.results_repo,
        "run_id": "run-01",
        "onetrainer_folder": str(home),
        "checkpoint_minutes": 0.1,
        "max_hours": 0.2,
    }
    async with open_workbench(config, keys) as bench:
        story = Story(bench, keys, cloud, given, folder)
        codes = {one.code for one in (await story.plan()).findings}
        assert {"concepts_placed", "configuration_changed"} <= codes
        first = await story.started()
        await story.until(first, _has_checkpoint)
        (pod,) = cloud.runpod.world.live_pods()
        disk = folder / "pods" / pod.id / "disk" / "run" / "prepared" / "out" / "ws" / "save"
        await story.until(first, lambda paths: _saves(paths) > len(list(disk.iterdir())) > 1)
        cloud.runpod.world.kill_host(pod)
        (home / "scripts" / "step_seconds").write_text("0.001")
        last = await story.ended(await story.started(resume=True))
        assert last.end_reason is EndReason.FINISHED
        files = await bench.results(cloud.results_repo).files("run-01")
    paths = sorted(each.path.removeprefix("run-01/") for each in files)
    model = json.loads(story.result("files/out/model/cats-and-dogs.safetensors"))
    assert model == {"steps": STEPS, "optimizer_steps": STEPS}
    assert any(path.startswith("files/out/ws/samples/0 - a cat, café/") for path in paths)
    events = [json.loads(line) for line in story.result("events.jsonl").splitlines()]
    resumed = [one for one in events if one["event"] == "checkpoint"]
    assert resumed[-1]["step"] == STEPS
    assert "Continuing training from backup" in story.result("log.txt").decode()
    (ran, *_) = [path for path in paths if path.startswith("files/out/ws/config/")]
    _check_no_name_of_the_computer(story.result(ran).decode())


def _saves(paths: set[str]) -> int:
    """In the repo: there is one that is not on the pod's disk any more."""
    return sum("/out/ws/save/" in path for path in paths)


def _has_checkpoint(paths: set[str]) -> bool:
    return any("/checkpoints/step-" in path and path.endswith("args.json") for path in paths)


def _check_no_name_of_the_computer(text: str) -> None:
    told = json.loads(text)
    assert (
        told["base_model_name"].endswith("/prepared/in/0")
        or "/prepared/" in told["base_model_name"]
    )
    for name in ("Jürgen", "Möhre", "C:", "D:"):
        assert name not in json.dumps(told, ensure_ascii=False)
    assert told["epochs"] == EXPORTED["epochs"] * 20


pytestmark = pytest.mark.slow
