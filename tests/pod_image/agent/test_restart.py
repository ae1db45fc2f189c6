"""The restart rule: an exited container is started again by the platform, and must neither start over nor bill on."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pod_image.agent.attempt_state import AttemptState
from pod_image.agent.ports import RunHub
from pod_image.agent.start_decision import GoOn, Known, ReleaseOnly, decide
from pod_image.contract import CONTRACT_VERSION
from pod_image.contract.environment import Attempt, RunDocument
from pod_image.contract.outcomes import EndReason
from pod_image.contract.paths import RunFolder
from pod_image.contract.record import RunRecord
from pod_image.contract.settings import RunSettings
from pod_image.hub import Repo, ensure_results_repo, publish
from pod_image.recipes.piper.record import Recorder, draw_curves, read_losses
from tests.kit.virtual_time import in_virtual_time
from tests.pod_image.agent.stand import (
    CLIPS,
    HUB_URL,
    RESULTS,
    WRITE_TOKEN,
    Script,
    ScriptedStage,
    Stand,
    training,
)
from tests.pod_image.agent.test_commands import put_numbered


def first_steps(stand: Stand) -> list[int]:
    """The step each training began with."""
    steps = [event["step"] for event in stand.events("step")]
    return [b for a, b in zip([10**9, *steps], steps, strict=False) if b <= a]


@pytest.mark.promise("results-restart")
@in_virtual_time
async def test_a_container_killed_in_training_goes_on_from_its_disk(tmp_path: Path) -> None:
    stand = Stand(tmp_path, training(steps=100))
    stand.rent()
    await stand.until("step", step=60)
    stand.containers[-1].kill()
    await stand.until_gone()
    assert len(stand.containers) == 2
    assert first_steps(stand) == [1, 51]
    assert stand.ended["reason"] == EndReason.FINISHED
    assert stand.record().resumed_at_steps == (50,)


@in_virtual_time
async def test_the_sequence_of_events_goes_on_after_a_restart(tmp_path: Path) -> None:
    stand = Stand(tmp_path, training(steps=60))
    stand.rent()
    await stand.until("step", step=30)
    stand.containers[-1].kill()
    await stand.until_gone()
    numbers = [event["seq"] for event in stand.stored_events()]
    assert numbers == list(range(1, len(numbers) + 1))


@pytest.mark.promise("results-restart")
@in_virtual_time
async def test_with_an_empty_disk_the_newest_checkpoint_comes_from_the_hub(tmp_path: Path) -> None:
    stand = Stand(tmp_path, training(steps=100))
    pod = stand.rent()
    await stand.until("step", step=60)
    stand.containers[-1].kill()
    stand.wipe(pod.id)
    await stand.until_gone()
    assert first_steps(stand) == [1, 51]
    assert stand.ended["reason"] == EndReason.FINISHED
    numbers = [event["seq"] for event in stand.stored_events()]
    assert numbers == sorted(numbers)
    assert len(set(numbers)) == len(numbers)


@pytest.mark.promise("money-caps")
@in_virtual_time
async def test_a_restart_does_not_move_the_deadline(tmp_path: Path) -> None:
    stand = Stand(tmp_path, training(steps=100_000))
    stand.rent(stand.document(max_hours=1.0))
    for step in (60, 120, 180):
        await stand.until("step", step=step)
        stand.containers[-1].kill()
    assert 3_600 - 220 < await stand.until_gone() <= 3_600


@pytest.mark.promise("results-restart")
@in_virtual_time
async def test_a_boot_after_the_end_only_releases(tmp_path: Path) -> None:
    stand = Stand(tmp_path, training(steps=20))
    stand.rent()
    stand.world.faults.switch_on("delete-500", times=6)
    await stand.until("ended")
    stand.containers[-1].kill()
    await stand.until_gone()
    assert len(stand.containers) == 2
    assert len(stand.events("ended")) == len(stand.events("armed")) == 1
    assert len(stand.processes.specs) == 3


@in_virtual_time
async def test_a_boot_after_the_end_on_an_empty_disk_only_releases(tmp_path: Path) -> None:
    stand = Stand(tmp_path, training(steps=20))
    pod = stand.rent()
    stand.world.faults.switch_on("delete-500", times=6)
    await stand.until("ended")
    stand.containers[-1].kill()
    stand.wipe(pod.id)
    await stand.until_gone()
    assert len(stand.containers) == 2
    assert len(stand.events("armed")) == 1
    assert len(stand.processes.specs) == 3


def test_what_the_disk_remembers_of_the_end_is_enough_when_the_hub_never_heard_of_it() -> None:
    document = RunDocument(
        contract=CONTRACT_VERSION,
        run_id="run-01",
        attempt=Attempt(number=1, nonce="nonce1"),
        settings=RunSettings(recipe="piper", results_repo=RESULTS, dataset_repo=CLIPS),
        deadline=datetime(2026, 12, 1, tzinfo=UTC),
        price_per_hour_usd=0.5,
        resume=False,
    )
    attempt_state = AttemptState(nonce=document.attempt.nonce, boots=1, is_over=True)
    known = Known(
        document=document,
        attempt_state=attempt_state,
        record=None,
        hub_answers=True,
        disk_step=20,
        is_young=False,
    )
    assert isinstance(decide(known), ReleaseOnly)
    assert isinstance(
        decide(replace(known, attempt_state=AttemptState(nonce=attempt_state.nonce, boots=1))), GoOn
    )


@pytest.mark.promise("results-commands")
@in_virtual_time
async def test_commands_that_were_taken_are_remembered_by_the_repo_when_the_disk_is_gone(
    tmp_path: Path,
) -> None:
    stand = Stand(tmp_path, training(steps=200, checkpoint_steps=10))
    pod = stand.rent()
    await stand.until("step", step=15)
    put_numbered(stand, 1, id="one", command="save")
    await stand.until("command", id="one", state="done")
    await stand.until("checkpoint", step=50)
    await stand.until("step", step=55)
    stand.containers[-1].kill()
    stand.wipe(pod.id)
    await stand.until_gone()
    states = [event["state"] for event in stand.events("command") if event["id"] == "one"]
    assert states == ["received", "done"]
    assert stand.record().commands_taken == 1


@in_virtual_time
async def test_a_container_killed_before_the_first_checkpoint_delivers_and_releases(
    tmp_path: Path,
) -> None:
    stand = Stand(tmp_path, training(steps=100))
    stand.rent()
    await stand.until("step", step=10)
    stand.containers[-1].kill()
    assert await stand.until_gone() < 600
    assert stand.ended["reason"] == EndReason.FAILED
    assert stand.record().state == "ended"
    assert len(stand.processes.specs) == 2


@in_virtual_time
async def test_a_container_killed_while_delivering_delivers_and_does_not_train(
    tmp_path: Path,
) -> None:
    stand = Stand(tmp_path, training(steps=30))
    stand.rent()
    await stand.until("step", step=28)
    stand.core.faults.switch_on("down")
    await stand.until("phase", phase="deliver", state="started")
    stand.containers[-1].kill()
    await stand.until_gone()
    assert first_steps(stand) == [1]
    assert stand.ended["reason"] == EndReason.FINISHED
    assert "run-01/checkpoints/step-00000030.ckpt" in stand.results()


@in_virtual_time
async def test_a_restart_loop_that_gets_nowhere_is_ended(tmp_path: Path) -> None:
    stand = Stand(tmp_path, training(steps=1_000, checkpoint_steps=25))
    stand.rent()
    await stand.until("step", step=30)
    stand.world.faults.switch_on("container-restart-loop", seconds=100)
    stand.containers[-1].kill()
    age_seconds = await stand.until_gone()
    assert age_seconds < 3_600
    assert stand.ended["reason"] == EndReason.TRAINER_DIED
    assert "step 25" in stand.ended["detail"]
    assert len(stand.containers) == 5
    assert "run-01/checkpoints/step-00000025.ckpt" in stand.results()


@in_virtual_time
async def test_an_empty_disk_and_no_hub_holds_until_the_hub_answers(tmp_path: Path) -> None:
    stand = Stand(tmp_path, training(steps=400))
    pod = stand.rent()
    await stand.until("step", step=160)
    stand.core.faults.switch_on("down-for-hours")
    stand.containers[-1].kill()
    stand.wipe(pod.id)
    await stand.until_gone()
    assert first_steps(stand) == [1, 151]
    assert stand.ended["reason"] == EndReason.FINISHED


@in_virtual_time
async def test_an_empty_disk_and_no_hub_ends_at_the_cap(tmp_path: Path) -> None:
    stand = Stand(tmp_path, training(steps=400))
    pod = stand.rent(stand.document(max_hours=1.0))
    await stand.until("step", step=160)
    stand.core.faults.switch_on("down-for-hours")
    stand.containers[-1].kill()
    stand.wipe(pod.id)
    assert 3_400 < await stand.until_gone() <= 3_600
    assert stand.ended["reason"] == EndReason.TIME_CAP


@in_virtual_time
async def test_a_new_attempt_goes_on_from_the_repo_when_it_may(tmp_path: Path) -> None:
    stand = Stand(tmp_path, training(steps=100))
    stand.rent(stand.document(max_hours=0.2))
    await stand.until_gone()
    reached = stand.ended["steps"]
    stand.lines.clear()
    stand.said.clear()
    stand.rent(stand.document(attempt=2, nonce="nonce2", resume=True))
    await stand.until_gone()
    assert stand.ended["steps"] == 100
    assert first_steps(stand) == [reached + 1]
    assert stand.stored_events()[0]["seq"] == 1
    assert "run-01/events-attempt-1.jsonl" in stand.results()


def recorded(script: Script) -> Script:
    """A training with the recipe's own recorder between it and the agent."""

    async def recording(stage: ScriptedStage) -> int:
        if stage.phase != "train":
            return await script(stage)
        recorder = Recorder(RunFolder(stage.spec.folder), lambda event: None, now=lambda: 1.0)
        emit = stage.emit

        def kept(event: str, **fields: Any) -> None:
            if event == "step":
                recorder({"event": event, **fields})
            else:
                recorder.close()
            emit(event, **fields)

        stage.emit = kept  # type: ignore[method-assign]
        return await script(stage)

    return recording


