"""Results reach the repo: while training goes on, at the end, and when the Hub does not want them."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from launcher.emulator.hub.faults import Rule, refused
from launcher.emulator.hub.store import Commit, Repo, Tree
from launcher.emulator.hub.wire import Body
from pod_image.agent.hugging_face import HuggingFace
from pod_image.agent.ports import HubTrouble, Receipt, RunHub, T
from pod_image.agent.staging import stage
from pod_image.contract.delivered_note import delivered_in
from pod_image.contract.outcomes import EndReason
from pod_image.contract.paths import RunFolder
from tests.kit.clouds import CLIPS_REPO, HUB_URL, RESULTS_REPO, WRITE_TOKEN
from tests.kit.virtual_time import START, in_virtual_time, now_seconds
from tests.pod_image.agent.harness import (
    PRICE,
    TIMING,
    AgentHarness,
    Script,
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


@pytest.mark.promise("results-all")
@in_virtual_time
async def test_a_hub_that_is_away_at_the_end_is_waited_for_with_countdown_and_price(
    tmp_path: Path,
) -> None:
    harness = AgentHarness(tmp_path, training(steps=20))
    harness.rent()
    await harness.until("step", step=10)
    harness.core.faults.switch_on("down-for-hours")
    age_seconds = await harness.until_gone()
    held = [event for event in harness.events("heartbeat") if "an hour" in event.get("detail", "")]
    assert len(held) > 60
    assert f"${PRICE:.2f} an hour" in held[0]["detail"]
    assert 3 * 3_600 < age_seconds < 3.2 * 3_600
    assert harness.ended["reason"] == EndReason.FINISHED
    assert harness.ended["not_delivered"] == []
    assert "run-01/voice/demo.onnx" in harness.results()


@in_virtual_time
async def test_a_hub_that_stays_away_is_waited_for_up_to_the_cap_and_no_longer(
    tmp_path: Path,
) -> None:
    harness = AgentHarness(tmp_path, training(steps=20))
    harness.rent(harness.document(max_hours=1.0))
    await harness.until("step", step=10)
    harness.core.faults.switch_on("down-for-hours")
    assert 3_500 < await harness.until_gone() <= 3_600 + 15
    assert harness.ended["reason"] == EndReason.FINISHED
    assert set(harness.ended["not_delivered"]) == {
        "voice/demo.onnx",
        "voice/demo.onnx.json",
        "checkpoints/step-00000020.ckpt",
        "run.json",
        "events.jsonl",
        "log.txt",
    }


@in_virtual_time
async def test_a_token_that_lost_its_rights_is_held_for_as_a_person_may_mend_it(
    tmp_path: Path,
) -> None:
    harness = AgentHarness(tmp_path, training(steps=20))
    harness.rent()
    await harness.until("step", step=10)
    harness.core.faults.switch_on("commit-refused")  # for an hour
    age_seconds = await harness.until_gone()
    assert 3_600 < age_seconds < 3_600 + 900
    assert "run-01/voice/demo.onnx" in harness.results()
    (warning,) = [event for event in harness.events("warning") if event["code"] == "hub"]
    assert "403" in warning["message"]


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
async def test_the_quota_of_the_hub_is_waited_out(tmp_path: Path) -> None:
    harness = AgentHarness(tmp_path, training(steps=40))
    harness.rent()
    await harness.until("step", step=30)
    harness.core.faults.switch_on("commit-quota")
    age_seconds = await harness.until_gone()
    assert age_seconds < 3 * 3_600
    assert harness.ended["not_delivered"] == []


@in_virtual_time
async def test_a_run_with_nothing_to_lose_does_not_wait_for_the_hub(tmp_path: Path) -> None:
    async def script(stage: ScriptedStage) -> int:
        harness.core.faults.switch_on("down-for-hours")
        return 2

    harness = AgentHarness(tmp_path, script)
    harness.rent()
    assert await harness.until_gone() < 600
    assert harness.ended["reason"] == EndReason.FAILED
    assert harness.ended["not_delivered"] == ["run.json", "events.jsonl", "log.txt"]


def writing(*names: str, size_bytes: int = 2_000) -> Script:
    """A command that leaves these files."""

    async def script(stage: ScriptedStage) -> int:
        for number, name in enumerate(names):
            path = stage.out / "files" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(number.to_bytes(2, "big") * (size_bytes // 2))
        return 0

    return script


def rent_command(harness: AgentHarness, **settings: Any) -> None:
    harness.rent(
        harness.document(
            recipe="command", argv=["make"], outputs=["**"], dataset_repo="", **settings
        )
    )


SMALL_BATCHES = replace(TIMING, delivery_batch_bytes=1)
"""Batches grow by twos: the first eleven files of 2,000 bytes go alone, as the first large ones do."""


@pytest.mark.promise("results-all")
@in_virtual_time
async def test_twelve_batches_reach_a_healthy_hub(tmp_path: Path) -> None:
    names = [f"{number:02}.bin" for number in range(12)]
    harness = AgentHarness(tmp_path, writing(*names), SMALL_BATCHES)
    rent_command(harness)
    await harness.until_gone()
    assert {f"run-01/files/{name}" for name in names} <= set(harness.results())
    assert (harness.ended["delivered_count"], harness.ended["not_delivered_count"]) == (12, 0)
    assert harness.record().not_delivered == ()


@in_virtual_time
async def test_a_key_that_a_launcher_let_pass_is_published_nowhere(tmp_path: Path) -> None:
    canary = "c4n4ry0v4lu3"
    harness = AgentHarness(tmp_path, writing("a.bin"), SMALL_BATCHES)
    words = ["env", f"WANDB_API_KEY={canary}", "make", "--password", canary]
    harness.rent(harness.document(recipe="command", argv=words, outputs=["**"], dataset_repo=""))
    await harness.until_gone()
    assert {"run-01/run.json", "run-01/events.jsonl", "README.md"} <= set(harness.results())
    assert harness.record().settings["argv"] == [
        "env",
        "WANDB_API_KEY=***",
        "make",
        "--password",
        "***",
    ]
    published = {name: path.read_bytes() for name, path in harness.results().items()}
    assert not [name for name, content in published.items() if canary.encode() in content]


class PickyHub(HuggingFace):
    """A Hub that takes no commit with a file called bad."""

    trouble = HubTrouble("The Hub answered 400.", is_refusal=True, is_about_files=True)

    def publish(self, files: Mapping[str, Path | bytes], message: str, **more: Any) -> Receipt:
        if any(path.endswith("bad") for path in files):
            raise self.trouble
        return super().publish(files, message, **more)


@in_virtual_time
async def test_what_a_killed_command_left_behind_is_delivered_from_where_it_lies(
    tmp_path: Path,
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("only the agent may read this")

    async def script(stage: ScriptedStage) -> int:
        out = stage.spec.folder / "prepared" / "out"
        out.mkdir(parents=True)
        (out / "answer.txt").write_text("forty-two")
        collected = stage.out / "files" / "out" / "answer.txt"
        collected.parent.mkdir(parents=True)
        collected.write_text("an older answer")
        (out / "bad").write_text("refused")
        (out / "link.txt").symlink_to(secret)
        return -9

    harness = AgentHarness(tmp_path, script)
    harness.hub_class = PickyHub
    rent_command(harness)
    await harness.until_gone()
    results = harness.results()
    assert results["run-01/files/out/answer.txt"].read_text() == "forty-two"
    assert not [path for path in results if path.endswith("link.txt")]
    assert harness.ended["not_delivered"] == ["files/out/bad"]
    assert (harness.ended["delivered_count"], harness.ended["not_delivered_bytes"]) == (1, 7)


class SlowHub(HuggingFace):
    """A Hub that takes 15 seconds for each result."""

    def publish(self, files: Mapping[str, Path | bytes], message: str, **more: Any) -> Receipt:
        self.sleep(15.0 * sum("/files/" in path for path in files))
        return super().publish(files, message, **more)


class CardlessHub(PickyHub):
    """A Hub that takes no model card."""

    def publish(self, files: Mapping[str, Path | bytes], message: str, **more: Any) -> Receipt:
        if more.get("card") is not None:
            raise self.trouble
        return super().publish(files, message, **more)


@in_virtual_time
async def test_a_card_that_the_hub_refuses_costs_the_card_alone(tmp_path: Path) -> None:
    harness = AgentHarness(tmp_path, training(steps=20))
    harness.hub_class = CardlessHub
    harness.rent()
    await harness.until_gone()
    assert harness.record().state == "ended"
    assert harness.ended["not_delivered"] == []
    assert "README.md" not in harness.results()


class AilingHub(PickyHub):
    """A Hub that fails on that file again and again, without a word that it always will."""

    trouble = HubTrouble("The Hub answered 500.")


class BlindHub(PickyHub):
    """As when the library itself refuses a file, with an error of its own."""

    trouble = ValueError("not a file")  # type: ignore[assignment]  # another kind of trouble


@pytest.mark.parametrize("kind", [PickyHub, BlindHub])
@in_virtual_time
async def test_a_file_that_the_hub_never_takes_costs_neither_the_others_nor_the_time_to_the_cap(
    tmp_path: Path, kind: type[HuggingFace]
) -> None:
    harness = AgentHarness(tmp_path, writing("1", "2/bad", "3", "4"))
    harness.hub_class = kind
    rent_command(harness)
    assert await harness.until_gone() < 300
    assert {f"run-01/files/{name}" for name in "134"} <= set(harness.results())
    assert (
        harness.ended["not_delivered"]
        == list(harness.record().not_delivered or ())
        == ["files/2/bad"]
    )
    assert (harness.ended["not_delivered_count"], harness.ended["not_delivered_bytes"]) == (
        1,
        2_000,
    )
    (warning,) = [event for event in harness.events("warning") if event["code"] == "not_delivered"]
    assert warning["message"].startswith("files/2/bad is not delivered: ")


@in_virtual_time
async def test_a_file_that_fails_again_and_again_lets_the_others_pass(tmp_path: Path) -> None:
    harness = AgentHarness(tmp_path, writing("1/bad", "2", "3"), SMALL_BATCHES)
    harness.hub_class = AilingHub
    rent_command(harness, max_hours=1.0)
    await harness.until_gone()
    assert {"run-01/files/2", "run-01/files/3"} <= set(harness.results())
    assert harness.ended["not_delivered"] == ["files/1/bad"]


@in_virtual_time
async def test_a_file_that_the_hub_never_takes_does_not_hold_up_the_uploads_of_a_training(
    tmp_path: Path,
) -> None:
    whole = training(steps=100)

    async def script(stage: ScriptedStage) -> int:
        if stage.phase == "train":
            (stage.out / "samples" / "bad").write_bytes(b"RIFF")
        return await whole(stage)

    harness = AgentHarness(tmp_path, script)
    harness.hub_class = PickyHub
    harness.rent()
    await harness.until("step", step=45)
    assert "run-01/checkpoints/step-00000025.ckpt" in harness.results()
    await harness.until("step", step=95)
    assert "run-01/checkpoints/step-00000075.ckpt" in harness.results()
    await harness.until_gone()
    assert harness.ended["not_delivered"] == ["samples/bad"]


@in_virtual_time
async def test_names_that_the_hub_does_not_know_cost_their_own_file_alone(tmp_path: Path) -> None:
    strange = b"caf\xe9".decode("utf-8", "surrogateescape")
    harness = AgentHarness(tmp_path, writing("clone/.git/HEAD", ".cache/x", strange, "good"))
    rent_command(harness)
    assert await harness.until_gone() < 300
    assert "run-01/files/good" in harness.results()
    assert set(harness.ended["not_delivered"]) == {
        "files/.cache/x",
        "files/clone/.git/HEAD",
        "files/caf\\udce9",
    }
    said = [event["message"] for event in harness.events("warning")]
    assert "files/.cache/x is not delivered: the Hub takes no file or folder called .cache." in said
    assert "files/caf\\udce9 is not delivered: its name is not UTF-8." in said


@pytest.mark.promise("results-all")
@in_virtual_time
async def test_what_the_caps_cut_off_is_counted_and_named_in_the_repo_too(tmp_path: Path) -> None:
    names = [f"{number:02}.bin" for number in range(40)]
    harness = AgentHarness(tmp_path, writing(*names), SMALL_BATCHES)
    harness.hub_class = SlowHub
    rent_command(harness, max_hours=0.15)
    assert await harness.until_gone() < 0.15 * 3_600 + 15
    missing = harness.ended["not_delivered_count"]
    assert 1 <= missing < 40
    assert harness.ended["delivered_count"] == 40 - missing
    assert harness.ended["not_delivered"] == [f"files/{name}" for name in names[40 - missing :]]
    assert harness.record().state == "ended"
    assert harness.record().not_delivered == tuple(harness.ended["not_delivered"])
    assert harness.stored_events("ended")


@in_virtual_time
async def test_two_runs_that_end_together_are_both_on_the_card(tmp_path: Path) -> None:
    harness = AgentHarness(tmp_path, training(steps=20))
    first = harness.rent()
    second = harness.rent(harness.document(run_id="run-02", nonce="nonce2"))
    for pod in (first, second):
        harness.pod = pod
        await harness.until_gone()
    card = harness.results()["README.md"].read_text()
    assert "## run-01" in card
    assert "## run-02" in card
    assert harness.record("run-01").state == harness.record("run-02").state == "ended"


@in_virtual_time
async def test_a_link_that_a_command_left_is_not_followed(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("only the agent may read this")
    whole = training(steps=5)

    async def script(stage: ScriptedStage) -> int:
        if stage.phase == "export":
            (stage.out / "voice" / "stolen.onnx").symlink_to(secret)
            (stage.out / "samples" / "folder").symlink_to(tmp_path)
        return await whole(stage)

    harness = AgentHarness(tmp_path, script)
    harness.rent()
    await harness.until_gone()
    assert "run-01/voice/demo.onnx" in harness.results()
    assert not [path for path in harness.results() if "stolen" in path or "secret" in path]


@in_virtual_time
async def test_a_full_disk_silences_the_file_and_not_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    harness = AgentHarness(tmp_path, training(steps=20))
    harness.rent()
    await harness.until("step", step=5)
    events = harness.disk / "out" / "events.jsonl"
    events.unlink()
    events.mkdir()  # nothing can be written there any more
    await harness.until_gone()
    assert harness.ended["reason"] == EndReason.FINISHED
    assert "run-01/voice/demo.onnx" in harness.results()


async def _a_cap_while_the_hub_is_down_and_no_release_works(harness: AgentHarness) -> None:
    """Twenty minutes, of which the Hub is down in the last; then the cloud refuses the release for long."""
    harness.rent(harness.document(max_hours=0.5))
    await harness.until("step")
    await asyncio.sleep(1_500 - now_seconds() + START)
    harness.core.faults.switch_on("down")  # ten minutes: past the cap
    harness.world.faults.switch_on("rate-limited", seconds=30)
    await harness.until("ended")


@pytest.mark.promise("results-all")
@in_virtual_time
async def test_a_pod_that_cannot_be_released_delivers_what_the_hub_did_not_take_in_time(
    tmp_path: Path,
) -> None:
    harness = AgentHarness(tmp_path, training(steps=1_000, step_seconds=3))
    await _a_cap_while_the_hub_is_down_and_no_release_works(harness)
    assert "voice/demo.onnx" in harness.ended["not_delivered"]
    await asyncio.sleep(900)
    harness.world.faults.switch_off()
    await harness.until_gone(hours=1.0)
    first, last = harness.events("ended")
    assert last["not_delivered"] == []
    assert (last["reason"], last["steps"]) == (first["reason"], first["steps"])
    assert "run-01/voice/demo.onnx" in harness.results()
    assert harness.record().state == "ended"
    assert harness.stored_events()[-1] == last


@in_virtual_time
async def test_a_late_delivery_leaves_the_folder_of_a_later_attempt_alone(tmp_path: Path) -> None:
    harness = AgentHarness(tmp_path, training(steps=1_000, step_seconds=3))
    await _a_cap_while_the_hub_is_down_and_no_release_works(harness)
    harness.core.faults.clear()
    hub = harness.hub_of(RunHub(HUB_URL, CLIPS_REPO, RESULTS_REPO, WRITE_TOKEN, WRITE_TOKEN))
    later = harness.record().model_copy(update={"attempt": 2, "nonce": "another"}).to_json()
    hub.publish({"run-01/run.json": later.encode()}, "attempt 2")
    await asyncio.sleep(900)
    assert harness.record().nonce == "another"
    assert "run-01/voice/demo.onnx" not in harness.results()
    assert len(harness.events("ended")) == 1


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


@pytest.mark.promise("results-all")
@pytest.mark.parametrize("back_at", [3_200, 3_300, 3_400])
@in_virtual_time
async def test_a_hub_that_comes_back_shortly_before_the_caps_is_noticed(
    tmp_path: Path, back_at: float
) -> None:
    """After so long an outage tries are five minutes apart."""
    harness = AgentHarness(tmp_path, training(steps=20))
    harness.rent(harness.document(max_hours=1.0))
    await harness.until("step", step=10)
    away = refused(503, "Service Unavailable")
    harness.core.faults.add(Rule(r".*", 10**9, until=START + back_at, refusal=away))
    await harness.until_gone()
    assert harness.ended["not_delivered"] == []
    assert "run-01/voice/demo.onnx" in harness.results()
