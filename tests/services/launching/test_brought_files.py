"""Files that go along with a run, from the plan to the pod's order: what is sent, and what never is."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from launcher.domain.plan import Plan
from launcher.emulator.runpod import Gateway, RunPodWorld
from launcher.errors import InvalidRequest
from launcher.hub.access import HubAccess
from launcher.services.launching.launch import launch
from launcher.services.launching.progress import Stage
from launcher.services.planning.compose import compose
from launcher.services.planning.plan import make_plan
from pod_image.contract.environment import RUN_VARIABLE, RunDocument
from pod_image.contract.findings import Severity
from pod_image.contract.record import KeptCheckpoint, RunRecord
from pod_image.hub import Repo, publish
from tests.kit.clouds import RESULTS_REPO
from tests.kit.virtual_time import StreamingTransport, in_virtual_time
from tests.services.harness import LauncherHarness, Lethal, killed

PRIVATE = "annas-secret-project"


class Recording(StreamingTransport):
    """The way to the cloud, which keeps what was said to it."""

    def __init__(self, world: RunPodWorld) -> None:
        super().__init__(Gateway(world, in_process=True))
        self.sent: list[bytes] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        said = f"{request.method} {request.url} {dict(request.headers)} ".encode()
        self.sent.append(said + await request.aread())
        return await super().handle_async_request(request)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of somebody's own, with a script, a folder and a list of packages."""
    folder = tmp_path / PRIVATE
    (folder / "code").mkdir(parents=True)
    (folder / "train.py").write_text("print(1)\n")
    (folder / "code" / "model.py").write_text("print(2)\n")
    (folder / "all.txt").write_text("-r more.txt\n")
    (folder / "more.txt").write_text("trl==1.0\n")
    monkeypatch.chdir(folder)
    return folder


def given(project: Path) -> dict[str, Any]:
    return {
        "recipe": "command",
        "argv": ["python", "train.py"],
        "results_repo": RESULTS_REPO,
        "bring": ["train.py", f"{project}/code:lib", "."],
        "requirements": f"{project}/all.txt",
    }


async def planned(
    harness: LauncherHarness, values: dict[str, Any], *, resume: bool = False
) -> Plan:
    return await make_plan(harness.bench, compose(None, values), harness.keys, resume=resume)


@pytest.mark.promise("secrets-local-names")
@in_virtual_time
async def test_no_name_of_this_computer_is_in_anything_that_leaves_it(
    tmp_path: Path, project: Path
) -> None:
    harness = LauncherHarness(tmp_path / "cloud")
    harness.transport = recording = Recording(harness.world)
    harness.bench = harness.open_bench()
    plan = await planned(harness, given(project))
    run = await launch(harness.bench, plan, harness.keys)
    document = harness.world.pods[run.pod_id].env[RUN_VARIABLE]
    settings = RunDocument.from_json(document).settings.model_dump(mode="json")
    assert settings["bring"] == ["train.py", "lib", "."]
    assert settings["requirements"] == ".requirements/all.txt"
    leaves = {
        "requests": b"".join(recording.sent),
        "document": document.encode(),
        "planned": json.dumps([asdict(request) for request in plan.requests]).encode(),
        "results repo": b"".join(
            f"{path.relative_to(tmp_path / 'cloud')}\n".encode() + path.read_bytes()
            for path in (tmp_path / "cloud" / "hub").rglob("*")
            if path.is_file()
        ),
    }
    assert b"train.py" in leaves["requests"]
    assert b"print(2)" in leaves["results repo"]
    for name, content in leaves.items():
        assert PRIVATE.encode() not in content, name
    assert PRIVATE in harness.bench.runs.get("run-01").settings_json, "so that it can be repeated"


@in_virtual_time
async def test_list_and_files_are_in_the_results_repo_before_a_pod_is_ordered(
    tmp_path: Path, project: Path
) -> None:
    harness = LauncherHarness(tmp_path / "cloud")
    plan = await planned(harness, {**given(project), "bring": ["train.py"]})
    seen: list[list[str]] = []

    def report(progress: Any) -> None:
        if progress.stage is Stage.RENTING:
            folder = tmp_path / "cloud" / "hub" / "models" / RESULTS_REPO
            seen.append(sorted(path.name for path in folder.rglob("*") if path.is_file()))

    run = await launch(harness.bench, plan, harness.keys, report)
    assert {"train.py", "list.json", "all.txt", "more.txt"} <= set(seen[0])
    sha256 = RunDocument.from_json(harness.world.pods[run.pod_id].env[RUN_VARIABLE]).brought_sha256
    assert sha256 == plan.brought.sha256
    results = harness.bench.results(RESULTS_REPO)
    listed = await results.brought(sha256)
    assert listed is not None
    assert [file.path for file in listed.files] == [
        ".requirements/all.txt",
        ".requirements/more.txt",
        "train.py",
    ]
    assert await results.run_ids() == [], "what was only brought is no run"


