"""The restart rule: an exited container is started again by the platform, and must neither start over nor bill on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from launcher.cli.terminal.next_steps import in_terminal
from pod_image.agent.attempt_state import AttemptState
from pod_image.agent.ports import RunHub
from pod_image.agent.start_decision import GoOn, Known, ReleaseOnly, decide
from pod_image.contract.bodies import Ended, Step
from pod_image.contract.outcomes import EndReason
from pod_image.contract.paths import RunFolder
from pod_image.contract.record import RunRecord
from pod_image.contract.settings import RunSettings
from pod_image.hub import Repo, ensure_results_repo, publish
from pod_image.recipes.piper.record import Recorder, draw_curves, read_losses
from tests.kit.clouds import CLIPS_REPO, HUB_URL, RESULTS_REPO, WRITE_TOKEN
from tests.kit.run_documents import run_document
from tests.kit.virtual_time import in_virtual_time
from tests.pod_image.agent.harness import (
    AgentHarness,
    Script,
    ScriptedStage,
    put_numbered,
    training,
)


def first_steps(harness: AgentHarness) -> list[int]:
    """The step each training began with."""
    steps = [event["step"] for event in harness.events("step")]
    return [b for a, b in zip([10**9, *steps], steps, strict=False) if b <= a]


@pytest.mark.promise("results-restart")
@in_virtual_time
async def test_a_container_killed_in_training_goes_on_from_its_disk(tmp_path: Path) -> None:
    harness = AgentHarness(tmp_path, training(steps=100))
    harness.rent()
    await harness.until("step", step=60)
    harness.containers[-1].kill()
    await harness.until_gone()
    assert len(harness.containers) == 2
    assert first_steps(harness) == [1, 51]
    assert harness.ended["reason"] == EndReason.FINISHED
    assert harness.record().resumed_at_steps == (50,)


@in_virtual_time
async def test_the_sequence_of_events_goes_on_after_a_restart(tmp_path: Path) -> None:
    harness = AgentHarness(tmp_path, training(steps=60))
    harness.rent()
    await harness.until("step", step=30)
    harness.containers[-1].kill()
    await harness.until_gone()
    numbers = [event["seq"] for event in harness.stored_events()]
    assert numbers == list(range(1, len(numbers) + 1))


@pytest.mark.promise("results-restart")
@in_virtual_time
async def test_with_an_empty_disk_the_newest_checkpoint_comes_from_the_hub(tmp_path: Path) -> None:
    harness = AgentHarness(tmp_path, training(steps=100))
    pod = harness.rent()
    await harness.until("step", step=60)
    harness.containers[-1].kill()
    harness.wipe(pod.id)
    await harness.until_gone()
    assert first_steps(harness) == [1, 51]
    assert harness.ended["reason"] == EndReason.FINISHED
    numbers = [event["seq"] for event in harness.stored_events()]
    assert numbers == sorted(numbers)
    assert len(set(numbers)) == len(numbers)


@pytest.mark.promise("money-caps")
@in_virtual_time
async def test_a_restart_does_not_move_the_deadline(tmp_path: Path) -> None:
    harness = AgentHarness(tmp_path, training(steps=100_000))
    harness.rent(harness.document(max_hours=1.0))
    for step in (60, 120, 180):
        await harness.until("step", step=step)
        harness.containers[-1].kill()
    assert 3_600 - 220 < await harness.until_gone() <= 3_600


@pytest.mark.promise("results-restart")
@in_virtual_time
async def test_a_boot_after_the_end_only_releases(tmp_path: Path) -> None:
    harness = AgentHarness(tmp_path, training(steps=20))
    harness.rent()
    harness.world.faults.switch_on("delete-500", times=6)
    await harness.until("ended")
    harness.containers[-1].kill()
    await harness.until_gone()
    assert len(harness.containers) == 2
    assert len(harness.events("ended")) == len(harness.events("armed")) == 1
    assert len(harness.processes.specs) == 3


@in_virtual_time
async def test_a_boot_after_the_end_on_an_empty_disk_only_releases(tmp_path: Path) -> None:
    harness = AgentHarness(tmp_path, training(steps=20))
    pod = harness.rent()
    harness.world.faults.switch_on("delete-500", times=6)
    await harness.until("ended")
    harness.containers[-1].kill()
    harness.wipe(pod.id)
    await harness.until_gone()
    assert len(harness.containers) == 2
    assert len(harness.events("armed")) == 1
    assert len(harness.processes.specs) == 3


def test_what_the_disk_remembers_of_the_end_is_enough_when_the_hub_never_heard_of_it() -> None:
    document = run_document(
        settings=RunSettings(recipe="piper", results_repo=RESULTS_REPO, dataset_repo=CLIPS_REPO)
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
    harness = AgentHarness(tmp_path, training(steps=200, checkpoint_steps=10))
    pod = harness.rent()
    await harness.until("step", step=15)
    put_numbered(harness, 1, id="one", command="save")
    await harness.until("command", id="one", state="done")
    await harness.until("checkpoint", step=50)
    await harness.until("step", step=55)
    harness.containers[-1].kill()
    harness.wipe(pod.id)
    await harness.until_gone()
    states = [event["state"] for event in harness.events("command") if event["id"] == "one"]
    assert states == ["received", "done"]
    assert harness.record().commands_taken == 1


@in_virtual_time
async def test_a_container_killed_before_the_first_checkpoint_delivers_and_releases(
    tmp_path: Path,
) -> None:
    harness = AgentHarness(tmp_path, training(steps=100))
    harness.rent()
    await harness.until("step", step=10)
    harness.containers[-1].kill()
    assert await harness.until_gone() < 600
    assert harness.ended["reason"] == EndReason.FAILED
    assert harness.record().state == "ended"
    assert len(harness.processes.specs) == 2


@in_virtual_time
async def test_a_container_killed_while_delivering_delivers_and_does_not_train(
    tmp_path: Path,
) -> None:
    harness = AgentHarness(tmp_path, training(steps=30))
    harness.rent()
    await harness.until("step", step=28)
    harness.core.faults.switch_on("down")
    await harness.until("phase", phase="deliver", state="started")
    harness.containers[-1].kill()
    await harness.until_gone()
    assert first_steps(harness) == [1]
    assert harness.ended["reason"] == EndReason.FINISHED
    assert "run-01/checkpoints/step-00000030.ckpt" in harness.results()


@in_virtual_time
async def test_a_restart_loop_that_gets_nowhere_is_ended(tmp_path: Path) -> None:
    harness = AgentHarness(tmp_path, training(steps=1_000, checkpoint_steps=25))
    harness.rent()
    await harness.until("step", step=30)
    harness.world.faults.switch_on("container-restart-loop", seconds=100)
    harness.containers[-1].kill()
    age_seconds = await harness.until_gone()
    assert age_seconds < 3_600
    assert harness.ended["reason"] == EndReason.TRAINER_DIED
    assert "step 25" in harness.ended["detail"]
    assert len(harness.containers) == 5
    assert "run-01/checkpoints/step-00000025.ckpt" in harness.results()


@in_virtual_time
async def test_an_empty_disk_and_no_hub_holds_until_the_hub_answers(tmp_path: Path) -> None:
    harness = AgentHarness(tmp_path, training(steps=400))
    pod = harness.rent()
    await harness.until("step", step=160)
    harness.core.faults.switch_on("down-for-hours")
    harness.containers[-1].kill()
    harness.wipe(pod.id)
    await harness.until_gone()
    assert first_steps(harness) == [1, 151]
    assert harness.ended["reason"] == EndReason.FINISHED


@in_virtual_time
async def test_an_empty_disk_and_no_hub_ends_at_the_cap(tmp_path: Path) -> None:
    harness = AgentHarness(tmp_path, training(steps=400))
    pod = harness.rent(harness.document(max_hours=1.0))
    await harness.until("step", step=160)
    harness.core.faults.switch_on("down-for-hours")
    harness.containers[-1].kill()
    harness.wipe(pod.id)
    assert 3_400 < await harness.until_gone() <= 3_600
    assert harness.ended["reason"] == EndReason.TIME_CAP


@in_virtual_time
async def test_a_new_attempt_goes_on_from_the_repo_when_it_may(tmp_path: Path) -> None:
    harness = AgentHarness(tmp_path, training(steps=100))
    harness.rent(harness.document(max_hours=0.2))
    await harness.until_gone()
    reached = harness.ended["steps"]
    harness.lines.clear()
    harness.said.clear()
    harness.rent(harness.document(attempt=2, nonce="nonce2", resume=True))
    await harness.until_gone()
    assert harness.ended["steps"] == 100
    assert first_steps(harness) == [reached + 1]
    assert harness.stored_events()[0]["seq"] == 1
    assert "run-01/events-attempt-1.jsonl" in harness.results()


def recorded(script: Script) -> Script:
    """A training with the recipe's own recorder between it and the agent."""

    async def recording(stage: ScriptedStage) -> int:
        if stage.phase != "train":
            return await script(stage)
        recorder = Recorder(RunFolder(stage.spec.folder), lambda event: None, now=lambda: 1.0)
        emit = stage.emit

        def kept(event: str, **fields: Any) -> None:
            if event == "step":
                recorder(Step(**fields))
            else:
                recorder.close()
            emit(event, **fields)

        stage.emit = kept  # type: ignore[method-assign]  # listens in
        return await script(stage)

    return recording


