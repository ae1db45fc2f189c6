"""Folders of this computer: bounded, counted, and said why where they cannot be read. Names are strangers' words."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from launcher.services.choosing import folders
from launcher.services.choosing.folders import beginning, look_into


def names(folder: Path, **options: bool) -> list[str]:
    return [each.shown for each in look_into(folder, **options).entries]


def test_folders_are_listed_and_the_sound_in_view_is_counted(tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / f"clip-{number}.wav").touch()
    (tmp_path / "long.MP3").touch()
    (tmp_path / "notes.txt").touch()
    (tmp_path / "wavs").mkdir()
    view = look_into(tmp_path)
    assert [each.shown for each in view.entries] == ["wavs"]
    assert view.holds == "3 WAV files and 1 MP3 file"
    assert view.parent == tmp_path.parent
    assert [each.path for each in view.crumbs][-2:] == [tmp_path.parent, tmp_path]
    assert view.crumbs[0].shown == os.sep


def test_files_are_shown_where_a_file_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "sentences.txt").write_text("one\n")
    (tmp_path / "below").mkdir()
    view = look_into(tmp_path, files=True)
    assert [(each.shown, each.is_folder) for each in view.entries] == [
        ("below", True), ("sentences.txt", False),
    ]  # fmt: skip
    assert view.entries[1].size_bytes == 4


def test_hidden_ones_are_counted_and_shown_on_demand(tmp_path: Path) -> None:
    (tmp_path / ".config").mkdir()
    (tmp_path / "seen").mkdir()
    assert names(tmp_path) == ["seen"]
    assert look_into(tmp_path).hidden == 1
    assert names(tmp_path, hidden=True) == [".config", "seen"]


def test_a_large_folder_is_bounded_with_a_word_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folders, "MOST_LOOKED_AT", 40)
    monkeypatch.setattr(folders, "MOST_SHOWN", 10)
    for number in range(50):
        (tmp_path / f"{number:02d}").mkdir()
        (tmp_path / f"{number:02d}.wav").touch()
    view = look_into(tmp_path)
    assert len(view.entries) == 10
    assert view.holds.startswith("at least ")
    assert "first 40 names" in view.notes[0]
    assert "not shown: type the path instead" in view.notes[1]


@pytest.mark.skipif(os.name != "posix", reason="modes of files")
def test_what_cannot_be_read_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    (tmp_path / "file").touch()
    assert "it is a file" in look_into(tmp_path / "file").problem
    assert "no longer exists" in look_into(tmp_path / "absent").problem
    assert look_into(tmp_path / "absent").crumbs
    monkeypatch.setattr("launcher.services.choosing.folders.os.scandir", refuse)
    assert "you may not look into it" in look_into(tmp_path).problem


@pytest.mark.skipif(os.name != "posix", reason="names of files")
def test_names_that_cannot_be_shown_are_left_out_and_counted(tmp_path: Path) -> None:
    os.mkdir(os.fsencode(tmp_path) + b"/broken-\xff")  # noqa: PTH102  bytes that are no text
    (tmp_path / "turned-‮gnp.exe").mkdir()
    (tmp_path / "two\nlines").mkdir()
    (tmp_path / "<img src=x onerror=alert(1)>").mkdir()
    view = look_into(tmp_path)
    assert [each.shown for each in view.entries] == ["<img src=x onerror=alert(1)>"]
    assert "3 names with letters that cannot be shown are left out." in view.notes


def test_an_endless_name_is_cut(tmp_path: Path) -> None:
    (tmp_path / ("n" * 240)).mkdir()
    (entry,) = look_into(tmp_path).entries
    assert len(entry.shown) == 200
    assert entry.path.name == "n" * 240


def test_a_link_that_leads_nowhere_harms_nobody(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    (tmp_path / "gone").symlink_to(tmp_path / "absent")
    assert names(tmp_path) == []
    assert {each.size_bytes for each in look_into(tmp_path, files=True).entries} == {None}


def test_it_begins_where_the_person_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "recordings" / "anna").mkdir(parents=True)
    assert beginning(str(tmp_path / "recordings" / "anna")) == tmp_path / "recordings" / "anna"
    assert beginning(str(tmp_path / "recordings" / "absent" / "x")) == tmp_path / "recordings"
    assert beginning("~/recordings") == tmp_path / "recordings"
    assert beginning("", str(tmp_path / "recordings")) == tmp_path / "recordings"
    assert beginning("relative") == tmp_path
    assert beginning("/no-such-place-at-all/x") == tmp_path
    assert beginning("\0") == tmp_path
