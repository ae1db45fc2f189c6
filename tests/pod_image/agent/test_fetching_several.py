"""A pod with several datasets fetches each to a folder of its own, at its commit, and its record names them all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pod_image import hub as hugging_face
from pod_image.agent.ports import RunHub
from pod_image.contract.outcomes import EndReason
from tests.kit.clouds import CLIPS_REPO, HUB_URL, RESULTS_REPO, WRITE_TOKEN
from tests.kit.virtual_time import in_virtual_time
from tests.pod_image.agent.harness import AgentHarness, ScriptedStage, put_clips, training

MORE = "demo/more-clips"


def push(harness: AgentHarness, repo: str, text: str, table: str = "metadata.csv") -> str:
    """The commit that this made."""
    run = RunHub(HUB_URL, CLIPS_REPO, RESULTS_REPO, WRITE_TOKEN, WRITE_TOKEN)
    hub: Any = harness.hub_of(run)
    put_clips(hub)
    account, target = hub._writing, hugging_face.Repo(repo, "dataset")
    account.ask(
        "making a dataset",
        lambda api: api.create_repo(repo, repo_type="dataset", private=True, exist_ok=True),
    )
    files: dict[str, Path | bytes] = {table: text.encode()}
    return str(hugging_face.publish(account, target, files, "clips").commit)


@in_virtual_time
async def test_each_dataset_is_fetched_at_its_commit_and_recorded(tmp_path: Path) -> None:
    found: dict[str, str] = {}
    sizes: list[int] = []
    whole = training(steps=30)

    async def script(stage: ScriptedStage) -> int:
        if stage.phase == "prepare":
            folder = stage.spec.folder / "dataset"
            found.update(
                {
                    path.relative_to(folder).as_posix(): path.read_text()
                    for path in folder.rglob("metadata.csv")
                }
            )
            sizes.extend(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        return await whole(stage)

    harness = AgentHarness(tmp_path, script)
    first = push(harness, MORE, "old.flac|as it was\n")
    push(harness, MORE, "new.flac|as it is\n")
    document = harness.document(more_datasets=(MORE,))
    document = document.model_copy(update={"more_dataset_commits": (first,)})
    harness.rent(document)
    await harness.until_gone()
    assert harness.ended["reason"] == EndReason.FINISHED
    assert found == {
        "1-clips/metadata.csv": "clip.flac|hello\n",
        "2-more-clips/metadata.csv": "old.flac|as it was\n",
    }
    assert harness.record().more_dataset_commits == (first,)
    assert harness.record().settings["more_datasets"] == [MORE]
    progress = [each for each in harness.events("phase") if each.get("unit") == "bytes"]
    assert progress[-1]["done"] == progress[-1]["total"] == sum(sizes)


@in_virtual_time
async def test_a_further_dataset_that_cannot_be_read_ends_the_boot(tmp_path: Path) -> None:
    harness = AgentHarness(tmp_path, training(steps=30))
    harness.rent(harness.document(more_datasets=("demo/not-there",)))
    await harness.until_gone()
    assert harness.ended["reason"] == EndReason.BOOT_FAILED
    assert "demo/not-there" in harness.ended["detail"]


@in_virtual_time
async def test_of_a_further_dataset_in_a_folder_that_folder_alone_is_fetched(
    tmp_path: Path,
) -> None:
    found: list[str] = []
    whole = training(steps=30)

    async def script(stage: ScriptedStage) -> int:
        if stage.phase == "prepare":
            folder = stage.spec.folder / "dataset" / "2-more-clips"
            found.extend(
                path.relative_to(folder).as_posix() for path in folder.rglob("metadata.csv")
            )
        return await whole(stage)

    harness = AgentHarness(tmp_path, script)
    push(harness, MORE, "a.flac|Of all.\n")
    push(harness, MORE, "a.flac|Of Anna.\n", "anna/metadata.csv")
    harness.rent(harness.document(more_datasets=(f"{MORE}/anna",)))
    await harness.until_gone()
    assert harness.ended["reason"] == EndReason.FINISHED
    assert found == ["anna/metadata.csv"]
