"""Instructions into the pod: by the spool folder that exec fills, and by numbered files in the results repo."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from launcher.emulator.hub.faults import COMMIT, Rule
from pod_image import control
from pod_image.contract.outcomes import EndReason
from tests.kit.virtual_time import in_virtual_time
from tests.pod_image.agent.harness import (
    AgentHarness,
    ScriptedStage,
    put_numbered,
    training,
)


def receipts(harness: AgentHarness, command_id: str) -> list[str]:
    return [event["state"] for event in harness.events("command") if event["id"] == command_id]


def drop(harness: AgentHarness, *arguments: str) -> None:
    assert control.main(list(arguments), folder=harness.disk) == 0


@in_virtual_time
async def test_stop_ends_training_within_two_steps_and_keeps_everything(tmp_path: Path) -> None:
    harness = AgentHarness(tmp_path, training(steps=10_000))
    harness.rent()
    await harness.until("step", step=30)
    drop(harness, "stop", "--id", "my-stop")
    await harness.until_gone()
    assert harness.ended["reason"] == EndReason.STOPPED
    assert 30 <= harness.ended["steps"] <= 33
    assert receipts(harness, "my-stop") == ["received", "done"]
    assert "run-01/voice/demo.onnx" in harness.results()


@pytest.mark.promise("results-commands")
@in_virtual_time
async def test_stop_is_done_only_when_training_has_ended(tmp_path: Path) -> None:
    harness = AgentHarness(tmp_path, training(steps=10_000, step_seconds=50))
    harness.rent()
    await harness.until("step", step=2)
    drop(harness, "stop", "--id", "my-stop")
    await harness.until("command", id="my-stop", state="received")
    assert receipts(harness, "my-stop") == ["received"]
    done = await harness.until("command", id="my-stop", state="done")
    last_step = harness.events("step")[-1]
    assert last_step["seq"] < done["seq"]
    await harness.until_gone()


@in_virtual_time
async def test_a_trainer_that_does_not_listen_to_stop_is_ended(tmp_path: Path) -> None:
    async def script(stage: ScriptedStage) -> int:
        if stage.phase == "train":
            stage.emit("step", step=1, losses={"mel": 1.0})
            await asyncio.sleep(1e9)
        return 0

    harness = AgentHarness(tmp_path, script)
    harness.rent()
    await harness.until("step", step=1)
    drop(harness, "stop", "--id", "my-stop")
    assert await harness.until_gone() < 300
    assert harness.ended["reason"] == EndReason.STOPPED


@in_virtual_time
async def test_stop_while_clips_are_prepared_ends_the_run_at_once(tmp_path: Path) -> None:
    async def script(stage: ScriptedStage) -> int:
        await asyncio.sleep(1_000)
        return 0

    harness = AgentHarness(tmp_path, script)
    harness.rent()
    await harness.until("phase", phase="prepare", state="started")
    drop(harness, "stop", "--id", "my-stop")
    assert await harness.until_gone() < 60
    assert harness.ended["reason"] == EndReason.STOPPED
    assert receipts(harness, "my-stop") == ["received", "done"]


@in_virtual_time
async def test_save_is_done_when_the_checkpoint_is_in_the_repo(tmp_path: Path) -> None:
    harness = AgentHarness(tmp_path, training(steps=100, checkpoint_steps=10**9))
    harness.rent()
    await harness.until("step", step=30)
    drop(harness, "save", "--id", "my-save")
    await harness.until("command", id="my-save", state="done")
    assert [path for path in harness.results() if "/checkpoints/" in path]
    assert receipts(harness, "my-save") == ["received", "done"]
    await harness.until_gone()


@in_virtual_time
async def test_save_names_the_step_that_is_in_the_repo_and_not_how_far_training_has_gone_on(
    tmp_path: Path,
) -> None:
    harness = AgentHarness(tmp_path, training(steps=120, checkpoint_steps=10**9))
    harness.rent()
    await harness.until("step", step=30)
    harness.core.faults.switch_on("down")
    drop(harness, "save", "--id", "my-save")
    saved = (await harness.until("checkpoint"))["step"]
    await harness.until("step", step=60)
    done = await harness.until("command", id="my-save", state="done")
    assert saved < 60
    assert done["detail"] == f"step {saved} is in the results repo"
    await harness.until_gone()


@in_virtual_time
async def test_a_save_whose_checkpoint_was_dropped_before_its_upload_names_the_newer_one(
    tmp_path: Path,
) -> None:
    harness = AgentHarness(tmp_path, training(steps=160, checkpoint_steps=50))
    harness.rent()
    await harness.until("step", step=30)
    harness.core.faults.switch_on("down")
    drop(harness, "save", "--id", "my-save")
    saved = await harness.until("checkpoint")
    await harness.until("checkpoint", step=50)
    (harness.disk / "out" / saved["path"]).unlink()
    done = await harness.until("command", id="my-save", state="done")
    named = int(done["detail"].split()[1])
    assert named > saved["step"]
    assert f"run-01/checkpoints/step-{named:08}.ckpt" in harness.results()
    await harness.until_gone()
    assert done["seq"] < harness.events("step")[-1]["seq"]


@in_virtual_time
async def test_a_save_without_a_checkpoint_is_done_when_what_it_collected_is_in_the_repo(
    tmp_path: Path,
) -> None:
    """As the recipe for any command does it. The upload that was under way at that time does not count."""

    async def script(stage: ScriptedStage) -> int:
        if stage.phase != "train":
            return 0
        for step in range(1, 40):
            await asyncio.sleep(10.0)
            stage.emit("step", step=step, losses={})
            while not stage.commands.empty():
                command_id = stage.commands.get_nowait()["id"]
                (stage.out / "samples" / f"{command_id}.wav").write_bytes(b"half")
                done = {"state": "done", "detail": "1 files"}
                stage.emit("command", id=command_id, command="save", **done)
        return 0

    harness = AgentHarness(tmp_path, script)
    harness.rent()
    await harness.until("step", step=3)
    harness.core.faults.add(Rule(COMMIT, delay_seconds=50.0))
    drop(harness, "save", "--id", "first")
    await harness.until("command", id="first", state="received")
    await harness.until("step", step=5)
    drop(harness, "save", "--id", "second")
    done = await harness.until("command", id="second", state="done")
    uploads = [event for event in harness.events("upload") if event["seq"] < done["seq"]]
    files = [file["path"] for event in uploads for file in event["files"]]
    assert "run-01/samples/second.wav" in files
    assert done["detail"] == "in the results repo: 1 files"
    assert harness.events("step")[-1]["step"] < 39
    await harness.until_gone()


@in_virtual_time
async def test_save_is_not_done_while_the_hub_is_away(tmp_path: Path) -> None:
    harness = AgentHarness(tmp_path, training(steps=300, checkpoint_steps=10**9))
    harness.rent()
    await harness.until("step", step=30)
    harness.core.faults.switch_on("down")
    drop(harness, "save", "--id", "my-save")
    await harness.until("step", step=60)
    assert receipts(harness, "my-save") == ["received"]
    await harness.until("command", id="my-save", state="done")
    await harness.until_gone()


@in_virtual_time
async def test_save_is_not_done_by_the_upload_of_an_earlier_checkpoint(tmp_path: Path) -> None:
    harness = AgentHarness(tmp_path, training(steps=27, step_seconds=200.0, checkpoint_steps=25))
    harness.rent()
    await harness.until("step", step=24)
    harness.core.faults.switch_on("down")
    await harness.until("checkpoint", step=25)
    drop(harness, "save", "--id", "my-save")
    await harness.until("command", id="my-save", state="received")
    harness.core.faults.clear()
    uploaded = await harness.until("upload")
    asked = await harness.until("checkpoint", step=26)
    done = await harness.until("command", id="my-save", state="done")
    assert uploaded["seq"] < asked["seq"] < done["seq"]
    assert "run-01/checkpoints/step-00000026.ckpt" in harness.results()
    await harness.until_gone()


@pytest.mark.promise("results-commands")
@in_virtual_time
async def test_save_is_not_done_by_an_upload_that_was_under_way(tmp_path: Path) -> None:
    harness = AgentHarness(tmp_path, training(steps=60, step_seconds=10.0, checkpoint_steps=25))
    harness.rent()
    await harness.until("step", step=24)
    harness.core.faults.add(Rule(COMMIT, delay_seconds=70.0))
    await harness.until("checkpoint", step=25)
    drop(harness, "save", "--id", "my-save")
    saved = await harness.until("checkpoint", step=26)
    done = await harness.until("command", id="my-save", state="done")
    uploads = [event for event in harness.events("upload") if saved["seq"] < event["seq"]]
    assert "run-01/checkpoints/step-00000025.ckpt" in [one["path"] for one in uploads[0]["files"]]
    assert "run-01/checkpoints/step-00000026.ckpt" in [one["path"] for one in uploads[1]["files"]]
    assert uploads[1]["seq"] < done["seq"]
    await harness.until_gone()


@in_virtual_time
async def test_sample_is_done_when_it_can_be_heard_from_the_repo(tmp_path: Path) -> None:
    harness = AgentHarness(tmp_path, training(steps=300, checkpoint_steps=10**9))
    harness.rent()
    await harness.until("step", step=30)
    harness.core.faults.switch_on("down")
    drop(harness, "sample", "--id", "my-sample", "--text", "Good evening.")
    await harness.until("sample")
    await harness.until("step", step=60)
    assert receipts(harness, "my-sample") == ["received"]
    harness.core.faults.clear()
    done = await harness.until("command", id="my-sample", state="done")
    assert done["detail"] == "samples/asked.wav"
    assert "run-01/samples/asked.wav" in harness.results()
    uploads = [e for e in harness.events("upload") if e["seq"] < done["seq"]]
    files = [file["path"] for event in uploads for file in event["files"]]
    assert "run-01/samples/asked.wav" in files
    await harness.until_gone()


@in_virtual_time
async def test_many_samples_do_not_hold_up_a_checkpoint(tmp_path: Path) -> None:
    """Samples use half an hour's commits at most; one that waits for the next hour lets a checkpoint by."""
    harness = AgentHarness(tmp_path, training(steps=250, checkpoint_steps=200))
    harness.rent()
    for number in range(30):
        await harness.until("step", step=2 + 5 * number)
        drop(harness, "sample", "--id", f"s{number}", "--text", "Hm.")
    await harness.until("step", step=190)
    assert receipts(harness, "s29") == ["received"]
    await harness.until("checkpoint", step=200)
    await harness.until("step", step=203)
    assert "run-01/checkpoints/step-00000200.ckpt" in harness.results()
    await harness.until_gone()
    assert all(receipts(harness, f"s{number}") == ["received", "done"] for number in range(30))


