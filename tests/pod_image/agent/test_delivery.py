"""Results reach the repo at the end: what the Hub took late, what was left lying, and what there was no time for."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from launcher.emulator.hub.faults import Rule, refused
from pod_image.agent.hugging_face import HuggingFace
from pod_image.agent.ports import Receipt, RunHub
from pod_image.contract.outcomes import EndReason
from tests.kit.clouds import CLIPS_REPO, HUB_URL, RESULTS_REPO, WRITE_TOKEN
from tests.kit.virtual_time import START, in_virtual_time, now_seconds
from tests.pod_image.agent.command_runs import SMALL_BATCHES, PickyHub, rent_command, writing
from tests.pod_image.agent.harness import (
    PRICE,
    AgentHarness,
    ScriptedStage,
    training,
)


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
