"""A copy is equal to the file before and after it was made, or there is none."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from pod_image.recipes.command import copying
from pod_image.recipes.command.copying import NoRoom, copy_equal


class Usage(NamedTuple):
    total: int
    used: int
    free: int


@pytest.fixture
def writes_meanwhile(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], Any]], None]:
    """Something that happens to the file after it was read once, on a file system that cannot clone."""

    def happen(change: Callable[[], Any]) -> None:
        read = copying._digest
        calls: list[int] = []

        def digest(*files: Any) -> bytes:
            found = read(*files)
            if not calls:
                change()
            calls.append(1)
            return found

        monkeypatch.setattr(copying, "_clone", lambda *_: False)
        monkeypatch.setattr(copying, "_digest", digest)

    return happen


def test_a_copy_keeps_the_time_of_change_and_takes_the_place_of_the_one_before(
    tmp_path: Path,
) -> None:
    path, goal = tmp_path / "a", tmp_path / "to" / "a"
    for content in (b"first", b"second one"):
        path.write_bytes(content)
        assert copy_equal(path, goal)
        assert goal.read_bytes() == content
        assert goal.stat().st_mtime_ns == path.stat().st_mtime_ns
        assert goal.stat().st_ino != path.stat().st_ino


def test_a_file_that_is_truncated_and_written_anew_meanwhile_waits_for_the_next_turn(
    tmp_path: Path, writes_meanwhile: Callable[[Callable[[], Any]], None]
) -> None:
    path, goal = tmp_path / "a", tmp_path / "goal"
    path.write_bytes(b"one" * 1000)
    goal.write_bytes(b"kept")
    writes_meanwhile(lambda: path.write_bytes(b"two" * 1000))
    assert not copy_equal(path, goal)
    assert goal.read_bytes() == b"kept"
    assert copy_equal(path, goal)
    assert goal.read_bytes() == b"two" * 1000


def test_what_was_written_without_a_new_time_is_noticed_by_its_content(
    tmp_path: Path, writes_meanwhile: Callable[[Callable[[], Any]], None]
) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"one")
    before = path.stat()

    def rewrite() -> None:
        import os

        with path.open("r+b") as file:
            file.write(b"two")
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))

    writes_meanwhile(rewrite)
    assert not copy_equal(path, tmp_path / "goal")


def test_no_copy_is_made_where_the_disk_has_no_room_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"one")
    monkeypatch.setattr(copying, "_clone", lambda *_: False)
    monkeypatch.setattr(
        shutil, "disk_usage", lambda _: Usage(2**40, 2**40, copying.ROOM_LEFT_BYTES)
    )
    with pytest.raises(NoRoom):
        copy_equal(path, tmp_path / "goal")
    assert not list(tmp_path.glob(".goal*"))
