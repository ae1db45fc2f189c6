"""A folder in place of a repo: versions, tags, proofs, and what a kill at any moment leaves of a change."""

from __future__ import annotations

import errno
import fcntl
import json
import multiprocessing
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pod_image.folder_store import folder as store
from pod_image.folder_store.below import Below
from pod_image.folder_store.contents import FileSums
from pod_image.folder_store.folder import OwnFolder
from pod_image.folder_store.trouble import FolderFault, FolderTrouble


@pytest.fixture
def folder(tmp_path: Path) -> OwnFolder:
    found = OwnFolder(tmp_path / "voices")
    assert found.ensure()
    return found


def open_files(folder: OwnFolder) -> dict[str, bytes]:
    return {
        path.relative_to(folder.root).as_posix(): path.read_bytes()
        for path in folder.root.rglob("*")
        if path.is_file() and store.OURS not in path.parts
    }


def test_what_is_put_lies_open_and_is_known_by_its_hash(folder: OwnFolder, tmp_path: Path) -> None:
    (tmp_path / "voice.onnx").write_bytes(b"a voice")
    commit = folder.put(
        {"run-01/voice.onnx": tmp_path / "voice.onnx", "run-01/run.json": b"{}"}, ""
    )
    assert open_files(folder) == {"run-01/voice.onnx": b"a voice", "run-01/run.json": b"{}"}
    assert folder.files() == folder.proven(commit, folder.files().keys())
    assert folder.commit() == folder.commit("main") == commit
    assert not folder.ensure()


def test_what_is_there_already_makes_no_new_version(folder: OwnFolder) -> None:
    commit = folder.put({"a": b"1"}, "")
    assert folder.put({"a": b"1"}, "again", deletes=["b"]) == commit
    assert folder.put({"a": b"2"}, "") != commit


def test_a_tagged_version_keeps_its_files_and_others_take_no_room(folder: OwnFolder) -> None:
    first = folder.put({"run-01/a": b"first", "run-01/b": b"same"}, "")
    folder.tag(first, "run-01")
    second = folder.put({"run-01/a": b"second"}, "", deletes=["run-01/b"])
    third = folder.put({"run-01/a": b"third"}, "")
    assert folder.tags() == {"run-01": first}
    assert folder.read("run-01", "run-01/a", 0, 99) == b"first"
    assert folder.read(first, "run-01/b", 1, 2) == b"am"
    assert set(folder.files("run-01")) == {"run-01/a", "run-01/b"}
    assert folder.read(third, "run-01/a", 0, 99) == b"third"
    with pytest.raises(FolderTrouble) as trouble:
        folder.read(second, "run-01/a", 0, 99)
    assert trouble.value.fault is FolderFault.NOT_IN_IT
    kept = list((folder.ours / "kept").iterdir())
    assert sorted(path.read_bytes() for path in kept) == [b"first", b"same"]
    folder.tag(third, "run-01")  # a name that is taken means what it meant
    assert folder.tags() == {"run-01": first}


@pytest.mark.promise("results-verified")
def test_a_file_that_was_changed_on_the_disk_is_found_out(folder: OwnFolder) -> None:
    commit = folder.put({"run-01/a": b"delivered", "run-01/b": b"too"}, "")
    (folder.root / "run-01" / "a").write_bytes(b"something")
    (folder.root / "run-01" / "b").unlink()
    listed = folder.files()
    proven = folder.proven(commit, listed.keys())
    assert proven.keys() == {"run-01/a"}
    assert proven["run-01/a"] != listed["run-01/a"]


def test_a_file_of_the_persons_own_is_not_written_over(folder: OwnFolder) -> None:
    (folder.root / "run-01").mkdir()
    (folder.root / "run-01" / "notes.txt").write_text("mine")
    (folder.root / "README.md").write_text("mine too")
    with pytest.raises(FolderTrouble) as trouble:
        folder.put({"run-01/notes.txt": b"theirs"}, "")
    assert trouble.value.fault is FolderFault.REFUSED
    assert folder.read_card() == b"mine too"
    folder.put({"README.md": b"made of what was there"}, "")
    assert (folder.root / "run-01" / "notes.txt").read_text() == "mine"


@pytest.mark.parametrize("path", ["../a", "/etc/a", "a/../../b", ".launcher/tags.json", "", "a:b"])
def test_nothing_is_written_beside_the_folder(folder: OwnFolder, path: str) -> None:
    with pytest.raises(FolderTrouble) as trouble:
        folder.put({path: b"x"}, "")
    assert trouble.value.fault is FolderFault.REFUSED


