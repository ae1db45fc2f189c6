"""Clips in some files: whole, readable as a dataset, and nothing of a stranger's archive decides where it is put."""

from __future__ import annotations

import io
import shutil
import tarfile
from pathlib import Path

from pod_image.dataset import read_dataset
from pod_image.recipes.distil.rows import Row
from pod_image.recipes.distil.shards import ROWS_NAME, Shards
from tests.pod_image.recipes.distil.made_clips import (
    TEXTS,
    DemoTeacher,
    making,
    recogniser,
    sentences,
    silence,
)


def test_a_shard_is_a_dataset_by_itself(tmp_path: Path) -> None:
    teacher = DemoTeacher({TEXTS[1]: silence})
    made = making(tmp_path, recogniser())
    made.make(sentences(4), lambda: teacher)
    folder = tmp_path / "dataset"
    folder.mkdir()
    (shard,) = made.places.goal.glob("*.tar")
    shutil.copy(shard, folder)
    found = read_dataset(folder, unpack_to=tmp_path / "unpacked")
    assert [clip.text for clip in found.clips] == [TEXTS[0], *TEXTS[2:4]]
    assert all(clip.path.is_file() for clip in found.clips)


def test_the_same_clips_make_the_same_shard(tmp_path: Path) -> None:
    contents = []
    for name in ("one", "two"):
        made = making(tmp_path / name, recogniser())
        made.make(sentences(2), DemoTeacher)
        contents.append((made.places.goal / "clips-0001.tar").read_bytes())
    assert contents[0] == contents[1]


def test_a_torn_shard_is_passed_over(tmp_path: Path) -> None:
    made = making(tmp_path, recogniser())
    made.make(sentences(2), DemoTeacher)
    shard = made.places.goal / "clips-0001.tar"
    shard.write_bytes(shard.read_bytes()[:20_000])
    fresh = Shards(made.places.goal, tmp_path / "elsewhere")
    assert set(fresh.bring_back()) == set()


def archive(path: Path, rows: list[Row], members: dict[str, bytes]) -> None:
    path.parent.mkdir(parents=True)
    with tarfile.open(path, "w") as made:
        lines = "".join(row.to_line() for row in rows).encode()
        for name, content in {ROWS_NAME: lines, **members}.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            made.addfile(entry, io.BytesIO(content))


def test_a_stranger_s_shard_writes_nothing_outside_the_clips(tmp_path: Path) -> None:
    shards = Shards(tmp_path / "goal", tmp_path / "clips")
    wrong = Row("../../evil", "Text.")
    archive(tmp_path / "goal" / "clips-0001.tar", [wrong], {"../../evil.flac": b"x"})
    assert shards.bring_back() == {}
    assert not (tmp_path.parent / "evil.flac").exists()
    assert not (tmp_path / "evil.flac").exists()


def test_a_link_in_a_shard_is_no_clip(tmp_path: Path) -> None:
    path = tmp_path / "goal" / "clips-0001.tar"
    archive(path, [Row("abc", "Text.")], {})
    with tarfile.open(path, "a") as made:
        link = tarfile.TarInfo("abc.flac")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/hostname"
        made.addfile(link)
    shards = Shards(tmp_path / "goal", tmp_path / "clips")
    assert shards.bring_back() == {}
    assert list((tmp_path / "clips").iterdir()) == []
