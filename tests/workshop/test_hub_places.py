"""A dataset in a folder of a repo, and repos of another kind than the one that is asked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from launcher.cli.terminal.next_steps import in_terminal
from launcher.hub.access import HubAccess, check_access
from launcher.services.planning.dataset_look import look, look_at_all
from launcher.services.planning.dataset_names import twice_findings
from launcher.workshop.check import CheckSettings
from launcher.workshop.hub_source import look_over_repo
from pod_image.contract.datasets import chosen_datasets
from pod_image.contract.paths import RunFolder
from pod_image.contract.settings import RunSettings
from pod_image.hub import Hub, Repo, RepoMissing, fetch, files_below, publish
from pod_image.recipes.piper.prepared import read_prepared
from pod_image.recipes.piper.stages import prepare_stage
from tests.kit.recordings import talk, write_sound
from tests.kit.run_documents import run_document

CLIPS = Repo("demo/clips", "dataset")


def published(hub: Hub, tmp_path: Path) -> str:
    """A repo with one clip in audio/anna, and another dataset at its root."""
    said = write_sound(tmp_path / "a.flac", talk(1).wave)
    files: dict[str, Path | bytes] = {
        "metadata.csv": b"absent|Nothing of this.\n",
        "audio/anna/metadata.csv": b"a|A clip of Anna, with some words.\n",
        "audio/anna/wavs/a.flac": said,
        "audio/ben/wavs/b.flac": said,
    }
    hub.ask("", lambda api: api.create_repo(CLIPS.id, repo_type="dataset"))
    return publish(hub, CLIPS, files, "clips").commit


def test_a_folder_of_a_repo_is_looked_over_alone(hub: Hub, tmp_path: Path) -> None:
    commit = published(hub, tmp_path)
    summary, findings = look(hub, CLIPS.id, commit, folder="audio/anna")
    assert summary.clips == 1
    assert summary.minutes
    assert "file-absent" not in {each.code for each in findings}
    report = look_over_repo(hub, CLIPS.id, CheckSettings(deep=True), commit, folder="audio/anna")
    assert (report.dataset, report.clips_heard) == ("demo/clips/audio/anna", 1)


def test_two_folders_of_one_repo_are_two_datasets(hub: Hub, tmp_path: Path) -> None:
    commit = published(hub, tmp_path)
    settings = RunSettings(
        dataset_repo=CLIPS.id, dataset_folder="audio/anna", more_datasets=[f"{CLIPS.id}/audio/ben"]
    )
    chosen = chosen_datasets(settings)
    summary, findings = look_at_all(hub, [(each, commit) for each in chosen])
    parts = [(part.name, part.clips) for part in summary.parts]
    assert parts == [("demo/clips/audio/anna", 1), ("demo/clips/audio/ben", 0)]
    assert any("demo/clips/audio/ben" in str(each.message) for each in findings)
    assert twice_findings(chosen) == ()
    (twice,) = twice_findings((*chosen, chosen[1]))
    assert twice.message == "The dataset demo/clips/audio/ben is given twice."


def test_of_a_folder_alone_the_pod_fetches_and_prepares(hub: Hub, tmp_path: Path) -> None:
    commit = published(hub, tmp_path)
    settings = RunSettings(
        dataset_repo=CLIPS.id, results_repo="demo/v", dataset_folder="audio/anna", quality="low"
    )
    folder = RunFolder(tmp_path / "pod")
    fetch(hub, CLIPS, commit, folder.dataset, files_below(settings.dataset_folder))
    fetched = {each.name for each in folder.dataset.rglob("*") if each.is_file()}
    assert "a.flac" in fetched
    assert "b.flac" not in fetched
    prepare_stage(run_document(settings=settings), folder, lambda event: None)
    assert [clip.text for clip in read_prepared(folder.prepared).clips] == [
        "A clip of Anna, with some words."
    ]


@pytest.mark.parametrize("kind", ["model", "space"])
def test_a_model_or_a_space_given_as_a_dataset_is_said(hub: Hub, kind: str) -> None:
    sdk = "static" if kind == "space" else None
    hub.ask("", lambda api: api.create_repo("demo/voice", repo_type=kind, space_sdk=sdk))
    with pytest.raises(RepoMissing) as refused:
        look_over_repo(hub, "demo/voice", CheckSettings())
    name = {"model": "a model", "space": "a Space"}[kind]
    assert in_terminal(refused.value.message) == f"demo/voice is {name}, and not a dataset."


async def test_a_plan_says_of_which_kind_a_repo_is(hub: Hub, tmp_path: Path) -> None:
    published(hub, tmp_path)
    hub.ask("", lambda api: api.create_repo("demo/voice", repo_type="model"))
    access = HubAccess(hub, hub)
    told = [
        in_terminal(each.message)
        for each in (await check_access(access, [("demo/voice", "main")], "demo/x")).findings
    ]
    assert any("demo/voice is a model, and not a dataset" in each for each in told)
    told = [
        in_terminal(each.message)
        for each in (await check_access(access, [(CLIPS.id, "main")], CLIPS.id)).findings
    ]
    assert any("demo/clips is a dataset: the results go into a model repo" in each for each in told)
