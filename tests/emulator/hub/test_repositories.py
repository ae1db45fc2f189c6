"""Repos, their history and their names, through the unmodified library."""

from __future__ import annotations

import pytest
from huggingface_hub import CommitOperationAdd, CommitOperationDelete
from huggingface_hub.errors import (
    EntryNotFoundError,
    HfHubHTTPError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)


@pytest.fixture
def api(client):
    made = client()
    made.create_repo("demo/voice", private=True)
    return made


def add(api, path, content=b"x", **options):
    return api.create_commit(
        "demo/voice",
        [CommitOperationAdd(path, content)],
        commit_message=options.pop("message", f"Add {path}"),
        **options,
    )


def test_creating_a_repo_twice_is_an_error_unless_that_is_expected(api):
    with pytest.raises(HfHubHTTPError, match="already created") as refused:
        api.create_repo("demo/voice")
    assert refused.value.response.status_code == 409
    assert api.create_repo("demo/voice", exist_ok=True).repo_id == "demo/voice"


def test_a_read_token_and_a_one_repo_token_cannot_create(client):
    for label in ("read", "one repo", "stranger"):
        with pytest.raises(HfHubHTTPError, match="don't have the rights to create a dataset"):
            client(label).create_repo("demo/clips", repo_type="dataset")


def test_a_member_may_create_in_the_organisation(client):
    assert client().create_repo("lab/voice").repo_id == "lab/voice"


def test_model_and_dataset_of_one_name_are_two_repos(api):
    api.create_repo("demo/voice", repo_type="dataset")
    add(api, "a.txt")
    assert "a.txt" not in api.list_repo_files("demo/voice", repo_type="dataset")


def test_names_are_found_without_regard_to_case(api):
    assert api.repo_info("Demo/VOICE").id == "demo/voice"


def test_move_delete_and_visibility(api, client):
    add(api, "a.txt")
    api.move_repo("demo/voice", "demo/renamed")
    assert "a.txt" in api.list_repo_files("demo/renamed")
    assert not api.repo_exists("demo/voice")
    api.update_repo_settings("demo/renamed", visibility="public")
    assert client(None).repo_exists("demo/renamed")
    api.delete_repo("demo/renamed")
    assert not api.repo_exists("demo/renamed")


def test_repos_are_listed_by_owner_and_private_ones_to_their_owner_only(api, client):
    api.create_repo("demo/public")
    assert {repo.id for repo in api.list_models(author="demo")} == {"demo/voice", "demo/public"}
    assert [repo.id for repo in client(None).list_models(author="demo")] == ["demo/public"]


def test_every_commit_is_in_the_history_newest_first(api):
    for number in range(7):  # more than a page
        add(api, "a.txt", str(number).encode(), message=f"Version {number}")
    titles = [commit.title for commit in api.list_repo_commits("demo/voice")]
    assert titles == [*(f"Version {n}" for n in range(6, -1, -1)), "initial commit"]


def test_a_commit_on_a_stale_parent_is_refused_and_changes_nothing(api):
    parent = api.repo_info("demo/voice").sha
    add(api, "a.txt", parent_commit=parent)
    with pytest.raises(HfHubHTTPError, match="A commit has happened since") as refused:
        add(api, "b.txt", parent_commit=parent)
    assert refused.value.response.status_code == 412
    assert "b.txt" not in api.list_repo_files("demo/voice")


def test_adding_and_deleting_happen_in_one_commit_or_not_at_all(api):
    add(api, "old/1.pt")
    before = api.repo_info("demo/voice").sha
    with pytest.raises(EntryNotFoundError):
        api.create_commit(
            "demo/voice",
            [CommitOperationAdd("new/2.pt", b"2"), CommitOperationDelete("missing.pt")],
            commit_message="half",
        )
    assert api.repo_info("demo/voice").sha == before
    api.create_commit(
        "demo/voice",
        [CommitOperationAdd("new/2.pt", b"2"), CommitOperationDelete("old/", is_folder=True)],
        commit_message="Rotate",
    )
    assert set(api.list_repo_files("demo/voice")) == {".gitattributes", "new/2.pt"}


def test_unchanged_content_makes_no_commit(api):
    first = add(api, "a.txt", b"same")
    large = bytes(200_000)
    second = add(api, "b.onnx", large)
    assert first.oid != second.oid
    assert add(api, "a.txt", b"same").oid == second.oid
    assert add(api, "b.onnx", large).oid == second.oid


