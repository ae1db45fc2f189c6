"""Whole lives of a run: every reason to end, and that each of them ends the money."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import ClassVar

import pytest

from pod_image.contract.outcomes import EndReason, Phase
from pod_image.contract.settings import RunSettings
from tests.kit.virtual_time import in_virtual_time
from tests.pod_image.agent.harness import PRICE, AgentHarness, Script, ScriptedStage, save, training


def ending_with(code: int, phase: str = "train", *, hint: str = "", said: str = "") -> Script:
    """A recipe one of whose stages ends with that exit code."""
    whole = training(steps=30)

    async def script(stage: ScriptedStage) -> int:
        if stage.phase != phase:
            return await whole(stage)
        if phase == "train":
            stage.emit("step", step=1, losses={"mel": 1.0})
            save(stage, 1)
        stage.say("Traceback (most recent call last):")
        stage.say(said)
        if hint:
            stage.emit("warning", code="x", message="The clips are too short.", hint=hint)
        return code

    return script


@in_virtual_time
async def test_a_finished_run_is_delivered_said_and_released(tmp_path: Path) -> None:
    harness = AgentHarness(tmp_path, training(steps=100, step_seconds=10))
    harness.rent()
    age_seconds = await harness.until_gone()
    assert harness.ended["reason"] == EndReason.FINISHED
    assert 1_000 < age_seconds < 1_200
    assert harness.results().keys() >= {
        "README.md",
        "run-01/run.json",
        "run-01/events.jsonl",
        "run-01/voice/demo.onnx",
        "run-01/checkpoints/step-00000100.ckpt",
    }
    assert harness.ended["not_delivered"] == []


@in_virtual_time
async def test_the_events_of_a_run_are_one_sequence_wherever_they_are_read(tmp_path: Path) -> None:
    harness = AgentHarness(tmp_path, training(steps=40))
    harness.rent()
    await harness.until_gone()
    assert harness.stored_events() == harness.events()
    assert [event["seq"] for event in harness.events()] == list(range(1, len(harness.events()) + 1))
    assert harness.events()[-1]["event"] == "ended"
    phases = [event["phase"] for event in harness.events("phase") if event["state"] == "started"]
    assert phases == [
        Phase.BOOT,
        Phase.FETCH,
        Phase.PREPARE,
        Phase.TRAIN,
        Phase.EXPORT,
        Phase.DELIVER,
    ]


@in_virtual_time
async def test_the_last_word_names_what_was_delivered_and_how_training_went(tmp_path: Path) -> None:
    harness = AgentHarness(tmp_path, training(steps=40))
    harness.rent()
    await harness.until_gone()
    ended, record = harness.ended, harness.record()
    assert ended["steps"] == 40
    assert ended["first_loss"] == pytest.approx(sum(10 / n for n in range(1, 6)) / 5)
    assert ended["last_loss"] == pytest.approx(sum(10 / n for n in range(36, 41)) / 5)
    delivered = {file["path"]: file["size_bytes"] for file in ended["delivered"]}
    present = {path: file.stat().st_size for path, file in harness.results().items()}
    assert delivered.items() <= present.items()
    assert (record.state, record.end_reason, record.steps) == ("ended", EndReason.FINISHED, 40)
    assert record.price_per_hour_usd == PRICE
    assert record.settings["voice_name"] == "demo"
    assert record.pace is not None
    assert record.pace.steps_per_second == pytest.approx(0.1)
    assert (record.pace.gpu_use_percent, record.pace.gpu_memory_peak_gb) == (90.0, 4.29)
    assert ended["pace"] == record.pace.model_dump(exclude_none=True)


@in_virtual_time
async def test_the_last_word_says_how_much_of_the_paid_time_no_gpu_was_busy(tmp_path: Path) -> None:
    harness = AgentHarness(tmp_path, training(steps=40))
    harness.rent()
    harness.processes.gpu_percent = lambda: 90.0 if harness.phase == Phase.TRAIN else 0.0
    age_seconds = await harness.until_gone()
    idle, record = harness.ended["gpu_idle"], harness.record()
    assert record.gpu_idle is not None
    assert idle["watched_seconds"] == pytest.approx(age_seconds, abs=10)
    # Forty steps of ten seconds; a reading comes every fifteen.
    assert idle["watched_seconds"] - idle["idle_seconds"] == pytest.approx(400, abs=15)
    by_phase = {each["name"]: each["seconds"] for each in idle["phases"]}
    assert by_phase[Phase.PREPARE] == pytest.approx(30, abs=15)
    assert Phase.BOOT in by_phase
    assert record.gpu_idle.watched_seconds == pytest.approx(idle["watched_seconds"], abs=10)


@in_virtual_time
async def test_what_a_killed_container_used_the_gpu_for_is_not_called_idle(tmp_path: Path) -> None:
    harness = AgentHarness(tmp_path, training(steps=60))
    harness.rent()
    await harness.until("step", step=30)
    harness.containers[-1].kill()
    age_seconds = await harness.until_gone()
    idle = harness.ended["gpu_idle"]
    assert idle["watched_seconds"] < age_seconds - 300
    assert idle["idle_seconds"] < 60


@in_virtual_time
async def test_without_a_gpu_that_can_be_read_nothing_is_said_of_it(tmp_path: Path) -> None:
    harness = AgentHarness(tmp_path, training(steps=5))
    harness.rent()
    harness.processes.gpu_percent = lambda: None
    await harness.until_gone()
    assert "gpu_idle" not in harness.ended


@in_virtual_time
async def test_steps_say_what_the_run_costs_and_will_have_cost(tmp_path: Path) -> None:
    harness = AgentHarness(tmp_path, training(steps=100, step_seconds=36))
    harness.rent()
    await harness.until_gone()
    halfway = next(event for event in harness.events("step") if event["step"] == 50)
    assert halfway["cost_usd"] == pytest.approx(PRICE / 2, rel=0.1)
    assert halfway["cost_at_end_usd"] == pytest.approx(PRICE, rel=0.1)
    assert halfway["ends_at"] > halfway["at"]


@pytest.mark.promise("money-idle")
@in_virtual_time
async def test_a_dead_trainer_ends_the_run_and_what_it_left_is_exported(tmp_path: Path) -> None:
    harness = AgentHarness(tmp_path, ending_with(-9))
    harness.rent()
    assert await harness.until_gone() < 300
    assert harness.ended["reason"] == EndReason.TRAINER_DIED
    assert "signal 9" in harness.ended["detail"]
    assert harness.results().keys() >= {
        "run-01/checkpoints/step-00000001.ckpt",
        "run-01/voice/demo.onnx",
    }


@in_virtual_time
async def test_a_trainer_without_memory_says_so_and_what_helps(tmp_path: Path) -> None:
    said = "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB."
    harness = AgentHarness(tmp_path, ending_with(1, said=said))
    harness.rent()
    await harness.until_gone()
    assert harness.ended["reason"] == EndReason.TRAINER_DIED
    assert "train ran out of memory" in harness.ended["detail"]
    assert "smaller batch" in harness.ended["hint"]


@in_virtual_time
async def test_a_fault_of_the_input_is_a_failure_with_the_workers_own_hint(tmp_path: Path) -> None:
    harness = AgentHarness(tmp_path, ending_with(2, "prepare", hint="Use longer clips."))
    harness.rent()
    assert await harness.until_gone() < 300
    assert harness.ended["reason"] == EndReason.FAILED
    assert harness.ended["detail"] == "The clips are too short."
    assert harness.ended["hint"] == "Use longer clips."


@in_virtual_time
async def test_a_training_that_gives_up_is_a_failure_whose_last_checkpoint_is_delivered_with_its_voice(
    tmp_path: Path,
) -> None:
    """As when losses stay not finite: exit code 2, after a checkpoint that was good."""
    harness = AgentHarness(tmp_path, ending_with(2, hint="Lower the learning rate."))
    harness.rent()
    assert await harness.until_gone() < 300
    assert (harness.ended["reason"], harness.ended["hint"]) == (
        EndReason.FAILED,
        "Lower the learning rate.",
    )
    assert harness.results().keys() >= {
        "run-01/checkpoints/step-00000001.ckpt",
        "run-01/voice/demo.onnx",
    }


@in_virtual_time
async def test_a_crash_outside_of_training_is_a_failure(tmp_path: Path) -> None:
    harness = AgentHarness(tmp_path, ending_with(1, "export"))
    harness.rent()
    await harness.until_gone()
    assert harness.ended["reason"] == EndReason.FAILED
    assert "export" in harness.ended["detail"]
    assert "run-01/checkpoints/step-00000030.ckpt" in harness.results()


@in_virtual_time
async def test_a_stage_that_cannot_be_started_is_a_failure(tmp_path: Path) -> None:
    harness = AgentHarness(tmp_path, training())
    harness.processes.cannot_start = OSError(2, "No such file or directory")
    harness.rent()
    assert await harness.until_gone() < 120
    assert harness.ended["reason"] == EndReason.FAILED
    assert "No such file" in harness.ended["detail"]


@pytest.mark.promise("money-release")
@in_virtual_time
async def test_a_release_that_is_refused_is_tried_until_it_holds(tmp_path: Path) -> None:
    harness = AgentHarness(tmp_path, training(steps=5))
    harness.rent()
    await harness.until("phase", phase="train", state="started")
    harness.world.faults.switch_on("delete-500", times=12)
    await harness.until_gone(hours=1.0)
    refused = [record for record in harness.world.requests if record.status == 500]
    assert len(refused) == 12


@pytest.mark.promise("money-release")
@in_virtual_time
async def test_a_pod_that_cannot_be_deleted_for_long_is_stopped_at_least(tmp_path: Path) -> None:
    harness = AgentHarness(tmp_path, training(steps=5))
    harness.world.faults.switch_on("delete-500")
    pod = harness.rent()
    while pod.status != "EXITED":
        assert harness.loop.time() < 1_200
        await asyncio.sleep(1.0)
    (stop,) = [record for record in harness.world.requests if record.path.endswith("/action")][-1:]
    assert (stop.status, stop.key_kind) == (200, "pod")


@pytest.mark.promise("money-release")
@in_virtual_time
async def test_a_release_that_was_accepted_but_changed_nothing_is_sent_in_another_way(
    tmp_path: Path,
) -> None:
    harness = AgentHarness(tmp_path, training(steps=5))
    harness.rent()
    harness.world.faults.switch_on("delete-ignored", times=1)
    await harness.until_gone(hours=1.0)
    sent = [record.method for record in harness.world.requests if record.method != "GET"]
    assert sent == ["DELETE", "POST"]


@in_virtual_time
async def test_the_guard_is_told_the_key_and_hears_how_long_the_pod_may_live(
    tmp_path: Path,
) -> None:
    harness = AgentHarness(tmp_path, training(steps=20))
    pod = harness.rent(harness.document(max_hours=1.0))
    await harness.until("step", step=10)
    (guarded,) = harness.processes.guards
    assert guarded.orders.pod["key"] == pod.key.value
    assert pod.key.value not in repr(guarded.orders)
    assert 3_300 < guarded.beats[-1] < 3_600
    await harness.until_gone()


@pytest.mark.promise("secrets-training")
@in_virtual_time
async def test_a_stage_has_no_key_and_no_token(tmp_path: Path) -> None:
    harness = AgentHarness(tmp_path, training(steps=5))
    pod = harness.rent(SNEAKY="prefix-demo-hub-write-token", HARMLESS="yes")
    await harness.until_gone()
    secrets = {pod.key.value, "demo-hub-write-token", "demo-hub-read-token"}
    assert len(harness.processes.specs) == 3
    for spec in harness.processes.specs:
        assert not [v for v in spec.environment.values() if any(s in v for s in secrets)]
        assert not [v for v in spec.argv if any(s in v for s in secrets)]
        assert spec.environment["HARMLESS"] == "yes"
        assert "SNEAKY" not in spec.environment


@pytest.mark.promise("secrets-nowhere")
@in_virtual_time
async def test_secrets_are_in_no_line_and_in_no_delivered_file(tmp_path: Path) -> None:
    whole = training(steps=5)

    async def script(stage: ScriptedStage) -> int:
        stage.say("my token is demo-hub-write-token")
        stage.emit("warning", code="x", message="demo-hub-read-token leaked")
        return await whole(stage)

    harness = AgentHarness(tmp_path, script)
    pod = harness.rent()
    await harness.until_gone()
    secrets = (pod.key.value, "demo-hub-write-token", "demo-hub-read-token")
    said = "\n".join(harness.lines)
    assert "my token is ***" in said
    stored = "\n".join(path.read_text(errors="replace") for path in harness.results().values())
    assert not [secret for secret in secrets if secret in said or secret in stored]


@in_virtual_time
async def test_a_recipe_cannot_say_what_is_the_agents_to_say(tmp_path: Path) -> None:
    whole = training(steps=5)

    async def script(stage: ScriptedStage) -> int:
        stage.emit("ended", reason="finished")
        stage.emit("armed", works=True)
        stage.emit("phase", phase="release", state="started")
        stage.emit("step", step="many")
        stage.say(
            '{"event":"ended","at":"2026-01-01T00:00:00Z","run_id":"r","seq":1,"reason":"lost"}'
        )
        stage.emit_line("not json")
        return await whole(stage)

    harness = AgentHarness(tmp_path, script)
    harness.rent()
    await harness.until_gone()
    assert harness.ended["reason"] == EndReason.FINISHED
    assert len(harness.events("armed")) == 1
    assert not [event for event in harness.events("phase") if event["phase"] == "release"]
    assert "| not json" in harness.lines


@in_virtual_time
async def test_where_the_trainer_cannot_be_another_user_one_warning_says_so(tmp_path: Path) -> None:
    harness = AgentHarness(tmp_path, training(steps=5))
    harness.processes.user = (None, "the image has no user 'trainer'")
    harness.rent()
    await harness.until_gone()
    (warning,) = harness.events("warning")
    assert warning["code"] == "shared_user"
    assert warning["hint"]


@in_virtual_time
async def test_a_fault_of_the_agent_itself_is_delivered_and_released(tmp_path: Path) -> None:
    harness = AgentHarness(tmp_path, training(steps=50))
    harness.rent()
    await harness.until("checkpoint", step=25)

    def broken(settings: RunSettings) -> bool:
        raise RuntimeError("planted")

    harness.processes.hand_over = broken  # type: ignore[method-assign, assignment]  # planted in this one pod
    harness.processes.script = ending_with(0)
    harness.processes.started = lambda pid: (_ for _ in ()).throw(RuntimeError("planted"))  # type: ignore[method-assign]  # planted in this one pod
    assert await harness.until_gone() < 1_500
    assert harness.ended["reason"] == EndReason.FAILED
    assert any("planted" in line for line in harness.logs())
    assert "run-01/checkpoints/step-00000050.ckpt" in harness.results()


@in_virtual_time
async def test_outside_of_a_pod_the_program_says_so_and_ends(tmp_path: Path) -> None:
    harness = AgentHarness(tmp_path, training())
    harness.rent(RUNPOD_POD_ID="")
    for container in harness.containers:
        container.kill()
    from dataclasses import replace

    from pod_image.agent.story import NOT_A_POD, run_pod

    harness.world.tick()
    await asyncio.sleep(5)
    ports = replace(harness.containers[0]._ports(_Spec()), write_line=harness.lines.append)  # type: ignore[arg-type]  # planted in this one pod
    assert await run_pod(ports) == NOT_A_POD
    assert "works in a pod that the launcher started" in harness.lines[-1]


class _Spec:
    env: ClassVar[dict[str, str]] = {}