@in_virtual_time
async def test_curves_of_a_run_that_went_on_in_another_pod_begin_at_its_first_step(
    tmp_path: Path,
) -> None:
    stand = Stand(tmp_path, recorded(training(steps=100)))
    stand.rent(stand.document(max_hours=0.2))
    await stand.until_gone()
    assert 1 < stand.ended["steps"] < 100
    stand.said.clear()
    stand.rent(stand.document(attempt=2, nonce="nonce2", resume=True))
    await stand.until_gone()
    results = stand.results()
    table = results["run-01/tensorboard/losses.csv"]
    assert [row["step"] for row in read_losses(table)] == list(range(1, 101))
    again = RunFolder(tmp_path / "again")
    again.tensorboard.mkdir(parents=True)
    (again.tensorboard / "losses.csv").write_bytes(table.read_bytes())
    draw_curves(again)
    drawn = (again.tensorboard / "curves.png").read_bytes()
    assert results["run-01/tensorboard/curves.png"].read_bytes() == drawn


@in_virtual_time
async def test_a_taken_run_id_is_refused_without_resume(tmp_path: Path) -> None:
    stand = Stand(tmp_path, training(steps=30))
    stand.rent()
    await stand.until_gone()
    before = stand.results()["run-01/voice/demo.onnx"].read_bytes()
    stand.lines.clear()
    stand.said.clear()
    stand.rent(stand.document(attempt=2, nonce="nonce2"))
    assert await stand.until_gone() < 60
    assert stand.ended["reason"] == EndReason.BOOT_FAILED
    assert "--resume" in stand.ended["hint"]
    assert stand.results()["run-01/voice/demo.onnx"].read_bytes() == before


