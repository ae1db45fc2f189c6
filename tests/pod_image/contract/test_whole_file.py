"""A file is there whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pod_image.contract.whole_file import is_unfinished, replacing, write_whole


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("is_durable", [False, True])
@pytest.mark.parametrize("is_private", [False, True])
@pytest.mark.parametrize("is_shared", [False, True])
def test_the_newest_content_takes_the_place_and_nothing_lies_beside_it(
    tmp_path: Path, is_durable: bool, is_private: bool, is_shared: bool
) -> None:
    for text in ("one", "two: ä"):
        write_whole(
            tmp_path / "file",
            text,
            is_durable=is_durable,
            is_private=is_private,
            is_shared=is_shared,
        )
    assert names(tmp_path) == ["file"]
    assert (tmp_path / "file").read_text("utf-8") == "two: ä"


def test_who_is_stopped_midway_leaves_the_earlier_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_whole(path, b"whole")

    def stopped_midway() -> None:
        with replacing(path) as unfinished:
            unfinished.write_bytes(b"ha")
            assert path.read_bytes() == b"whole"
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stopped_midway()
    assert names(tmp_path) == ["file"]
    assert path.read_bytes() == b"whole"


def test_what_a_kill_left_takes_no_room_beside_the_next_try(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with replacing(path) as unfinished:
        unfinished.write_bytes(b"first")
    unfinished.write_bytes(b"ha")  # as it lies there after a kill
    assert is_unfinished(unfinished)
    write_whole(path, b"whole")
    assert names(tmp_path) == ["file"]
    assert path.read_bytes() == b"whole"


def test_two_who_write_a_shared_file_at_once_do_not_mix(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with (
        replacing(path, is_shared=True) as one,
        replacing(path, is_shared=True) as other,
    ):
        one.write_bytes(b"1" * 10)
        other.write_bytes(b"2" * 10)
    assert path.read_bytes() == b"1" * 10
    assert names(tmp_path) == ["file"]


@pytest.mark.skipif(os.name != "posix", reason="the modes of POSIX")
def test_a_private_file_is_its_owners_from_the_first_byte(tmp_path: Path) -> None:
    with replacing(tmp_path / "file", is_private=True) as unfinished:
        assert unfinished.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o600


def test_a_name_may_be_as_long_as_names_can_be(tmp_path: Path) -> None:
    path = tmp_path / ("ä" * 125 + ".wav")
    write_whole(path, b"sound", is_shared=True)
    assert path.read_bytes() == b"sound"


def test_a_file_of_a_person_that_is_called_part_is_not_unfinished(tmp_path: Path) -> None:
    assert not is_unfinished(tmp_path / "model.part")
    assert not is_unfinished(tmp_path / "model.unfinished")