@in_virtual_time
async def test_sample_is_said_by_the_trainer(tmp_path: Path) -> None:
    harness = AgentHarness(tmp_path, training(steps=100))
    harness.rent()
    await harness.until("step", step=30)
    drop(harness, "sample", "--id", "my-sample", "--text", "Good evening.")
    await harness.until("command", id="my-sample", state="done")
    (sample,) = harness.events("sample")
    assert sample["text"] == "Good evening."
    await harness.until_gone()
    assert "run-01/samples/asked.wav" in harness.results()


@in_virtual_time
async def test_save_and_sample_are_refused_when_nothing_trains(tmp_path: Path) -> None:
    harness = AgentHarness(tmp_path, training(steps=10))
    harness.rent()
    await harness.until("phase", phase="prepare", state="started")
    drop(harness, "save", "--id", "my-save")
    drop(harness, "sample", "--id", "my-sample", "--text", "Hello.")
    await harness.until_gone()
    assert receipts(harness, "my-save") == ["received", "refused"]
    assert receipts(harness, "my-sample") == ["received", "refused"]


@in_virtual_time
async def test_abort_releases_at_once(tmp_path: Path) -> None:
    harness = AgentHarness(tmp_path, training(steps=10_000))
    harness.rent()
    await harness.until("step", step=30)
    before = harness.loop.time()
    drop(harness, "abort", "--id", "my-abort")
    await harness.until_gone()
    assert harness.loop.time() - before < 20
    assert harness.ended["reason"] == EndReason.ABORTED
    assert receipts(harness, "my-abort") == ["received", "done"]
    assert "run-01/voice/demo.onnx" not in harness.results()