@in_virtual_time
async def test_curves_of_a_run_that_went_on_in_another_pod_begin_at_its_first_step(
    tmp_path: Path,
) -> None:
    harness = AgentHarness(tmp_path, recorded(training(steps=100)))
    harness.rent(harness.document(max_hours=0.2))
    await harness.until_gone()
    assert 1 < harness.ended["steps"] < 100
    harness.said.clear()
    harness.rent(harness.document(attempt=2, nonce="nonce2", resume=True))
    await harness.until_gone()
    results = harness.results()
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
    harness = AgentHarness(tmp_path, training(steps=30))
    harness.rent()
    await harness.until_gone()
    before = harness.results()["run-01/voice/demo.onnx"].read_bytes()
    harness.lines.clear()
    harness.said.clear()
    harness.rent(harness.document(attempt=2, nonce="nonce2"))
    assert await harness.until_gone() < 60
    assert harness.ended["reason"] == EndReason.BOOT_FAILED
    what_to_do = Ended.model_validate(harness.ended).what_to_do
    assert in_terminal(what_to_do) == "Continue it with --resume, or choose another --run-id."
    assert harness.results()["run-01/voice/demo.onnx"].read_bytes() == before


@pytest.mark.promise("money-once")
@in_virtual_time
async def test_a_run_that_another_computer_has_begun_is_refused_and_left_as_it_is(
    tmp_path: Path,
) -> None:
    harness = AgentHarness(tmp_path, training(steps=3000))
    first = harness.document(attempt=1, nonce="nonce1")
    record = RunRecord(
        run_id="run-01",
        attempt=1,
        nonce="nonce1",
        state="running",
        contract=first.contract,
        recipe="piper",
    )
    account = harness.hub_of(
        RunHub(HUB_URL, CLIPS_REPO, RESULTS_REPO, WRITE_TOKEN, WRITE_TOKEN)
    )._writing
    ensure_results_repo(account, RESULTS_REPO)
    content = {"run-01/run.json": record.to_json().encode()}
    publish(account, Repo(RESULTS_REPO, "model"), content, "attempt 1")
    harness.rent(harness.document(attempt=1, nonce="nonce2"))
    assert await harness.until_gone() < 60
    assert harness.ended["reason"] == EndReason.BOOT_FAILED
    assert "another computer has started it" in harness.ended["detail"]
    assert RunRecord.from_json(harness.results()["run-01/run.json"].read_bytes()) == record
    assert harness.processes.specs == []


@in_virtual_time
async def test_a_pod_whose_attempt_was_overtaken_only_releases(tmp_path: Path) -> None:
    harness = AgentHarness(tmp_path, training(steps=30))
    harness.rent(harness.document(attempt=2, nonce="nonce2"))
    await harness.until_gone()
    trained = len(harness.processes.specs)
    harness.rent(harness.document(attempt=1, nonce="nonce1"))
    await harness.until_gone()
    assert len(harness.processes.specs) == trained
