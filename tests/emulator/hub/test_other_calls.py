"""The remaining calls of the library that a training run may use."""

from __future__ import annotations

from pathlib import Path

import pytest
from huggingface_hub import CommitOperationAdd, CommitOperationCopy, HfFileSystem
from huggingface_hub.errors import HfHubHTTPError

from launcher.emulator.hub import HubEmulator


@pytest.fixture
def api(client):
    made = client()
    made.create_repo("demo/voice")
    return made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "folder"
    made.mkdir()
    return made


def put(api, **contents: bytes) -> str:
    operations = [CommitOperationAdd(name, content) for name, content in contents.items()]
    return api.create_commit("demo/voice", operations, commit_message="Put").oid


def test_a_dry_run_tells_the_sizes_before_anything_is_fetched(api, emulator: HubEmulator, tmp_path):
    put(api, a=b"1234", b=b"56")
    rows = api.snapshot_download("demo/voice", local_dir=tmp_path / "back", dry_run=True)
    assert {row.filename: row.file_size for row in rows if row.filename in "ab"} == {"a": 4, "b": 2}
    assert not (tmp_path / "back" / "a").exists()


def test_a_pinned_snapshot_that_is_complete_asks_nothing(api, emulator: HubEmulator, tmp_path):
    oid = put(api, a=b"1234")
    for _ in range(2):
        emulator.core.log.clear()
        api.snapshot_download("demo/voice", revision=oid, local_dir=tmp_path / "back")
    assert emulator.core.log == []


def test_repos_of_an_account_are_listed_newest_first_and_page_by_page(api, monkeypatch):
    monkeypatch.setattr("launcher.emulator.hub.listings.MOST_LISTED", 2)
    for name in ("b", "c", "d"):
        api.create_repo(f"demo/{name}", private=name == "c")
    put(api, a=b"1")  # demo/voice, which was made first, is the newest now
    asked = {"author": "demo", "sort": "last_modified", "expand": ["private", "lastModified"]}
    rows = list(api.list_models(**asked))
    assert [row.id for row in rows] == ["demo/voice", "demo/d", "demo/c", "demo/b"]
    assert [row.private for row in rows] == [False, False, True, False]
    assert rows[0].last_modified >= rows[1].last_modified
    assert rows[0].sha is None  # not asked for
    assert [row.id for row in api.list_models(**asked, limit=1)] == ["demo/voice"]


def test_uploading_a_folder_can_replace_what_was_there(api, folder):
    put(api, **{"checkpoints/1.txt": b"1"})
    (folder / "2.txt").write_bytes(b"2")
    api.upload_folder(
        repo_id="demo/voice",
        folder_path=folder,
        path_in_repo="checkpoints",
        allow_patterns="*.txt",
        delete_patterns="*",
    )
    assert set(api.list_repo_files("demo/voice")) == {".gitattributes", "checkpoints/2.txt"}


def test_an_upload_in_the_background_keeps_its_order(api):
    futures = [
        api.upload_file(
            path_or_fileobj=str(number).encode(),
            path_in_repo="a.txt",
            repo_id="demo/voice",
            run_as_future=True,
        )
        for number in range(3)
    ]
    oids = [future.result(timeout=30).oid for future in futures]
    assert [commit.commit_id for commit in api.list_repo_commits("demo/voice")][:3] == oids[::-1]


def test_small_and_large_files_can_be_copied_inside_a_repo(api):
    put(api, small=b"1", large=bytes(150_000))
    api.create_commit(
        "demo/voice",
        [CommitOperationCopy("small", "copy/small"), CommitOperationCopy("large", "copy/large")],
        commit_message="Copy",
    )
    rows = {row.path: row for row in api.list_repo_tree("demo/voice", recursive=True)}
    assert rows["copy/large"].lfs.sha256 == rows["large"].lfs.sha256
    assert rows["copy/small"].blob_id == rows["small"].blob_id


def test_the_repo_can_be_read_as_a_file_system(api, emulator: HubEmulator):
    put(api, **{"run/log.txt": b"0123456789", "large": bytes(range(256)) * 600})
    files = HfFileSystem(endpoint=emulator.url, token=emulator.tokens["read"])
    assert files.cat("demo/voice/run/log.txt") == b"0123456789"
    with files.open("demo/voice/large", "rb") as stream:
        stream.seek(1000)
        assert stream.read(4) == bytes([1000 % 256 + n for n in range(4)])


def test_files_are_written_found_and_removed_as_in_a_file_system(emulator: HubEmulator, api):
    files = HfFileSystem(endpoint=emulator.url, token=emulator.tokens["write"])
    files.write_text("demo/voice/run/new.txt", "hello")
    assert files.info("demo/voice/run/new.txt")["size"] == 5
    assert files.glob("demo/voice/**/*.txt") == ["demo/voice/run/new.txt"]
    files.rm("demo/voice/run/new.txt")
    assert not files.exists("demo/voice/run/new.txt")


def test_a_folder_of_many_files_arrives_complete_in_however_many_commits(api, folder, tmp_path):
    for number in range(300):
        (folder / f"{number:03d}.txt").write_text(str(number))
    api.upload_folder(repo_id="demo/voice", folder_path=folder)
    assert len(api.list_repo_files("demo/voice")) == 301
    back = Path(api.snapshot_download("demo/voice", local_dir=tmp_path / "back"))
    assert (back / "299.txt").read_text() == "299"


def test_the_stored_size_of_a_repo_counts_its_history(api):
    put(api, a=bytes(150_000))
    put(api, a=bytes(140_000))
    used = api.repo_info("demo/voice", expand=["usedStorage"]).used_storage
    assert used > 290_000


@pytest.mark.parametrize("name", ["a b", "..", "x..y", "", "end.lock", "a~1", "@", "/a", "a\\b"])
def test_a_tag_that_git_would_not_take_is_refused(api, name: str):
    with pytest.raises(HfHubHTTPError) as caught:
        api.create_tag("demo/voice", tag=name)
    assert caught.value.response.status_code == 400
    assert api.list_repo_refs("demo/voice").tags == []
