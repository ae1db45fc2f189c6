"""A folder that a person filled, read as it is."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pod_image.folder_store.plain import PlainFolder
from pod_image.folder_store.trouble import FolderFault, FolderTrouble


@pytest.fixture
def clips(tmp_path: Path) -> PlainFolder:
    (tmp_path / "clips" / "wavs").mkdir(parents=True)
    (tmp_path / "clips" / "metadata.csv").write_text("a|one\n")
    (tmp_path / "clips" / "wavs" / "a.wav").write_bytes(b"sound")
    (tmp_path / "clips" / ".git").mkdir()
    (tmp_path / "clips" / ".git" / "config").write_text("secret")
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "clips" / "link.txt").symlink_to(tmp_path / "secret")
    return PlainFolder(tmp_path / "clips")


def test_it_holds_its_files_and_nothing_hidden_or_linked(clips: PlainFolder) -> None:
    assert set(clips.files()) == {"metadata.csv", "wavs/a.wav"}
    assert set(clips.files(under="wavs")) == {"wavs/a.wav"}
    assert clips.read("main", "wavs/a.wav", 1, 3) == b"oun"
    for path in ("../secret", ".git/config", "wavs/../../secret", "absent"):
        with pytest.raises(FolderTrouble) as trouble:
            clips.read("main", path, 0, 9)
        assert trouble.value.fault is FolderFault.NOT_IN_IT


def test_its_version_is_what_its_files_hold(clips: PlainFolder, tmp_path: Path) -> None:
    before = clips.commit()
    assert clips.commit("main") == clips.commit(before) == before
    os.utime(clips.root / "wavs" / "a.wav", ns=(1, 1))
    assert clips.commit() == before
    (clips.root / "wavs" / "a.wav").write_bytes(b"other")
    assert clips.commit() != before
    with pytest.raises(FolderTrouble, match="was changed since"):
        clips.files(before)


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(FolderTrouble) as trouble:
        PlainFolder(tmp_path / "none").commit()
    assert trouble.value.fault is FolderFault.NO_FOLDER
