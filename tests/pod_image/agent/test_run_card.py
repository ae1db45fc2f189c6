"""A run's own page in the results repo: there while it runs, true at its end, and in nobody's way."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pod_image.agent.course import Course
from pod_image.agent.hugging_face import HuggingFace
from pod_image.agent.ports import HubTrouble, Receipt
from pod_image.agent.run_card import FILES_LISTED, Place, RunCard
from pod_image.contract.bodies import CheckpointWritten, Sample, Step
from pod_image.contract.outcomes import EndReason
from pod_image.contract.paths import ResultsFolder
from pod_image.contract.record import RunRecord
from pod_image.contract.settings import RunSettings
from tests.kit.clouds import CLIPS_REPO, HUB_URL, RESULTS_REPO, WRITE_TOKEN
from tests.kit.virtual_time import in_virtual_time
from tests.pod_image.agent.harness import AgentHarness, ScriptedStage, save, training

PNG = b"\x89PNG\r\n\x1a\n"
NOW = datetime(2026, 11, 27, 3, 10, tzinfo=UTC)
SPOKEN = "samples/step-00000025/1.wav"
FILES = f"{HUB_URL}/{RESULTS_REPO}/resolve/main/run-01"


async def speaking(stage: ScriptedStage) -> int:
    """A training that lets itself be heard with its first checkpoint."""
    if stage.phase == "train":
        spoken = stage.out / SPOKEN
        spoken.parent.mkdir(parents=True)
        spoken.write_bytes(b"RIFF")
        stage.emit("sample", step=25, path=SPOKEN, text="Hello there.")
    return await training(steps=60)(stage)


def card_of(harness: AgentHarness) -> str:
    return harness.results()["run-01/README.md"].read_text(encoding="utf-8")


@in_virtual_time
async def test_a_checkpoint_brings_the_page_along_and_the_last_commit_says_how_it_ended(
    tmp_path: Path,
) -> None:
    harness = AgentHarness(tmp_path, speaking)
    harness.rent()
    await harness.until("step", step=28)
    card = card_of(harness)
    _, _, written = card.partition("| Written | ")
    assert f"**It ran at {written.partition(';')[0]}.** Step 25 of 60 (42%)" in card
    assert f'Hello there.<br><audio controls src="{FILES}/{SPOKEN}"></audio>' in card
    assert f"![Each loss by step]({FILES}/card/curves.png)" in card
    assert harness.results()["run-01/card/curves.png"].read_bytes().startswith(PNG)
    assert "checkpoints/step-00000025.ckpt](" in card
    await harness.until_gone()
    card = card_of(harness)
    assert card.startswith("# run-01\n\n**The run finished.**\n")
    assert f"| Cost | \\${harness.record().cost_usd:.2f}, at most \\$" in card
    assert "Ends itself by" not in card
    assert "[Its page](run-01/README.md)" in harness.results()["README.md"].read_text()
    assert not [file["path"] for file in harness.ended["delivered"] if "README" in file["path"]]


@in_virtual_time
async def test_the_page_names_no_dataset_and_no_key(tmp_path: Path) -> None:
    async def script(stage: ScriptedStage) -> int:
        if stage.phase == "train":
            save(stage, 5)
            await asyncio.sleep(60)
            stage.emit(
                "warning", code="bad", message=f"{CLIPS_REPO} has no clip for {WRITE_TOKEN}."
            )
            return 2
        return 0

    harness = AgentHarness(tmp_path, script)
    harness.rent()
    await harness.until_gone()
    card = card_of(harness)
    assert harness.ended["reason"] == EndReason.FAILED
    assert "**The run failed.** (a dataset) has no clip for" in card
    assert CLIPS_REPO not in card
    assert WRITE_TOKEN not in card
    assert "Batch size" in card


class NoPages(HuggingFace):
    """A Hub that takes no commit with a run's page in it."""

    def publish(self, files: Mapping[str, Path | bytes], message: str, **more: Any) -> Receipt:
        if "run-01/README.md" in files:
            raise HubTrouble("The Hub answered 400.", is_refusal=True, is_about_files=True)
        return super().publish(files, message, **more)


@pytest.mark.promise("results-all")
@in_virtual_time
async def test_a_page_that_the_hub_does_not_take_costs_no_result(tmp_path: Path) -> None:
    harness = AgentHarness(tmp_path, training(steps=60), hub_class=NoPages)
    harness.rent()
    await harness.until_gone()
    assert harness.ended["not_delivered"] == []
    assert harness.record().state == "ended"
    assert "run-01/voice/demo.onnx" in harness.results()
    assert "run-01/README.md" not in harness.results()