@in_virtual_time
async def test_abort_releases_at_once_also_while_the_hub_is_waited_for(tmp_path: Path) -> None:
    harness = AgentHarness(tmp_path, training(steps=20))
    harness.rent()
    await harness.until("step", step=10)
    harness.core.faults.switch_on("down-for-hours")
    await harness.until("phase", phase="deliver", state="started")
    await asyncio.sleep(600)
    before = harness.loop.time()
    drop(harness, "abort")
    await harness.until_gone()
    assert harness.loop.time() - before < 120  # one call that is under way comes to its end
    assert harness.ended["reason"] == EndReason.ABORTED


@in_virtual_time
async def test_numbered_files_do_what_exec_does(tmp_path: Path) -> None:
    harness = AgentHarness(tmp_path, training(steps=10_000))
    harness.rent()
    await harness.until("step", step=30)
    put_numbered(harness, 1, id="one", command="save")
    await harness.until("command", id="one", state="done")
    put_numbered(harness, 2, id="two", command="stop")
    await harness.until_gone()
    assert harness.ended["reason"] == EndReason.STOPPED
    assert receipts(harness, "two") == ["received", "done"]
    assert harness.record().commands_taken == 2


@in_virtual_time
async def test_a_numbered_command_is_not_repeated_after_a_restart(tmp_path: Path) -> None:
    harness = AgentHarness(tmp_path, training(steps=200, checkpoint_steps=10))
    harness.rent()
    await harness.until("step", step=15)
    put_numbered(harness, 1, id="one", command="save")
    await harness.until("command", id="one", state="done")
    harness.containers[-1].kill()
    await harness.until_gone()
    assert receipts(harness, "one") == ["received", "done"]