def test_a_version_that_was_overtaken_is_not_made(folder: OwnFolder) -> None:
    before = folder.commit()
    folder.put({"a": b"1"}, "")
    with pytest.raises(FolderTrouble) as trouble:
        folder.put({"b": b"2"}, "", parent=before)
    assert trouble.value.fault is FolderFault.OVERTAKEN
    with pytest.raises(FolderTrouble):
        folder.put({"a": b"1"}, "", parent=before)  # the same change, made by somebody else
    assert set(folder.files()) == {"a"}
    assert list((folder.ours / "coming").iterdir()) == []


@pytest.mark.promise("results-verified")
def test_a_file_that_was_lost_or_changed_there_is_delivered_again(folder: OwnFolder) -> None:
    folder.put({"run-01/a": b"one", "run-01/b": b"two"}, "")
    (folder.root / "run-01" / "a").unlink()
    (folder.root / "run-01" / "b").write_bytes(b"owt")
    commit = folder.put({"run-01/a": b"one", "run-01/b": b"two"}, "again")
    assert open_files(folder) == {"run-01/a": b"one", "run-01/b": b"two"}
    assert folder.proven(commit, ["run-01/a", "run-01/b"]) == folder.files()


def test_a_file_that_a_person_moved_away_is_said_to_be_gone(folder: OwnFolder) -> None:
    folder.put({"run-01/a": b"one"}, "")
    (folder.root / "run-01" / "a").unlink()
    with pytest.raises(FolderTrouble) as trouble:
        folder.read("", "run-01/a", 0, 9)
    assert trouble.value.fault is FolderFault.NOT_IN_IT


def test_what_was_changed_on_the_disk_is_not_kept_as_the_tagged_version(folder: OwnFolder) -> None:
    folder.tag(folder.put({"run-01/a": b"first"}, ""), "run-01")
    (folder.root / "run-01" / "a").write_bytes(b"wrong")
    folder.put({"run-01/a": b"second"}, "")
    assert list((folder.ours / "kept").iterdir()) == []
    with pytest.raises(FolderTrouble):
        folder.read("run-01", "run-01/a", 0, 9)


@pytest.mark.parametrize("in_the_way", ["run-02", "run-02/a/b"])
def test_what_is_in_the_way_of_one_run_keeps_no_other_from_the_folder(
    folder: OwnFolder, in_the_way: str
) -> None:
    (folder.root / in_the_way).parent.mkdir(parents=True, exist_ok=True)
    (folder.root / in_the_way).write_text("mine")
    with pytest.raises(FolderTrouble) as trouble:
        folder.put({"run-02/a": b"theirs"}, "")
    assert trouble.value.fault is FolderFault.REFUSED
    assert folder.files() == {}
    folder.put({"run-03/a": b"another"}, "")
    assert set(folder.files()) == {"run-03/a"}
    assert (folder.root / in_the_way).read_text() == "mine"


def _copy_and_die(root: Path) -> None:
    def dying(self: OwnFolder, content: object, target: str) -> FileSums:
        (self.root / target).write_bytes(b"half of a check")
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError("it is dead")

    OwnFolder._bring = dying  # type: ignore[method-assign]  # in a process of its own
    OwnFolder(root).put({"run-01/a": b"a checkpoint"}, "")


def test_what_a_killed_delivery_had_copied_takes_no_room_for_ever(folder: OwnFolder) -> None:
    process = multiprocessing.get_context("fork").Process(target=_copy_and_die, args=(folder.root,))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    assert len(list((folder.ours / "coming").iterdir())) == 1
    folder.put({"run-02/a": b"another run"}, "")
    assert list((folder.ours / "coming").iterdir()) == []


def test_whoever_shares_the_folder_can_lock_it(tmp_path: Path) -> None:
    before = os.umask(0o002)
    try:
        OwnFolder(tmp_path / "shared").ensure()
    finally:
        os.umask(before)
    assert (tmp_path / "shared" / store.OURS / "lock").stat().st_mode & 0o777 == 0o664


