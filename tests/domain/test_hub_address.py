"""An address of the Hub, pasted whole, is the repo, revision and folder that it means."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from launcher.domain.hub_address import HubAddress, hub_address

DATASETS = [
    ("https://huggingface.co/datasets/me/clips", "", ""),
    ("https://huggingface.co/datasets/me/clips/", "", ""),
    ("https://huggingface.co/datasets/me/clips/tree/main", "main", ""),
    ("https://huggingface.co/datasets/me/clips/tree/main/audio/anna", "main", "audio/anna"),
    ("https://huggingface.co/datasets/me/clips/tree/v1.2/audio", "v1.2", "audio"),
    ("https://huggingface.co/datasets/me/clips/tree/refs%2Fpr%2F3/audio", "refs/pr/3", "audio"),
    ("https://huggingface.co/datasets/me/clips/tree/refs/convert/parquet", "refs/convert/parquet", ""),
    ("https://huggingface.co/datasets/me/clips/blob/main/audio/metadata.csv", "main", "audio"),
    ("https://huggingface.co/datasets/me/clips/resolve/main/metadata.csv?download=true", "main", ""),
    ("https://huggingface.co/datasets/me/clips/viewer/default/train?row=3", "", ""),
    ("https://huggingface.co/datasets/me/clips/discussions/4#abc", "", ""),
    ("http://www.huggingface.co/datasets/me/clips?library=datasets", "", ""),
    ("huggingface.co/datasets/me/clips", "", ""),
    ("https://hf.co/datasets/me/clips", "", ""),
    ("hf.co/datasets/me/clips/tree/main/a%20b", "main", "a b"),
    ("hf://datasets/me/clips", "", ""),
    ("hf://datasets/me/clips@v2/audio", "v2", "audio"),
    ("git@hf.co:datasets/me/clips.git", "", ""),
    ("https://hub.example.org/datasets/me/clips/tree/main/audio", "main", "audio"),
    ("datasets/me/clips", "", ""),
    ("datasets/me/clips/audio", "", "audio"),
    (" <https://huggingface.co/datasets/me/clips> ", "", ""),
]  # fmt: skip


@pytest.mark.parametrize(("typed", "revision", "folder"), DATASETS)
def test_an_address_of_a_dataset_is_taken_apart(typed: str, revision: str, folder: str) -> None:
    assert hub_address(typed) == HubAddress("me/clips", "dataset", revision, folder)


@pytest.mark.parametrize(
    ("typed", "revision", "folder"),
    [
        ("me/clips", "", ""),
        ("me/clips/audio/anna", "", "audio/anna"),
        ("me/clips/tree/main/audio", "main", "audio"),
        ("me/clips@v2", "v2", ""),
        ("me/clips.git", "", ""),
    ],
)
def test_a_name_with_more_behind_it_is_taken_apart(typed: str, revision: str, folder: str) -> None:
    assert hub_address(typed) == HubAddress("me/clips", "", revision, folder)


@pytest.mark.parametrize(
    ("typed", "kind"),
    [
        ("https://huggingface.co/me/voice", "model"),
        ("https://huggingface.co/me/voice/tree/main", "model"),
        ("hf://me/voice", "model"),
        ("https://huggingface.co/spaces/me/app", "space"),
        ("hf.co/spaces/me/app", "space"),
    ],
)
def test_an_address_says_of_which_kind_a_repo_is(typed: str, kind: str) -> None:
    found = hub_address(typed)
    assert found is not None
    assert found.kind == kind


@pytest.mark.parametrize(
    "typed",
    ["", "clips", "https://hf.co/me", "https://example.org/me/clips", "ftp://a/b/c", "../a/b", "me/clips/../x"],
)  # fmt: skip
def test_what_names_no_repo_is_none(typed: str) -> None:
    assert hub_address(typed) is None


def test_a_token_in_an_address_is_not_kept() -> None:
    found = hub_address("@".join(["https://me:word", "huggingface.co/datasets/me/clips"]))
    assert found == HubAddress("me/clips", "dataset")


@given(st.text(max_size=60))
def test_nothing_that_is_typed_breaks_it(typed: str) -> None:
    for each in (typed, f"https://huggingface.co/datasets/{typed}", f"me/clips/{typed}"):
        found = hub_address(each)
        assert found is None or ".." not in found.folder.split("/")