# --- whose instruction it is


@pytest.mark.promise("results-commands")
@in_virtual_time
async def test_a_stop_that_was_left_for_a_dead_pod_does_not_end_the_run_that_goes_on(
    tmp_path: Path,
) -> None:
    harness = AgentHarness(tmp_path, training(steps=100))
    pod = harness.rent()
    await harness.until("checkpoint", step=50)
    await harness.until("upload")
    harness.world.kill_host(harness.world.pods[pod.id])
    put_numbered(harness, 1, id="late", command="stop", nonce="nonce1")
    put_numbered(harness, 2, id="older", command="stop")
    harness.lines.clear()
    harness.said.clear()
    harness.rent(harness.document(attempt=2, nonce="nonce2", resume=True))
    refused = await harness.until("command", id="late")
    assert (refused["state"], "another attempt" in refused["detail"]) == ("refused", True)
    unaddressed = await harness.until("command", id="older")
    assert unaddressed["state"] == "refused"
    assert "before this attempt began" in unaddressed["detail"]
    await harness.until_gone()
    assert (harness.ended["reason"], harness.ended["steps"]) == (EndReason.FINISHED, 100)


@pytest.mark.parametrize("nonce", ["nonce2", ""], ids=["its own", "of an older launcher"])
def test_a_resumed_run_takes_what_is_left_for_it(tmp_path: Path, nonce: str) -> None:
    @in_virtual_time
    async def check() -> None:
        harness = AgentHarness(tmp_path, training(steps=100))
        harness.rent(harness.document(max_hours=0.2))
        await harness.until_gone()
        put_numbered(harness, 1, id="late", command="stop", nonce="nonce1")
        harness.lines.clear()
        harness.said.clear()
        document = harness.document(attempt=2, nonce="nonce2", resume=True, max_hours=1.0)
        harness.rent(document)
        await harness.until("command", id="late", state="refused")
        put_numbered(harness, 2, id="mine", command="stop", nonce=nonce)
        await harness.until_gone()
        assert harness.ended["reason"] == EndReason.STOPPED
        assert receipts(harness, "mine") == ["received", "done"]

    check()