@pytest.mark.parametrize("path", ["a/../b.txt", "a//b.txt", ".git/config"])
def test_a_path_that_leaves_the_repo_is_refused(emulator, path):
    import json

    import httpx2

    headers = {"Authorization": "Bearer demo-write"}
    httpx2.post(f"{emulator.url}/api/repos/create", json={"name": "voice"}, headers=headers)
    lines = [
        {"key": "header", "value": {"summary": "x"}},
        {"key": "file", "value": {"path": path, "content": "eA==", "encoding": "base64"}},
    ]
    answer = httpx2.post(
        f"{emulator.url}/api/models/demo/voice/commit/main",
        content="\n".join(json.dumps(line) for line in lines),
        headers=headers,
    )
    assert answer.status_code == 400
    assert "Invalid path" in answer.json()["error"]


def test_branches_and_tags_pin_a_commit(api):
    first = add(api, "a.txt", b"1").oid
    api.create_branch("demo/voice", branch="exp/1", revision=first)
    api.create_tag("demo/voice", tag="v1", revision=first)
    add(api, "a.txt", b"2")
    api.create_commit(
        "demo/voice",
        [CommitOperationAdd("only-here.txt", b"x")],
        commit_message="side",
        revision="exp/1",
    )
    assert "only-here.txt" in api.list_repo_files("demo/voice", revision="exp/1")
    assert "only-here.txt" not in api.list_repo_files("demo/voice")
    assert api.repo_info("demo/voice", revision="v1").sha == first
    refs = api.list_repo_refs("demo/voice")
    assert {ref.name for ref in refs.branches} == {"main", "exp/1"}
    assert [tag.name for tag in refs.tags] == ["v1"]
    with pytest.raises(HfHubHTTPError):
        api.create_tag("demo/voice", tag="v1")
    api.delete_tag("demo/voice", tag="v1")
    api.delete_branch("demo/voice", branch="exp/1")
    assert not api.revision_exists("demo/voice", "exp/1")


def test_squashing_leaves_the_files_and_one_commit(api):
    add(api, "a.txt", b"1")
    add(api, "a.txt", b"2")
    api.super_squash_history("demo/voice")
    assert len(api.list_repo_commits("demo/voice")) == 1
    assert "a.txt" in api.list_repo_files("demo/voice")


def test_large_files_of_the_past_can_be_listed_and_removed_for_good(api):
    add(api, "ck/1.pt", bytes(150_000))
    api.create_commit("demo/voice", [CommitOperationDelete("ck/1.pt")], commit_message="Rotate")
    rows = list(api.list_lfs_files("demo/voice"))
    assert [row.filename for row in rows] == ["ck/1.pt"]
    api.permanently_delete_lfs_files("demo/voice", rows)
    assert list(api.list_lfs_files("demo/voice")) == []


def test_the_listing_comes_in_pages_and_gives_folders_sizes_and_checksums(api):
    names = [f"clips/{number:02d}.txt" for number in range(12)]
    api.create_commit(
        "demo/voice",
        [CommitOperationAdd(name, name.encode()) for name in names],
        commit_message="Add clips",
    )
    rows = list(api.list_repo_tree("demo/voice", recursive=True, expand=True))
    assert [row.path for row in rows] == [".gitattributes", "clips", *names]
    assert rows[2].size == len(names[0])
    assert rows[2].last_commit.title == "Add clips"
    assert [row.path for row in api.list_repo_tree("demo/voice")] == [".gitattributes", "clips"]


def test_paths_info_leaves_out_what_is_absent(api):
    add(api, "a/b.txt")
    rows = api.get_paths_info("demo/voice", ["a/b.txt", "a", "nope.txt"])
    assert [row.path for row in rows] == ["a/b.txt", "a"]


def test_what_does_not_exist_has_its_own_error(api):
    with pytest.raises(RepositoryNotFoundError):
        api.repo_info("demo/nothing")
    with pytest.raises(RevisionNotFoundError):
        api.repo_info("demo/voice", revision="nothing")
    with pytest.raises(EntryNotFoundError):
        list(api.list_repo_tree("demo/voice", "nothing"))
    with pytest.raises(EntryNotFoundError):
        api.hf_hub_download("demo/voice", "nothing.txt")
    assert not api.file_exists("demo/voice", "nothing.txt")