def test_a_folder_that_another_program_keeps_locked_is_given_up_in_time_and_taken_later(
    folder: OwnFolder,
) -> None:
    """Whoever delivers tries again: what it waits with is on the run's own disk still."""
    impatient = OwnFolder(folder.root, patience_seconds=0.2)
    with (folder.ours / "lock").open() as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        for call in (impatient.commit, lambda: impatient.put({"run-01/a": b"one"}, "")):
            with pytest.raises(FolderTrouble) as trouble:
                call()
            assert trouble.value.fault is FolderFault.UNUSABLE
            assert str(folder.root) in str(trouble.value.message)
            assert f"fuser -v {folder.ours / 'lock'}" in str(trouble.value.hint)
    assert list((folder.ours / "coming").iterdir()) == []
    impatient.put({"run-01/a": b"one"}, "")
    assert open_files(folder) == {"run-01/a": b"one"}


def test_it_loads_where_the_system_has_no_locks_of_unix() -> None:
    """Windows: repos work there, and the folders of machines that ssh reaches."""
    words = "import sys; sys.modules['fcntl'] = None; import pod_image.hub"
    subprocess.run([sys.executable, "-c", words], check=True)


def test_a_folder_that_nothing_was_delivered_to_is_told_apart(tmp_path: Path) -> None:
    folder = OwnFolder(tmp_path / "none")
    assert not folder.is_there()
    assert folder.may_be_written()
    with pytest.raises(FolderTrouble) as trouble:
        folder.files()
    assert trouble.value.fault is FolderFault.NO_FOLDER
    assert not folder.root.exists()
    (tmp_path / "file").write_text("")
    assert not OwnFolder(tmp_path / "file" / "below").may_be_written()


def _put_and_die(root: Path, step: int) -> None:
    """Kills itself before the `step`th change of the file system while a version takes its place."""
    left = [step]

    def counted(call: object) -> object:
        def dying(*args: object, **options: object) -> object:
            left[0] -= 1
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return call(*args, **options)  # type: ignore[operator]  # one of the system's

        return dying

    for name in ("replace", "unlink", "mkdir", "rmdir"):
        setattr(os, name, counted(getattr(os, name)))
    OwnFolder(root).put({"run-01/a": b"new", "run-01/c": b"more"}, "", deletes=["run-01/b"])


def test_a_kill_at_any_moment_leaves_the_version_before_or_the_one_after(tmp_path: Path) -> None:
    before = {"run-01/a": b"old", "run-01/b": b"kept"}
    after = {"run-01/a": b"new", "run-01/c": b"more"}
    context, seen, died = multiprocessing.get_context("fork"), [], 0
    for step in range(1, 60):
        folder = OwnFolder(tmp_path / f"voices-{step}")
        tagged = folder.put(before, "")
        folder.tag(tagged, "run-01")
        process = context.Process(target=_put_and_die, args=(folder.root, step))
        process.start()
        process.join()
        died += process.exitcode == -signal.SIGKILL
        listed = folder.files()
        found = open_files(folder)
        assert found in (before, after)
        assert {path: sums.size_bytes for path, sums in listed.items()} == {
            path: len(content) for path, content in found.items()
        }
        assert folder.proven(folder.commit(), listed.keys()) == listed
        assert folder.read("run-01", "run-01/a", 0, 9) == b"old"
        assert folder.read("run-01", "run-01/b", 0, 9) == b"kept"
        seen.append(found == after)
        if process.exitcode == 0:
            break
    assert died > 8
    assert {True, False} == set(seen)


@pytest.mark.parametrize(
    "change",
    [
        {"moves": [[0, "{home}/.bashrc"]]},
        {"moves": [[0, "../home/.bashrc"]]},
        {"moves": [[0, "run-02/.bashrc"]]},  # a link there leads out
        {"moves": [["../../../home/diary", "run-01/b"]]},
        {"gone": ["../home/diary"]},
        {"coming": "{home}"},
        {"coming": "../../../home"},
        {"moves": None},
    ],
)
def test_what_a_run_in_a_container_wrote_there_changes_nothing_outside_the_folder(
    folder: OwnFolder, tmp_path: Path, change: dict[str, object]
) -> None:
    """Whoever looks into the folder from outside of the container finishes what is begun there."""
    home = tmp_path / "home"
    home.mkdir()
    (home / "diary").write_text("mine")
    folder.put({"run-01/a": b"one"}, "")
    name = "0123456789abcdef"
    (folder.ours / "coming" / name).mkdir()
    (folder.ours / "coming" / name / "0").write_text("planted")
    (folder.root / "run-02").symlink_to(home)
    listed = json.loads((folder.ours / "newest.json").read_text())
    listed["files"].append(["../home/diary", *listed["files"][0][1:]])
    (folder.ours / "newest.json").write_text(json.dumps(listed))
    planted = {"coming": name, "moves": [], "gone": [], "list": json.dumps(listed), **change}
    text = json.dumps(planted).replace("{home}", str(home))
    (folder.ours / "change.json").write_text(text)
    with pytest.raises(FolderTrouble) as trouble:
        folder.files()
    assert trouble.value.fault is FolderFault.DAMAGED
    assert [path.name for path in home.iterdir()] == ["diary"]
    assert (home / "diary").read_text() == "mine"