@in_virtual_time
async def test_a_restarted_pod_draws_the_curve_from_its_beginning(tmp_path: Path) -> None:
    harness = AgentHarness(tmp_path, training(steps=40))
    harness.rent()
    await harness.until("step", step=28)
    harness.containers[-1].kill()
    await harness.until_gone()
    (row,) = [line for line in card_of(harness).splitlines() if line.startswith("| mel |")]
    assert row.startswith("| mel | 10 |")


RECORD = RunRecord(
    run_id="run-01", attempt=1, nonce="n", state="running", contract=1, recipe="piper",
    created_at=NOW, deadline=NOW, cost_usd=0.42, gpu="RTX 4090", gpu_count=1, price_per_hour_usd=0.34,
)  # fmt: skip


def drawn(
    *said: Any, record: RunRecord = RECORD, files: Mapping[str, int] | None = None, **settings: Any
) -> str:
    course = Course()
    for body in said:
        course.heard(body)
    return RunCard(
        record=record,
        course=course,
        settings=RunSettings(**settings),
        place=Place(HUB_URL, RESULTS_REPO, ResultsFolder("run-01")),
        written_at=NOW,
        files=files or {},
    ).markdown(has_picture=False)


def test_a_page_that_no_newer_one_follows_claims_nothing_of_later() -> None:
    card = drawn(Step(step=3, losses={}, total_steps=4))
    assert "**It ran at 2026-11-27 03:10 UTC.** Step 3 of 4 (75%)." in card
    assert f"| Ends itself by | {NOW:%Y-%m-%d %H:%M} UTC, whatever this page says |" in card


def test_what_others_wrote_is_text_and_no_markup() -> None:
    evil = "![x](http://evil.test/a.png) <script>a|b</script> `c`"
    card = drawn(
        Sample(step=1, path="samples/1.wav", text=evil),
        Step(step=1, losses={"<img src=x>|": 1.0}),
        files={"run-01/samples/1.wav": 4, "run-01/files/<b>|x": 1},
    )
    assert "<script" not in card
    assert "<img src=x>" not in card
    assert "<b>" not in card
    assert "!\\[x\\](http" in card
    assert "a\\|b" in card


def test_a_sample_that_is_not_in_the_repo_yet_is_no_broken_player() -> None:
    sample = Sample(step=1, path="samples/1.wav", text="Hello.")
    assert "<audio" not in drawn(sample)
    assert "<audio" in drawn(sample, files={"run-01/samples/1.wav": 4})


def test_pictures_are_shown_and_texts_linked() -> None:
    samples = [
        Sample(step=1, path=f"samples/1.{ending}", text="A dog") for ending in ("png", "mp4", "txt")
    ]
    card = drawn(*samples, files={f"run-01/{one.path}": 1 for one in samples})
    assert f'<img src="{FILES}/samples/1.png" alt="Sample">' in card
    assert f'<video controls src="{FILES}/samples/1.mp4"></video>' in card
    assert f"[A dog]({HUB_URL}/{RESULTS_REPO}/blob/main/run-01/samples/1.txt)" in card


def test_settings_that_name_datasets_or_files_of_the_computer_are_left_out() -> None:
    shown = {
        "dataset_repo": "me/secret-clips",
        "more_datasets": ["me/more-secret"],
        "argv": ["train", "--data", "me/secret-clips"],
        "bring": ["/home/anna/private.py"],
        "input": ["me/other-secret"],
        "batch_size": 16,
    }
    record = RECORD.model_copy(update={"settings": shown})
    card = drawn(record=record, dataset_repo="me/secret-clips", more_datasets=("me/more-secret",))
    assert "secret" not in card
    assert "/home/anna" not in card
    assert "train --data (a dataset)" in card
    assert "| Batch size | 16 clips |" in card


def test_a_folder_of_a_thousand_files_is_no_endless_list() -> None:
    card = drawn(files={f"run-01/files/{number:04}": 1 for number in range(1_000)})
    assert card.count("\n- [files/") == FILES_LISTED
    assert "and 940 more files" in card


def test_the_newest_samples_take_the_place_of_earlier_ones() -> None:
    course = Course()
    for step in (1, 2):
        course.heard(Sample(step=step, path=f"samples/{step}/a.wav", text="a"))
        course.heard(Sample(step=step, path=f"samples/{step}/b.wav", text="b"))
    for name in ("reference", "reference-02"):
        course.heard(Sample(step=0, path=f"samples/{name}.wav", kind="reference"))
    course.heard(CheckpointWritten(step=2, path="x", size_bytes=1, is_best=True))
    assert [one.path for one in course.samples] == ["samples/2/a.wav", "samples/2/b.wav"]
    assert course.reference is not None
    assert course.reference.path == "samples/reference.wav"
    assert course.best is not None
