"""A results folder that a run in a container changes while a program outside works in it: it leads nowhere else."""

from __future__ import annotations

import os
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pod_image.folder_store import folder as store
from pod_image.folder_store.below import Below
from pod_image.folder_store.folder import OwnFolder
from pod_image.folder_store.plain import PlainFolder
from pod_image.folder_store.trouble import FolderFault, FolderTrouble
from pod_image.own_machine.folder_errand import ask_folder

pytestmark = pytest.mark.timeout(60)


@pytest.fixture
def folder(tmp_path: Path) -> OwnFolder:
    found = OwnFolder(tmp_path / "voices")
    assert found.ensure()
    return found


@pytest.fixture
def home(tmp_path: Path) -> Path:
    made = tmp_path / "home"
    made.mkdir()
    (made / "diary").write_text("mine")
    return made


def link(path: Path, to: Path) -> None:
    """In the place of what is there, in one step, as a run would do it."""
    if path.exists() or path.is_symlink():
        path.rename(path.with_name(f"{path.name}-before"))
    path.symlink_to(to)


def after(name: str, act: Callable[[], None], monkeypatch: pytest.MonkeyPatch) -> None:
    """Do something once, in the moment after that look."""
    looks, left = getattr(OwnFolder, name), [act]

    def then(self: OwnFolder, *args: Any) -> Any:
        found = looks(self, *args)
        while left:
            left.pop()()
        return found

    monkeypatch.setattr(OwnFolder, name, then)


def test_a_folder_that_becomes_a_link_after_it_was_looked_at_leads_nowhere(
    folder: OwnFolder, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    after("_change", lambda: link(folder.root / "run-01", home), monkeypatch)
    with pytest.raises(FolderTrouble):
        folder.put({"run-01/diary": b"theirs", "run-01/.bashrc": b"theirs"}, "")
    assert [path.name for path in home.iterdir()] == ["diary"]
    assert (home / "diary").read_text() == "mine"


def test_a_change_whose_folder_becomes_a_link_while_it_is_finished_removes_nothing_elsewhere(
    folder: OwnFolder, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.put({"run-01/diary": b"mine"}, "")
    after("_change", lambda: link(folder.root / "run-01", home), monkeypatch)
    folder.put({}, "", deletes=["run-01/diary"])
    assert folder.files() == {}
    assert (home / "diary").read_text() == "mine"


@pytest.mark.parametrize("name", ["lists", "kept", "coming"])
def test_what_lies_where_one_of_our_folders_now_leads_stays(
    folder: OwnFolder, home: Path, name: str
) -> None:
    letters = [home / f"letter-{number}.json" for number in range(store.MOST_LISTS + 9)]
    for letter in letters:
        letter.write_text("mine")
    folder.tag(folder.put({"run-01/a": b"1"}, ""), "run-01")
    link(folder.ours / name, home)
    with pytest.raises(FolderTrouble):
        folder.put({"run-01/a": b"2"}, "")
    assert {path.name for path in home.iterdir()} == {"diary", *(each.name for each in letters)}


def test_a_list_of_ours_is_not_written_where_a_link_leads(folder: OwnFolder, home: Path) -> None:
    link(folder.ours, home)
    (home / "newest.json").write_text("{}")
    with pytest.raises(FolderTrouble):
        folder.put({"run-01/a": b"1"}, "")
    assert sorted(path.name for path in home.iterdir()) == ["diary", "newest.json"]


def test_a_file_that_became_a_link_is_not_read(folder: OwnFolder, home: Path) -> None:
    commit = folder.put({"run-01/a": b"delivered"}, "")
    link(folder.root / "run-01" / "a", home / "diary")
    with pytest.raises(FolderTrouble) as trouble:
        folder.read("", "run-01/a", 0, 99)
    assert trouble.value.fault is FolderFault.NOT_IN_IT
    assert folder.proven(commit, ["run-01/a"]) == {}
    link(folder.root / "README.md", home / "diary")
    assert folder.read_card() is None
    folder.put({"run-01/a": b"delivered", "README.md": b"a card"}, "")
    assert (folder.root / "run-01" / "a").read_bytes() == b"delivered"
    assert (home / "diary").read_text() == "mine"


def test_a_file_that_was_sent_in_pieces_is_taken_from_nowhere_else(
    folder: OwnFolder, home: Path
) -> None:
    name, asked = "0123456789abcdef", {"path": str(folder.root), "kind": "results"}
    send = {**asked, "call": "send", "sent": name, "piece": b64encode(b"a piece").decode()}
    put = {**asked, "call": "put", "sent": {"run-01/a": name}, "small": {}, "deletes": []}
    ask_folder(send)
    link(folder.ours / f"sent-{name}", home / "diary")
    assert "trouble" in _asked({**put, "message": "", "parent": ""})
    assert folder.files() == {}
    link(folder.ours / f"sent-{name}", home / "diary")
    assert "trouble" in _asked(send)
    assert (home / "diary").read_text() == "mine"


def _asked(document: dict[str, Any]) -> dict[str, Any]:
    try:
        return ask_folder(document)
    except FileNotFoundError:  # told as what cannot be used, by the program that is asked
        return {"trouble": {}}


def test_a_pipe_in_the_place_of_a_file_holds_nobody_up(folder: OwnFolder) -> None:
    """Whoever opens one waits for ever, and would keep the folder locked for all."""
    commit = folder.put({"run-01/a": b"1", "run-01/b": b"2"}, "")
    for name in ("a", "b"):
        (folder.root / "run-01" / name).unlink()
        os.mkfifo(folder.root / "run-01" / name)
    assert folder.proven(commit, ["run-01/a"]) == {}
    with pytest.raises(FolderTrouble):
        folder.read("", "run-01/a", 0, 9)
    again = folder.put({"run-01/a": b"1", "run-01/b": b"2"}, "")
    assert folder.proven(again, ["run-01/a", "run-01/b"]) == folder.files()
    (folder.ours / "lock").unlink()
    os.mkfifo(folder.ours / "lock")
    with pytest.raises(FolderTrouble):
        folder.files()


def test_a_dataset_is_not_read_through_a_link_either(tmp_path: Path, home: Path) -> None:
    (tmp_path / "clips").mkdir()
    (tmp_path / "clips" / "a.txt").symlink_to(home / "diary")
    (tmp_path / "clips" / "deep").symlink_to(home)
    for path in ("a.txt", "deep/diary"):
        with pytest.raises(FolderTrouble):
            PlainFolder(tmp_path / "clips").read("", path, 0, 9)


@pytest.mark.parametrize(
    "path", ["../home/diary", "/etc/hostname", "a//b", "a/./b", "a/..", "a\0b"]
)
def test_no_name_leads_out_of_a_folder(folder: OwnFolder, home: Path, path: str) -> None:
    with pytest.raises(OSError, match="leads out"):
        Below(folder.root).read(path)