@in_virtual_time
async def test_runs_that_bring_the_same_share_it_without_another_commit(
    tmp_path: Path, project: Path
) -> None:
    harness = LauncherHarness(tmp_path / "cloud")
    results = harness.bench.results(RESULTS_REPO)
    plan = await planned(harness, given(project))
    await launch(harness.bench, plan, harness.keys)
    commit = await results.commit()
    again = await planned(harness, {**given(project), "run_id": "run-02"})
    await launch(harness.bench, again, harness.keys)
    assert await results.commit() == commit


@in_virtual_time
async def test_a_plan_with_a_refused_file_is_not_launched_and_sends_nothing(
    tmp_path: Path, project: Path
) -> None:
    (project / "train.py").write_text("TOKEN = 'hf_" + "a1B2" * 9 + "'\n")
    harness = LauncherHarness(tmp_path / "cloud")
    plan = await planned(harness, given(project))
    (error, *_) = plan.errors
    assert (error.code, error.setting) == ("brought_key", "bring")
    assert plan.brought.files == ()
    assert "a1B2" not in str(plan)


@in_virtual_time
async def test_a_pod_of_a_launch_that_was_cut_off_is_not_taken_for_other_files(
    tmp_path: Path, project: Path
) -> None:
    harness = LauncherHarness(tmp_path / "cloud")
    harness.script.armed_after = 30.0
    plan = await planned(harness, {**given(project), "run_id": "run-01"})
    (project / "train.py").write_text("print('changed')\n")
    changed = await planned(harness, {**given(project), "run_id": "run-01"})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tests.services.harness.plan", lambda: plan)
        await killed(harness, Lethal(Stage.RENTED))
    with pytest.raises(InvalidRequest, match="already has a pod"):
        await launch(harness.bench, changed, harness.keys)
    run = await launch(harness.bench, plan, harness.keys)
    assert run.attempt == 1


@in_virtual_time
async def test_a_run_that_is_continued_with_other_files_is_told_which(
    tmp_path: Path, project: Path
) -> None:
    harness = LauncherHarness(tmp_path / "cloud")
    before = await planned(harness, given(project))
    record = RunRecord(
        run_id="run-01",
        attempt=1,
        nonce="0123456789",
        state="ended",
        contract=2,
        recipe="command",
        settings={"recipe": "command", "argv": ["python", "train.py"]},
        brought_sha256=before.brought.sha256,
        checkpoint=KeptCheckpoint(step=5, paths=("checkpoints/a",)),
    )
    files: dict[str, Path | bytes] = {"run-01/run.json": record.to_json().encode()}
    publish(
        harness.hub, Repo(RESULTS_REPO, "model"), {**files, **before.brought.in_repo()}, "a run"
    )
    values = {**given(project), "run_id": "run-01"}
    same = await planned(harness, values, resume=True)
    assert not [found for found in same.findings if found.code == "brought_changed"]
    (project / "train.py").write_text("print('changed')\n")
    (project / "new.py").write_text("")
    values["requirements"] = ""
    (changed,) = [
        found
        for found in (await planned(harness, values, resume=True)).findings
        if found.code == "brought_changed"
    ]
    assert changed.severity is Severity.WARNING
    assert "changed: train.py; new: new.py; not sent now: .requirements/all.txt" in str(
        changed.message
    )


@in_virtual_time
async def test_a_plan_reads_the_files_where_blocking_work_is_done(
    tmp_path: Path, project: Path
) -> None:
    harness = LauncherHarness(tmp_path / "cloud")
    blocking: list[str] = []

    async def elsewhere(call: Any, *args: Any, **options: Any) -> Any:
        blocking.append(getattr(call, "__name__", ""))
        return call(*args, **options)

    hub = harness.bench.hub
    hub = HubAccess(hub.dataset, hub.upload, run_blocking=elsewhere)
    harness.bench = replace(harness.bench, hub=hub)
    plan = await planned(harness, given(project))
    assert "look_at_brought" in blocking
    assert len(plan.brought.files) == 7