@pytest.mark.promise("money-once")
@in_virtual_time
async def test_a_run_that_another_computer_has_begun_is_refused_and_left_as_it_is(
    tmp_path: Path,
) -> None:
    stand = Stand(tmp_path, training(steps=3000))
    first = stand.document(attempt=1, nonce="nonce1")
    record = RunRecord(
        run_id="run-01",
        attempt=1,
        nonce="nonce1",
        state="running",
        contract=first.contract,
        recipe="piper",
    )
    account = stand.hub_of(RunHub(HUB_URL, CLIPS, RESULTS, WRITE_TOKEN, WRITE_TOKEN))._writing
    ensure_results_repo(account, RESULTS)
    content = {"run-01/run.json": record.to_json().encode()}
    publish(account, Repo(RESULTS, "model"), content, "attempt 1")
    stand.rent(stand.document(attempt=1, nonce="nonce2"))
    assert await stand.until_gone() < 60
    assert stand.ended["reason"] == EndReason.BOOT_FAILED
    assert "another computer has begun it" in stand.ended["detail"]
    assert RunRecord.from_json(stand.results()["run-01/run.json"].read_bytes()) == record
    assert stand.processes.specs == []


@in_virtual_time
async def test_a_pod_whose_attempt_was_overtaken_only_releases(tmp_path: Path) -> None:
    stand = Stand(tmp_path, training(steps=30))
    stand.rent(stand.document(attempt=2, nonce="nonce2"))
    await stand.until_gone()
    trained = len(stand.processes.specs)
    stand.rent(stand.document(attempt=1, nonce="nonce1"))
    await stand.until_gone()
    assert len(stand.processes.specs) == trained
