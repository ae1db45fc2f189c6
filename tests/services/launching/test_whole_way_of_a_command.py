"""A command with a gated model and a secret, the whole way: planned, launched, run as real processes, watched, gone."""

from __future__ import annotations

import asyncio
import json
import sys
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from pydantic import SecretStr

from launcher.config import read_config
from launcher.demo.cloud import DemoCloud, demo_cloud
from launcher.domain.run import Run
from launcher.services.common.observations import EventSeen, LogSeen, RunEnded
from launcher.services.common.workbench import open_workbench
from launcher.services.following.watch import watch
from launcher.services.launching.launch import launch
from launcher.services.planning.compose import compose
from launcher.services.planning.plan import make_plan
from launcher.stores.secrets import find_keys, find_named
from pod_image.contract.outcomes import EndReason
from pod_image.hub import Hub
from tests.kit.gated_models import GATED_MODEL, WEIGHTS, put_gated_model
from tests.kit.recorded_requests import RecordedNetwork

NAME, VALUE = "WANDB_API_KEY", "wandb-0123456789-abc"
PROGRAM = """
import json, os, pathlib
key = os.environ["WANDB_API_KEY"]
print("logging in with", key, flush=True)
model = pathlib.Path(os.environ["INPUT_0"])
report = {
    "model": (model / "weights" / "model.bin").stat().st_size,
    "keys": [name for name in os.environ if "TOKEN" in name or "SECRET" in name or name.endswith("_KEY")],
    "letters": len(key),
}
pathlib.Path("out/report.json").write_text(json.dumps(report))
pathlib.Path("out/login.txt").write_text(f"machine api.example login {key}")
"""


@dataclass
class Watched:
    run: Run
    lines: list[str] = field(default_factory=list)
    events: list[str] = field(default_factory=list)


@pytest.mark.promise("secrets-nowhere")
@pytest.mark.promise("secrets-definition")
@pytest.mark.slow
def test_a_gated_model_and_a_secret_reach_a_command_and_nothing_of_them_comes_out(
    tmp_path: Path,
) -> None:
    with demo_cloud(tmp_path) as cloud:
        hub = Hub(SecretStr(cloud.hub.tokens["write"]), endpoint=cloud.hub.url)
        commit = put_gated_model(cloud.hub.core, hub, "demo")
        recorded = RecordedNetwork()
        seen = asyncio.run(_watched(cloud, tmp_path / "home", recorded))
        assert cloud.runpod.world.live_pods() == []
        assert cloud.runpod.world.account.secrets == {}
    assert seen.run.end_reason is EndReason.FINISHED
    assert any("logging in with ***" in line for line in seen.lines)
    assert recorded.paths_with(VALUE) == ["/v2/account/secrets"]
    results = {
        path.relative_to(tmp_path / "hub").as_posix(): path.read_bytes()
        for path in (tmp_path / "hub" / "models" / "demo").rglob("*")
        if path.is_file()
    }
    (report,) = [content for path, content in results.items() if path.endswith("report.json")]
    assert json.loads(report) == {
        "model": len(WEIGHTS["weights/model.bin"]),
        "keys": [NAME],
        "letters": len(VALUE),
    }
    (login,) = [content for path, content in results.items() if path.endswith("login.txt")]
    assert login == b"machine api.example login " + b"*" * len(VALUE)
    (record,) = [content for path, content in results.items() if path.endswith("run.json")]
    assert json.loads(record)["settings"]["input"] == [f"{GATED_MODEL}@{commit}"]
    assert json.loads(record)["settings"]["secret"] == [NAME]
    stored = b"\n".join(results.values())
    assert VALUE.encode() not in stored
    assert VALUE not in "\n".join([*seen.lines, *seen.events])
    home = [path.read_bytes() for path in (tmp_path / "home").rglob("*") if path.is_file()]
    assert home
    assert not [content for content in home if VALUE.encode() in content]


async def _watched(cloud: DemoCloud, home: Path, recorded: RecordedNetwork) -> Watched:
    config = replace(read_config({**cloud.env, "LAUNCHER_HOME": str(home)}), poll_seconds=1.0)
    keys = find_named(find_keys(cloud.env), [NAME], {NAME: VALUE})
    given = {
        "recipe": "command",
        "argv": [sys.executable, "-c", PROGRAM],
        "results_repo": cloud.results_repo,
        "input": [GATED_MODEL],
        "secret": [NAME],
        "max_hours": 0.2,
    }
    async with open_workbench(config, keys, transport=recorded) as bench:
        plan = await make_plan(bench, compose(None, given), keys)
        watched = Watched(await launch(bench, plan, keys))
        async with aclosing(watch(bench, watched.run)) as observations:
            async for seen in observations:
                match seen:
                    case LogSeen(text=text):
                        watched.lines.append(text)
                    case EventSeen(event=event):
                        watched.events.append(repr(event))
                    case RunEnded(run=run):
                        watched.run = run
    return watched
