"""What a person may not read is a finding of its own, and the rest of the dataset is looked at."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from pod_image.dataset import Code, FolderSource, survey
from tests.kit.dataset_files import SHORT, write


@pytest.fixture
def closed(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Paths that may not be read, for whoever runs the tests: rights do not bind an administrator."""
    paths: list[Path] = []
    real_access, real_scan = os.access, os.scandir

    def access(path: Any, mode: int, **options: Any) -> bool:
        return Path(path) not in paths and real_access(path, mode, **options)

    def scan(path: Any = ".") -> Any:
        if not isinstance(path, int) and Path(path) in paths:
            raise PermissionError(13, "Permission denied", str(path))
        return real_scan(path)

    read = Path.open

    def opened(path: Path, *given: Any, **options: Any) -> Any:
        if path in paths:
            raise PermissionError(13, "Permission denied", str(path))
        return read(path, *given, **options)

    monkeypatch.setattr(os, "access", access)
    monkeypatch.setattr(os, "scandir", scan)
    monkeypatch.setattr(Path, "open", opened)
    return paths


def test_a_table_that_may_not_be_read_is_named_and_the_other_one_counts(
    tmp_path: Path, closed: list[Path]
) -> None:
    folder = write(tmp_path, {"a.wav": SHORT, "metadata.csv": "a.wav|A.\n", "train.csv": "a|A.\n"})
    closed.append(folder / "train.csv")
    found = survey(FolderSource(folder))
    (unread,) = [each for each in found.findings if each.code is Code.FILE_UNREADABLE]
    assert (unread.place, unread.message) == ("train.csv", "train.csv may not be read.")
    assert [each.text for each in found.utterances] == ["A."]


def test_a_folder_that_may_not_be_read_is_named_and_the_others_are_read(
    tmp_path: Path, closed: list[Path]
) -> None:
    folder = write(tmp_path, {"a.wav": SHORT, "metadata.csv": "a.wav|A.\n", "b/b.wav": SHORT})
    closed.append(folder / "b")
    found = survey(FolderSource(folder))
    (unread,) = [each for each in found.findings if each.code is Code.FILE_UNREADABLE]
    assert (unread.place, unread.message) == ("b", "The folder b may not be read.")
    assert [each.path for each in found.utterances] == ["a.wav"]


def test_a_clip_that_may_not_be_read_is_left_to_who_reads_clips(
    tmp_path: Path, closed: list[Path]
) -> None:
    folder = write(tmp_path, {"a.wav": SHORT, "metadata.csv": "a.wav|A.\n"})
    closed.append(folder / "a.wav")
    assert [each.path for each in survey(FolderSource(folder)).utterances] == ["a.wav"]
