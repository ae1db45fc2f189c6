"""The receipt of a run: what it cost, where the time went, and what its machine was."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from launcher.services.common.observations import EventSeen, RunEnded
from launcher.services.common.record_observation import note
from launcher.services.ending.settle import LastWord, write_down
from launcher.services.following.receipts import receipt
from launcher.services.following.watch import watch
from launcher.services.launching.launch import launch
from launcher.stores.runs import RecordKind
from pod_image.contract.bodies import ArmedReport, BootCheck
from pod_image.contract.events import stamped
from pod_image.contract.outcomes import EndReason
from pod_image.contract.record import RunRecord
from tests.kit.plans import plan
from tests.kit.virtual_time import in_virtual_time
from tests.services.harness import GPU_IDLE, LauncherHarness


@in_virtual_time
async def test_the_seconds_of_all_parts_are_the_seconds_that_were_paid(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    run = await launch(harness.bench, plan(), harness.keys)
    last = [seen async for seen in watch(harness.bench, run)][-1]
    assert isinstance(last, RunEnded)
    found = receipt(harness.bench.runs, last.run)
    assert found.seconds is not None
    assert abs(sum(part.seconds for part in found.slices) - found.seconds) < 1.0
    assert [part.name for part in found.slices][-1] == "idle"
    assert found.worst_case_usd == 0.69
    assert found.metered_usd is not None


@in_virtual_time
async def test_the_receipt_says_how_long_no_gpu_was_busy_and_when(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    run = await launch(harness.bench, plan(), harness.keys)
    assert receipt(harness.bench.runs, run).gpu_idle_text == ""
    last = [seen async for seen in watch(harness.bench, run)][-1]
    assert isinstance(last, RunEnded)
    found = receipt(harness.bench.runs, last.run)
    assert found.gpu_idle_text == "21 % of 5 min, about $0.01: boot 42 s, prepare 21 s"


@in_virtual_time
async def test_a_run_that_only_its_repo_tells_of_has_the_gpus_idle_time_too(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    run = await launch(harness.bench, plan(), harness.keys)
    record = RunRecord.model_validate(
        {
            "run_id": run.run_id, "attempt": 1, "nonce": run.nonce, "state": "ended",
            "contract": 1, "recipe": "piper", "end_reason": "finished", "gpu_idle": GPU_IDLE,
            "not_delivered": [],
        }
    )  # fmt: skip
    await write_down(harness.bench, run, LastWord(EndReason.FINISHED, "", record=record))
    found = receipt(harness.bench.runs, run)
    assert found.gpu_idle_text.startswith("21 % of 5 min")


@in_virtual_time
async def test_the_way_to_training_is_told_in_order(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    run = await launch(harness.bench, plan(), harness.keys)
    last = [seen async for seen in watch(harness.bench, run)][-1]
    assert isinstance(last, RunEnded)
    waits = dict(receipt(harness.bench.runs, last.run).waits)
    assert set(waits) >= {"container", "armed", "first step"}
    assert waits["container"] <= waits["armed"] <= waits["first step"]


@in_virtual_time
async def test_what_the_machine_did_when_it_was_tried_is_remembered(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    run = await launch(harness.bench, plan(), harness.keys)
    checks = (BootCheck(name="gpu", works=True, detail="55 TFLOP/s", is_about_machine=True),)
    event = stamped(
        ArmedReport(works=True, arms=checks),
        at=run.planned_at + timedelta(seconds=9),
        run_id="run-01",
        seq=2,
    )
    note(harness.bench, run, EventSeen(event))
    machine = receipt(harness.bench.runs, run).machine
    assert machine["tried"] == {"gpu": "55 TFLOP/s"}
    assert machine["gpu"] == "RTX 4090"
    assert machine["data_center"]
    assert harness.bench.runs.kept(run, RecordKind.MACHINE) == dict(machine)