@in_virtual_time
async def test_the_first_attempt_takes_a_numbered_file_that_says_no_attempt_at_its_first_look(
    tmp_path: Path,
) -> None:
    harness = AgentHarness(tmp_path, training(steps=10_000))
    harness.rent()
    await harness.until("phase", phase="fetch", state="started")
    put_numbered(harness, 1, id="early", command="stop")
    await harness.until_gone()
    assert harness.ended["reason"] == EndReason.STOPPED


@in_virtual_time
async def test_exec_holds_to_the_attempt_too(tmp_path: Path) -> None:
    harness = AgentHarness(tmp_path, training(steps=60))
    harness.rent()
    await harness.until("step", step=5)
    drop(harness, "stop", "--id", "other", "--attempt", "nonce9")
    refused = await harness.until("command", id="other")
    assert refused["state"] == "refused"
    drop(harness, "save", "--id", "mine", "--attempt", "nonce1")
    await harness.until("command", id="mine", state="done")
    await harness.until_gone()
    assert harness.ended["reason"] == EndReason.FINISHED


@in_virtual_time
async def test_what_an_attempt_has_taken_the_next_one_does_not_take_again(tmp_path: Path) -> None:
    harness = AgentHarness(tmp_path, training(steps=100))
    harness.rent(harness.document(max_hours=0.25))
    await harness.until("step", step=30)
    put_numbered(harness, 1, id="one", command="save")
    await harness.until("command", id="one", state="done")
    await harness.until_gone()
    harness.lines.clear()
    harness.said.clear()
    harness.rent(harness.document(attempt=2, nonce="nonce2", resume=True))
    await harness.until_gone()
    assert harness.events("command") == []


@in_virtual_time
async def test_a_command_that_comes_both_ways_is_carried_out_once(tmp_path: Path) -> None:
    harness = AgentHarness(tmp_path, training(steps=100))
    harness.rent()
    await harness.until("step", step=30)
    put_numbered(harness, 1, id="twice", command="save")
    drop(harness, "save", "--id", "twice")
    await harness.until_gone()
    assert receipts(harness, "twice") == ["received", "done"]


@in_virtual_time
async def test_a_command_that_cannot_be_read_is_warned_about(tmp_path: Path) -> None:
    harness = AgentHarness(tmp_path, training(steps=50))
    harness.rent()
    await harness.until("step", step=10)
    (harness.disk / "commands" / "odd.json").write_text('{"id": "x", "command": "explode"}')
    warning = await harness.until("warning", code="bad_command")
    assert "odd" in warning["message"]
    await harness.until_gone()
    assert harness.ended["reason"] == EndReason.FINISHED


def test_control_prints_a_receipt(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "commands").mkdir()
    assert control.main(["stop"], folder=tmp_path) == 0
    receipt = json.loads(capsys.readouterr().out)
    (dropped,) = (tmp_path / "commands").glob("*.json")
    assert receipt == {"id": dropped.stem, "state": "received"}
    assert json.loads(dropped.read_text())["command"] == "stop"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["sample"], control.BAD_INSTRUCTION),
        (["stop", "--id", "../../etc"], control.BAD_INSTRUCTION),
        (["sample", "--text", "x" * 501], control.BAD_INSTRUCTION),
        (["sample", "--text", "x", "--said-by", "y" * 201], control.BAD_INSTRUCTION),
    ],
)
def test_control_refuses_what_makes_no_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], code: int
) -> None:
    (tmp_path / "commands").mkdir()
    assert control.main(arguments, folder=tmp_path) == code
    assert json.loads(capsys.readouterr().out)["error"]
    assert not list((tmp_path / "commands").iterdir())


def test_control_says_when_no_agent_is_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert control.main(["stop"], folder=tmp_path / "nothing") == control.NO_AGENT
    assert "no agent" in json.loads(capsys.readouterr().out)["error"]
