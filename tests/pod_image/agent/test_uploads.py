"""Uploads while training goes on: one commit for each checkpoint, proved, and within what the Hub takes in an hour."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from launcher.emulator.hub.store import Commit, Repo, Tree
from launcher.emulator.hub.wire import Body
from pod_image.agent.ports import T
from pod_image.agent.staging import stage
from pod_image.contract.delivered_note import delivered_in
from pod_image.contract.outcomes import EndReason
from pod_image.contract.paths import RunFolder
from tests.kit.clouds import RESULTS_REPO
from tests.kit.virtual_time import START, in_virtual_time, now_seconds
from tests.pod_image.agent.harness import (
    AgentHarness,
    ScriptedStage,
    save,
    training,
)


def commits(harness: AgentHarness) -> int:
    """Commits that were asked for, refused ones included."""
    return sum("/commit/" in entry.path and entry.method == "POST" for entry in harness.core.log)


def spoil_commits(harness: AgentHarness, path: str, times: int) -> None:
    """Let the next commits with that path hold something else there, with a good answer all the same."""
    store, left = harness.core.store, [times]
    make, other = store.commit, store.blob(store.add_object(Body(b"something else")), is_lfs=True)

    def commit(repo: Repo, branch: str, tree: Tree, *rest: Any) -> Commit:
        if path in tree and left[0] > 0:
            left[0] -= 1
            tree = {**tree, path: other}
        return make(repo, branch, tree, *rest)

    store.commit = commit  # type: ignore[method-assign, assignment]  # on this one store


@pytest.mark.promise("results-while")
@in_virtual_time
async def test_checkpoints_are_in_the_repo_while_training_goes_on(tmp_path: Path) -> None:
    harness = AgentHarness(tmp_path, training(steps=100))
    harness.rent()
    await harness.until("checkpoint", step=25)
    await harness.until("step", step=28)
    assert "run-01/checkpoints/step-00000025.ckpt" in harness.results()
    assert harness.record().checkpoint is not None
    assert harness.record().state == "running"
    await harness.until_gone()


@in_virtual_time
async def test_the_recipe_is_told_which_of_its_checkpoints_the_repo_has(tmp_path: Path) -> None:
    harness = AgentHarness(tmp_path, training(steps=100))
    harness.rent()
    await harness.until("step", step=3)
    assert delivered_in(RunFolder(harness.disk)) == frozenset()
    await harness.until("checkpoint", step=25)
    await harness.until("step", step=28)
    assert delivered_in(RunFolder(harness.disk)) == frozenset({"checkpoints/step-00000025.ckpt"})
    await harness.until_gone()


@pytest.mark.promise("results-verified")
@in_virtual_time
async def test_every_receipt_of_an_upload_holds_at_its_commit(tmp_path: Path) -> None:
    harness = AgentHarness(tmp_path, training(steps=100))
    harness.rent()
    await harness.until_gone()
    repo = harness.core.store.repos[("model", RESULTS_REPO)]
    uploads = harness.events("upload")
    assert len(uploads) >= 5
    for upload in uploads:
        tree = repo.commits[upload["commit"]].tree
        for file in upload["files"]:
            content = harness.core.store.object_path(tree[file["path"]].sha256).read_bytes()
            assert len(content) == file["size_bytes"]
            assert hashlib.sha256(content).hexdigest() == file["sha256"]


@pytest.mark.promise("results-verified")
@in_virtual_time
async def test_a_commit_that_holds_other_content_is_noticed_and_made_again(tmp_path: Path) -> None:
    """The Hub answers "made", and what it lists is not what was sent."""
    harness = AgentHarness(tmp_path, training(steps=100))
    harness.rent()
    await harness.until("step", step=20)
    path = "run-01/checkpoints/step-00000025.ckpt"
    spoil_commits(harness, path, times=2)
    await harness.until("checkpoint", step=50)
    claims = [each for each in harness.events("upload") if path in str(each["files"])]
    (trouble,) = [event for event in harness.events("warning") if event["code"] == "hub"]
    assert "step-00000025.ckpt has another" in trouble["message"]
    assert trouble["seq"] < claims[0]["seq"]
    await harness.until_gone()
    for upload in harness.events("upload"):
        tree = harness.core.store.repos[("model", RESULTS_REPO)].commits[upload["commit"]].tree
        for file in upload["files"]:
            assert tree[file["path"]].sha256 == file["sha256"]


@in_virtual_time
async def test_a_checkpoint_is_one_commit(tmp_path: Path) -> None:
    harness = AgentHarness(tmp_path, training(steps=60, checkpoint_steps=25))
    harness.rent()
    await harness.until("step", step=24)
    before = commits(harness)
    await harness.until("step", step=30)
    assert commits(harness) == before + 1
    await harness.until_gone()


@pytest.mark.promise("results-while")
@in_virtual_time
async def test_many_checkpoints_stay_within_the_commits_of_an_hour(tmp_path: Path) -> None:
    harness = AgentHarness(tmp_path, training(steps=380, step_seconds=9, checkpoint_steps=2))
    harness.rent()
    await harness.until_gone()
    assert harness.ended["reason"] == EndReason.FINISHED
    assert commits(harness) < 60
    assert "run-01/checkpoints/step-00000380.ckpt" in harness.results()


@pytest.mark.promise("results-while")
@in_virtual_time
async def test_a_pod_with_a_share_of_the_account_keeps_to_it_and_checkpoints_come_first(
    tmp_path: Path,
) -> None:
    harness = AgentHarness(tmp_path, training(steps=120, step_seconds=27, checkpoint_steps=2))
    harness.rent(harness.document().model_copy(update={"commits_per_hour": 8}))
    await harness.until_gone()
    assert harness.ended["reason"] == EndReason.FINISHED
    assert commits(harness) <= 8
    names = [event["step"] for event in harness.events("checkpoint")]
    assert len(names) > 50
    assert "run-01/checkpoints/step-00000120.ckpt" in harness.results()
    assert now_seconds() - START < 1.1 * 3600  # the end did not wait for the next hour


@in_virtual_time
async def test_checkpoints_that_the_recipe_dropped_leave_the_repo_too(tmp_path: Path) -> None:
    async def script(stage: ScriptedStage) -> int:
        if stage.phase == "train":
            for step in (1, 2, 3):
                save(stage, step)
                await asyncio.sleep(60)
                if step > 1:
                    (stage.out / "checkpoints" / f"step-{step - 1:08d}.ckpt").unlink()
        return 0

    harness = AgentHarness(tmp_path, script)
    harness.rent()
    await harness.until_gone()
    kept = [path for path in harness.results() if "/checkpoints/" in path]
    assert kept == ["run-01/checkpoints/step-00000003.ckpt"]


@in_virtual_time
async def test_an_older_checkpoint_that_is_trimmed_on_disk_stays_whole_in_the_repo(
    tmp_path: Path,
) -> None:
    async def script(stage: ScriptedStage) -> int:
        if stage.phase == "train":
            save(stage, 1)
            await asyncio.sleep(60)
            (stage.out / "checkpoints" / "step-00000001.ckpt").write_bytes(b"trimmed")
            save(stage, 2)
            await asyncio.sleep(60)
        return 0

    harness = AgentHarness(tmp_path, script)
    harness.rent()
    await harness.until_gone()
    assert harness.results()["run-01/checkpoints/step-00000001.ckpt"].stat().st_size == 200


@in_virtual_time
async def test_a_hub_that_is_away_delays_uploads_and_not_the_training(tmp_path: Path) -> None:
    harness = AgentHarness(tmp_path, training(steps=360))
    harness.rent()
    await harness.until("step", step=20)
    harness.core.faults.switch_on("down")
    await harness.until_gone()
    assert harness.ended["reason"] == EndReason.FINISHED
    assert harness.ended["steps"] == 360
    assert [event for event in harness.events("warning") if event["code"] == "hub"]
    assert "run-01/checkpoints/step-00000025.ckpt" in harness.results()


@in_virtual_time
async def test_a_commit_whose_answer_was_lost_is_not_made_twice(tmp_path: Path) -> None:
    harness = AgentHarness(tmp_path, training(steps=40))
    harness.rent()
    await harness.until("step", step=20)
    harness.core.faults.switch_on("commit-reply-lost")
    await harness.until_gone()
    assert harness.ended["reason"] == EndReason.FINISHED
    assert "run-01/checkpoints/step-00000040.ckpt" in harness.results()


@in_virtual_time
async def test_files_are_frozen_beside_the_loop_so_that_the_agent_does_not_seem_to_hang(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    harness = AgentHarness(tmp_path, training(steps=20))
    blocking, beside = harness.run_blocking, list[bool]()
    is_beside = False

    async def counted(call: Callable[[], T]) -> T:
        def marked() -> T:
            nonlocal is_beside
            is_beside = True
            try:
                return call()
            finally:
                is_beside = False

        return await blocking(marked)

    def seen(*arguments: Any) -> Any:
        beside.append(is_beside)
        return stage(*arguments)

    harness.run_blocking = counted
    monkeypatch.setattr("pod_image.agent.uploads.stage", seen)
    harness.rent()
    await harness.until_gone()
    assert beside
    assert all(beside)


@pytest.mark.promise("results-all")
@pytest.mark.parametrize("path", ["checkpoints/step-00000025.ckpt", "voice/demo.onnx", "README.md"])
@in_virtual_time
async def test_a_results_repo_that_somebody_deletes_is_made_again_with_all_that_is_on_disk(
    tmp_path: Path, path: str
) -> None:
    """In training, at the end, and when only the last word and the card were still to go."""
    harness = AgentHarness(tmp_path, training(steps=60))
    store, left = harness.core.store, [1]
    make = store.commit

    def commit(repo: Repo, branch: str, tree: Tree, *rest: Any) -> Commit:
        made = make(repo, branch, tree, *rest)
        if left and any(each.endswith(path) for each in tree):
            left.clear()
            del store.repos[("model", RESULTS_REPO)]
        return made

    store.commit = commit  # type: ignore[method-assign, assignment]  # on this one store
    harness.rent()
    await harness.until_gone()
    assert left == []
    tree = store.repos[("model", RESULTS_REPO)].head.tree
    assert harness.ended["not_delivered"] == []
    assert {"run-01/voice/demo.onnx", "run-01/checkpoints/step-00000060.ckpt"} <= set(tree)
    assert harness.ended["delivered"] != []
    assert all(tree[file["path"]].sha256 == file["sha256"] for file in harness.ended["delivered"])
    assert harness.record().state == "ended"
