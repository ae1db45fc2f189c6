"""Pasted addresses become settings; an address of another kind is said as that."""

from __future__ import annotations

from typing import Any

import pytest

from launcher.cli.terminal.next_steps import in_terminal
from launcher.config import read_config
from launcher.errors import InvalidRequest
from launcher.services import datasets
from launcher.services.planning.compose import compose, compose_so_far
from pod_image.contract.settings import RunSettings

ADDRESS = "https://huggingface.co/datasets/me/clips/tree/v2/audio/anna?x=1"


def settings(**given: str) -> RunSettings:
    return compose(None, given, check_required=False).settings


def test_an_address_gives_repo_revision_and_folder() -> None:
    found = settings(dataset_repo=ADDRESS, results_repo="https://hf.co/me/voices")
    assert (found.dataset_repo, found.dataset_revision) == ("me/clips", "v2")
    assert (found.dataset_folder, found.results_repo) == ("audio/anna", "me/voices")


def test_a_form_that_is_not_filled_yet_reads_it_too() -> None:
    found = compose_so_far(None, {"dataset_repo": ADDRESS}).settings
    assert (found.dataset_repo, found.dataset_folder) == ("me/clips", "audio/anna")


def test_an_address_that_contradicts_what_is_given_beside_it_is_refused() -> None:
    with pytest.raises(InvalidRequest) as refused:
        settings(dataset_repo=ADDRESS, dataset_revision="v3")
    assert "asks for v2" in in_terminal(refused.value.message)
    usual = "https://huggingface.co/datasets/me/clips/tree/main"
    assert settings(dataset_repo=usual, dataset_revision="v3").dataset_revision == "v3"


def test_several_datasets_may_be_addresses() -> None:
    given = {"dataset_repo": [ADDRESS, "https://hf.co/datasets/me/more/tree/v1", "me/third@v4"]}
    found = compose(None, given, check_required=False).settings
    assert (found.dataset_repo, found.dataset_revision) == ("me/clips", "v2")
    assert found.more_datasets == ("me/more@v1", "me/third@v4")


def test_further_datasets_may_be_folders_and_a_composed_run_is_composed_alike_again() -> None:
    given: dict[str, Any] = {"dataset_repo": ["me/a", "me/b/audio", ADDRESS]}
    found = compose(None, given, check_required=False).settings
    assert found.more_datasets == ("me/b/audio", "me/clips/audio/anna@v2")
    again = {"dataset_repo": "me/a", "more_datasets": list(found.more_datasets)}
    assert compose(None, again, check_required=False).settings == found


@pytest.mark.parametrize(
    ("name", "typed", "what"),
    [
        ("dataset_repo", "https://huggingface.co/me/voice", "the address of a model"),
        ("dataset_repo", "https://huggingface.co/spaces/me/app", "the address of a Space"),
        ("results_repo", "https://huggingface.co/datasets/me/clips", "the address of a dataset"),
    ],
)
def test_an_address_of_another_kind_is_said_as_that(name: str, typed: str, what: str) -> None:
    with pytest.raises(InvalidRequest, match=what):
        settings(**{name: typed})


def test_a_dataset_to_check_may_be_an_address() -> None:
    place = datasets.find_dataset(read_config(), ADDRESS)
    assert (place.repo, place.revision, place.inside) == ("me/clips", "v2", "audio/anna")


def test_a_dataset_is_not_pushed_into_a_folder_of_a_repo() -> None:
    assert datasets.find_repo("https://huggingface.co/datasets/me/clips") == "me/clips"
    with pytest.raises(InvalidRequest, match="is a folder in me/clips"):
        datasets.find_repo("me/clips/audio")


@pytest.mark.parametrize("folder", ["/etc/ssl", "/home/me/clips"])
def test_a_folder_is_no_repo_although_a_run_may_take_its_dataset_from_one(folder: str) -> None:
    """Whoever may name repos alone, as a client of `launcher serve`, would read any folder by it."""
    with pytest.raises(InvalidRequest, match="but a repo is needed here"):
        datasets.find_repo(folder)


@pytest.mark.parametrize(
    ("typed", "word"),
    [
        ("https://huggingface.co/me/base/tree/main", "me/base"),
        ("huggingface.co/me/base/tree/v2:models/base", "me/base@v2:models/base"),
        ("https://hf.co/datasets/me/clips/tree/v1?x=1:data", "datasets/me/clips@v1:data"),
        ("hf://me/base", "me/base"),
        ("me.x/base.v1@v2:data", "me.x/base.v1@v2:data"),
    ],
)
def test_an_input_may_be_an_address_with_a_folder_behind_it(typed: str, word: str) -> None:
    given: dict[str, Any] = {"recipe": "command", "input": [typed]}
    found = compose(None, given, check_required=False).settings
    assert found.model_dump()["input"] == (word,)
