"""What ends a run that would go on: its caps, a GPU that idles, a training or a stage that gets nowhere."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from pod_image.contract.outcomes import EndReason
from tests.kit.virtual_time import in_virtual_time
from tests.pod_image.agent.harness import PRICE, AgentHarness, Script, ScriptedStage, save, training


def stuck_after(steps: int, step_seconds: float = 10.0) -> Script:
    """Training that makes so many steps, keeps a checkpoint and then hangs for ever."""
    whole = training(step_seconds=step_seconds)

    async def script(stage: ScriptedStage) -> int:
        if stage.phase != "train":
            return await whole(stage)
        for step in range(1, steps + 1):
            await asyncio.sleep(step_seconds)
            stage.emit("step", step=step, losses={"mel": 1.0})
        save(stage, steps)
        await asyncio.sleep(1e9)
        return 0

    return script


@in_virtual_time
async def test_the_time_cap_leaves_time_to_deliver(tmp_path: Path) -> None:
    harness = AgentHarness(tmp_path, training(steps=100_000))
    harness.rent(harness.document(max_hours=1.0))
    age_seconds = await harness.until_gone()
    assert harness.ended["reason"] == EndReason.TIME_CAP
    assert 3_600 - 90 - 120 < age_seconds <= 3_600  # two minutes are left to the export
    assert "run-01/voice/demo.onnx" in harness.results()


@in_virtual_time
async def test_the_deadline_of_the_document_holds_where_it_comes_first(tmp_path: Path) -> None:
    harness = AgentHarness(tmp_path, training(steps=100_000))
    harness.rent(harness.document(max_hours=5.0, deadline_hours=0.5))
    assert await harness.until_gone() <= 1_800
    assert harness.ended["reason"] == EndReason.TIME_CAP


@pytest.mark.promise("money-caps")
@in_virtual_time
async def test_the_cost_cap_is_calculated_from_the_clouds_own_price(tmp_path: Path) -> None:
    harness = AgentHarness(tmp_path, training(steps=100_000))
    harness.rent(harness.document(max_cost_usd=PRICE))  # the document says 0.50 an hour
    age_seconds = await harness.until_gone()
    assert harness.ended["reason"] == EndReason.COST_CAP
    assert 3_600 - 90 - 120 < age_seconds <= 3_600  # two minutes are left to the export
    assert harness.ended["cost_usd"] <= PRICE


@in_virtual_time
async def test_a_checkpoint_is_asked_for_when_most_of_the_time_is_used(tmp_path: Path) -> None:
    harness = AgentHarness(tmp_path, training(steps=100_000, checkpoint_steps=10**9))
    harness.rent(harness.document(max_hours=1.0))
    asked = await harness.until("checkpoint")
    assert 0.9 * 360 - 10 <= asked["step"] <= 0.9 * 360 + 10
    await harness.until_gone()


@pytest.mark.promise("money-idle")
@in_virtual_time
async def test_an_idle_gpu_ends_the_run(tmp_path: Path) -> None:
    harness = AgentHarness(tmp_path, training(steps=100_000))
    harness.processes.gpu_percent = lambda: 90.0 if harness.loop.time() < 1_800 else 2.0
    harness.rent()
    age_seconds = await harness.until_gone()
    assert harness.ended["reason"] == EndReason.GPU_IDLE
    assert 1_800 - 20 + 900 <= age_seconds <= 1_800 + 900 + 120


@in_virtual_time
async def test_a_gpu_may_be_idle_before_the_first_step(tmp_path: Path) -> None:
    whole = training(steps=20)

    async def slow_to_load(stage: ScriptedStage) -> int:
        if stage.phase == "train":
            await asyncio.sleep(1_500)
        return await whole(stage)

    harness = AgentHarness(tmp_path, slow_to_load)
    harness.processes.gpu_percent = lambda: 0.0
    harness.rent()
    await harness.until_gone()
    assert harness.ended["reason"] == EndReason.FINISHED


@in_virtual_time
async def test_training_without_a_readable_gpu_is_never_idle(tmp_path: Path) -> None:
    harness = AgentHarness(tmp_path, training(steps=400))
    harness.processes.gpu_percent = lambda: None
    harness.rent()
    await harness.until_gone()
    assert harness.ended["reason"] == EndReason.FINISHED


@pytest.mark.promise("money-idle")
@in_virtual_time
async def test_training_that_does_not_get_on_ends_the_run(tmp_path: Path) -> None:
    harness = AgentHarness(tmp_path, stuck_after(steps=10))
    harness.rent()
    age_seconds = await harness.until_gone()
    assert harness.ended["reason"] == EndReason.STALLED
    assert age_seconds < 30 * 60 + 500
    assert "run-01/checkpoints/step-00000010.ckpt" in harness.results()


@in_virtual_time
async def test_a_preparation_that_hangs_ends_the_run(tmp_path: Path) -> None:
    async def script(stage: ScriptedStage) -> int:
        await asyncio.sleep(1e9)
        return 0

    harness = AgentHarness(tmp_path, script)
    harness.rent()
    assert await harness.until_gone() < 2_000
    assert harness.ended["reason"] == EndReason.FAILED
    assert "prepare" in harness.ended["detail"]


@in_virtual_time
async def test_an_export_that_hangs_does_not_keep_the_checkpoint_from_delivery(
    tmp_path: Path,
) -> None:
    whole = training(steps=10)

    async def script(stage: ScriptedStage) -> int:
        if stage.phase == "export":
            await asyncio.sleep(1e9)
        return await whole(stage)

    harness = AgentHarness(tmp_path, script)
    harness.rent()
    assert await harness.until_gone() < 1_500
    assert "run-01/checkpoints/step-00000010.ckpt" in harness.results()
    assert harness.ended["reason"] == EndReason.FAILED


@pytest.mark.promise("money-caps")
@in_virtual_time
async def test_a_jump_of_the_machines_clock_changes_no_deadline(tmp_path: Path) -> None:
    harness = AgentHarness(tmp_path, training(steps=100_000))
    harness.rent(harness.document(max_hours=1.0))
    await harness.until("step", step=10)
    harness.clock.skew_seconds = 40 * 86_400.0
    age_seconds = await harness.until_gone()
    assert 3_600 - 220 < age_seconds <= 3_600


@in_virtual_time
async def test_a_run_that_the_caps_cut_off_says_that_the_repo_does_not_tell_its_end(
    tmp_path: Path,
) -> None:
    """Its image took so long to come that the caps are reached while clips are prepared."""

    async def script(stage: ScriptedStage) -> int:
        await asyncio.sleep(10_000)
        return 0

    harness = AgentHarness(tmp_path, script)
    harness.world.faults.switch_on("slow-image-pull", times=1, seconds=171.0)
    harness.rent(harness.document(max_hours=0.05))
    await harness.until_gone()
    assert harness.ended["not_delivered"] == ["run.json", "events.jsonl", "log.txt"]