def test_a_link_that_leads_out_of_the_folder_is_in_the_way(
    folder: OwnFolder, tmp_path: Path
) -> None:
    (tmp_path / "home").mkdir()
    (folder.root / "run-02").symlink_to(tmp_path / "home")
    with pytest.raises(FolderTrouble, match="a link") as trouble:
        folder.put({"run-02/a/b": b"theirs"}, "")
    assert trouble.value.fault is FolderFault.REFUSED
    assert list((tmp_path / "home").iterdir()) == []


def test_folders_of_others_are_no_leavings_of_ours(folder: OwnFolder, tmp_path: Path) -> None:
    (tmp_path / "home" / "letters").mkdir(parents=True)
    (folder.ours / "coming").rmdir()
    (folder.ours / "coming").symlink_to(tmp_path / "home")
    with pytest.raises(FolderTrouble):
        folder.put({"run-01/a": b"one"}, "")
    assert (tmp_path / "home" / "letters").is_dir()


def test_a_list_whose_version_is_no_name_is_none_of_ours(folder: OwnFolder) -> None:
    listed = json.loads((folder.ours / "newest.json").read_text())
    (folder.ours / "newest.json").write_text(json.dumps({**listed, "commit": "../../../evil"}))
    with pytest.raises(FolderTrouble) as trouble:
        folder.put({"run-01/a": b"one"}, "")
    assert trouble.value.fault is FolderFault.DAMAGED


@pytest.mark.parametrize(
    "text", ["[" * 100_000, '{"commit": "a", "files": [["voice.onnx", Infinity, "a", "b"]]}']
)
def test_a_list_that_no_program_of_ours_wrote_is_said(folder: OwnFolder, text: str) -> None:
    for name in ("change", "newest"):
        (folder.ours / f"{name}.json").write_text(text)
        with pytest.raises(FolderTrouble) as caught:
            folder.files()
        assert caught.value.fault is FolderFault.DAMAGED
        (folder.ours / f"{name}.json").unlink()
        folder.ensure()


def test_sums_are_those_of_git_and_sha256(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"hello\n")
    sums = FileSums.of(tmp_path / "a")
    assert sums.git_sha1 == "ce013625030ba8dba906f756967f9e9ca394464a"
    assert sums.sha256 == "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"


@pytest.mark.promise("results-verified")
def test_tags_that_cannot_be_read_for_a_moment_lose_nothing_that_they_keep(
    folder: OwnFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.tag(folder.put({"voice.onnx": b"first"}, "one"), "best")
    reads = Below.read

    def read(self: Below, path: str) -> bytes:
        if path.endswith("tags.json"):
            raise OSError(errno.EIO, "Input/output error")
        return reads(self, path)

    with monkeypatch.context() as broken:
        broken.setattr(Below, "read", read)
        for change in (
            lambda: folder.put({"voice.onnx": b"second"}, "two"),
            lambda: folder.tag(folder.commit(), "newer"),
        ):
            with pytest.raises(FolderTrouble) as caught:
                change()
            assert caught.value.fault is FolderFault.UNUSABLE
    assert set(folder.tags()) == {"best"}
    assert folder.read("best", "voice.onnx", 0, 9) == b"first"
    assert folder.read("", "voice.onnx", 0, 9) == b"second"  # the change that was begun


@pytest.mark.parametrize("call", ["is_there", "has_others", "may_be_written", "commit"])
def test_a_folder_that_this_user_may_not_look_into_is_said(
    tmp_path: Path, call: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def closed(path: Path, **_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    folder = OwnFolder(tmp_path / "voices")
    with monkeypatch.context() as broken:
        broken.setattr(Path, "stat", closed)
        with pytest.raises(FolderTrouble) as caught:
            getattr(folder, call)()
    assert caught.value.fault is FolderFault.NOT_TO_BE_WRITTEN
