"""The whole way of what a run brings along, with real pods: a script runs and delivers, a tampered one never does."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from launcher.config import read_config
from launcher.demo.cloud import DemoCloud, demo_cloud
from launcher.domain.plan import Plan
from launcher.services.common.observations import RunEnded
from launcher.services.common.workbench import Workbench, open_workbench
from launcher.services.following.watch import watch
from launcher.services.launching.launch import launch
from launcher.services.launching.progress import Progress, Stage
from launcher.services.planning.compose import compose
from launcher.services.planning.plan import make_plan
from launcher.stores.secrets import Keys, find_keys
from pod_image.contract.brought import files_folder
from tests.kit.hub_access import hub_of

PRIVATE = "annas-secret-project"
SCRIPT = """
import pathlib, sys
sys.path.insert(0, "lib")
import model
words = pathlib.Path("words.sh").read_text() + pathlib.Path("sub/template.txt").read_text()
pathlib.Path("out").mkdir(exist_ok=True)
pathlib.Path("out/said.txt").write_text(model.say(words))
"""


@dataclass
class Ended:
    """A run that is over: why, and the plan it was of."""

    plan: Plan
    reason: str
    detail: str


def write(folder: Path) -> None:
    (folder / "code").mkdir(parents=True)
    (folder / "train.py").write_text(SCRIPT)
    (folder / "code" / "model.py").write_text("def say(words): return words.upper()\n")
    (folder / "words.sh").write_text("brought ")
    (folder / "template.txt").write_text("to ${OUT_DIR}")


def test_a_script_that_was_brought_runs_and_a_tampered_one_is_refused_and_its_pod_released(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / PRIVATE)
    monkeypatch.chdir(tmp_path / PRIVATE)
    with demo_cloud(tmp_path / "clouds") as cloud:
        done, refused = asyncio.run(both(cloud, tmp_path / "home"))
        assert not cloud.runpod.world.live_pods()
    assert done.reason == "finished"
    results = tmp_path / "clouds" / "hub" / "models" / cloud.results_repo
    said = (results / done.plan.run_id / "files" / "out" / "said.txt").read_text()
    assert said.startswith("BROUGHT TO /")
    assert said.endswith("/PREPARED/OUT")
    assert refused.reason == "failed"
    assert "train.py, sent with the run, is not the file in the plan" in refused.detail
    assert not (results / refused.plan.run_id / "files").exists()
    for path in results.rglob("*"):  # run.json, events and log of real agents among them
        assert not path.is_file() or PRIVATE.encode() not in path.read_bytes(), path


async def both(cloud: DemoCloud, home: Path) -> tuple[Ended, Ended]:
    config = replace(read_config({**cloud.env, "LAUNCHER_HOME": str(home)}), poll_seconds=1.0)
    keys = find_keys(cloud.env)
    async with open_workbench(config, keys) as bench:
        honest = await planned(bench, keys, cloud, "run-01", "train.py")
        tampered = await planned(
            bench, keys, cloud, "run-02", f"{Path.cwd()}/train.py:deep/train.py"
        )

        def tamper(progress: Progress) -> None:
            if progress.stage is Stage.RENTING:
                bad = SCRIPT.replace("said", "sent").encode()
                path = f"{files_folder(tampered.brought.sha256)}/deep/train.py"
                api = hub_of(cloud.hub).api
                api.upload_file(path_or_fileobj=bad, path_in_repo=path, repo_id=cloud.results_repo)

        return await asyncio.gather(
            lived(bench, honest, keys, lambda progress: None), lived(bench, tampered, keys, tamper)
        )


async def planned(bench: Workbench, keys: Keys, cloud: DemoCloud, run_id: str, script: str) -> Plan:
    given = {
        "recipe": "command",
        "argv": [sys.executable, script.rpartition(":")[2]],
        "bring": [script, "code:lib", "words.sh", "template.txt:sub/"],
        "templates": ["sub/*.txt"],
        "results_repo": cloud.results_repo,
        "run_id": run_id,
        "max_hours": 0.2,
    }
    return await make_plan(bench, compose(None, given), keys)


async def lived(
    bench: Workbench, plan: Plan, keys: Keys, report: Callable[[Progress], None]
) -> Ended:
    run = await launch(bench, plan, keys, report)
    async with aclosing(watch(bench, run)) as observations:
        async for seen in observations:
            if isinstance(seen, RunEnded):
                reason = seen.run.end_reason
                return Ended(plan, reason.value if reason else "", seen.run.detail)
    raise AssertionError("the run never ended")
