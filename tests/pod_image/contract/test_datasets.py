"""One dataset or several: what a run's settings name, and what older documents and records say."""

from __future__ import annotations

import json

import pytest
from pydantic import ValidationError

from pod_image.contract.contract_error import ContractError
from pod_image.contract.datasets import chosen_datasets, speaker_apart
from pod_image.contract.environment import RunDocument
from pod_image.contract.record import RunRecord
from pod_image.contract.settings import RunSettings
from tests.kit.run_documents import run_document


def test_one_dataset_is_the_folder_itself_and_several_have_one_each() -> None:
    (only,) = chosen_datasets(RunSettings(dataset_repo="me/clips", dataset_revision="v1"))
    assert (only.repo, only.revision, only.name, only.folder) == ("me/clips", "v1", "me/clips", "")
    several = RunSettings(dataset_repo="me/clips", more_datasets=["ann/talks@v2", "me/more"])
    assert [(each.repo, each.revision, each.folder) for each in chosen_datasets(several)] == [
        ("me/clips", "main", "1-clips"),
        ("ann/talks", "v2", "2-talks"),
        ("me/more", "main", "3-more"),
    ]
    assert chosen_datasets(RunSettings(recipe="command")) == ()


def test_datasets_of_one_short_name_and_two_revisions_of_one_are_told_apart() -> None:
    owners = chosen_datasets(RunSettings(dataset_repo="ann/clips", more_datasets=["ben/clips"]))
    assert [each.called for each in owners] == ["ann/clips", "ben/clips"]
    revisions = chosen_datasets(RunSettings(dataset_repo="me/a", more_datasets=["me/a@old"]))
    assert [each.name for each in revisions] == ["me/a@main", "me/a@old"]
    assert len({speaker_apart(each, "ann") for each in (*owners, *revisions)}) == 4
    assert speaker_apart(owners[0], None) == "ann/clips"


def test_a_further_dataset_may_be_a_folder_of_a_repo() -> None:
    several = RunSettings(
        dataset_repo="me/a",
        dataset_folder="ann",
        more_datasets=["me/b/audio/ben@v2", "me/a/ben", "me/a/ben@v3"],
    )
    found = [(each.repo, each.inside, each.revision) for each in chosen_datasets(several)]
    assert found == [
        ("me/a", "ann", "main"),
        ("me/b", "audio/ben", "v2"),
        ("me/a", "ben", "main"),
        ("me/a", "ben", "v3"),
    ]
    names = [each.name for each in chosen_datasets(several)]
    assert names == ["me/a/ann", "me/b", "me/a/ben@main", "me/a/ben@v3"]
    folders = [each.folder for each in chosen_datasets(several)]
    assert folders == ["1-a", "2-b", "3-a", "4-a"]


@pytest.mark.parametrize(
    "word", ["clips", "me/clips@", "me/clips/", "me/clips/../x", "-x/clips", "me/cl ips"]
)
def test_what_is_no_repo_is_no_further_dataset(word: str) -> None:
    with pytest.raises(ValidationError):
        RunSettings(dataset_repo="me/a", more_datasets=[word])


def test_a_document_of_the_first_contract_is_still_read() -> None:
    document = json.loads(run_document(dataset_commit="c" * 40).to_json())
    document["contract"] = 1
    del document["more_dataset_commits"]
    for name in ("more_datasets", "dataset_shares", "dataset_speakers"):
        del document["settings"][name]
    read = RunDocument.from_json(json.dumps(document))
    assert (read.dataset_commit, read.more_dataset_commits) == ("c" * 40, ())
    assert len(chosen_datasets(read.settings)) == 1


def test_a_document_of_a_contract_to_come_is_refused() -> None:
    text = run_document().to_json().replace('"contract":2', '"contract":3')
    with pytest.raises(
        ContractError, match="understands contract version 2, but the launcher sent version 3"
    ):
        RunDocument.from_json(text)


def test_a_record_of_an_earlier_release_has_one_commit() -> None:
    record = RunRecord.from_json(
        json.dumps(
            {"run_id": "run-01", "attempt": 1, "nonce": "0123456789", "state": "ended", "contract": 1,
             "recipe": "piper", "dataset_commit": "a" * 40}
        )
    )  # fmt: skip
    assert record is not None
    assert (record.dataset_commit, record.more_dataset_commits) == ("a" * 40, ())
