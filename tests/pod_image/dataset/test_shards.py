"""Shards are read like folders, and nothing in them is trusted."""

from __future__ import annotations

import io
import os
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest

from launcher.cli.terminal.next_steps import in_terminal
from pod_image.dataset import Code, DatasetError, Entry, FolderSource, read_dataset, survey
from tests.kit.dataset_files import codes, look, tarred, wav, write, zipped

A, B = wav(0.05), wav(0.06)
TABLE = "a|Hello.\nb|Bye.\n"
PACKERS = {
    "tar": tarred,
    "tar.gz": lambda files: tarred(files, "w:gz"),
    "zip": zipped,
}


class Counting(FolderSource):
    """A folder read as if each read cost a request."""

    is_remote = True

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.reads: list[tuple[str, int]] = []

    def read(self, path: str, start: int = 0, length: int | None = None) -> bytes:
        piece = super().read(path, start, length)
        self.reads.append((path, len(piece)))
        return piece


@pytest.mark.parametrize("ending", PACKERS)
def test_clips_of_a_shard_come_out_byte_for_byte(tmp_path: Path, ending: str) -> None:
    shard = PACKERS[ending]({"wavs/a.wav": A, "wavs/b.wav": B})
    write(tmp_path, {f"clips.{ending}": shard, "metadata.csv": TABLE})
    clips = read_dataset(tmp_path).clips
    assert [clip.path.read_bytes() for clip in clips] == [A, B]


def test_a_deflated_zip_and_a_table_inside_the_shard_are_read(tmp_path: Path) -> None:
    shard = zipped(
        {"wavs/a.wav": A, "wavs/b.wav": B, "metadata.csv": TABLE.encode()}, zipfile.ZIP_DEFLATED
    )
    write(tmp_path, {"data/all.zip": shard})
    assert [clip.path.read_bytes() for clip in read_dataset(tmp_path).clips] == [A, B]


def test_webdataset_shards_need_no_table(tmp_path: Path) -> None:
    shard = tarred({"0.wav": A, "0.txt": b"Hello.", "1.wav": B, "1.json": b'{"text": "Bye."}'})
    write(tmp_path, {"train-000.tar": shard})
    assert [clip.text for clip in read_dataset(tmp_path).clips] == ["Hello.", "Bye."]


def test_shards_are_unpacked_once_and_where_they_are_told_to(tmp_path: Path) -> None:
    folder = write(
        tmp_path / "set", {"clips.zip": zipped({"a.wav": A, "b.wav": B}), "metadata.csv": TABLE}
    )
    first = read_dataset(folder, unpack_to=tmp_path / "out").clips[0].path
    stamp = first.stat().st_mtime_ns
    again = read_dataset(folder, unpack_to=tmp_path / "out").clips[0].path
    assert again == first == tmp_path / "out/a.wav"
    assert again.stat().st_mtime_ns == stamp
    assert not (folder / ".unpacked").exists()


@pytest.mark.parametrize("name", ["../evil.wav", "/evil.wav", "a/../../evil.wav", "C:\\evil.wav"])
@pytest.mark.parametrize("ending", ["tar", "zip"])
def test_a_shard_with_a_path_out_of_it_is_refused(tmp_path: Path, ending: str, name: str) -> None:
    shard = PACKERS[ending]({name: A, "a.wav": A})
    folder = write(tmp_path / "set", {f"clips.{ending}": shard, "metadata.csv": TABLE})
    with pytest.raises(DatasetError):
        read_dataset(folder)
    assert Code.ARCHIVE_UNSAFE in codes(look(folder))
    assert list(tmp_path.rglob("evil*")) == []


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE]
)
def test_a_tar_with_anything_but_files_is_refused(tmp_path: Path, kind: bytes) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:") as archive:
        info = tarfile.TarInfo("a.wav")
        info.type, info.linkname = kind, "/etc/passwd"
        archive.addfile(info)
    write(tmp_path, {"clips.tar": packed.getvalue(), "metadata.csv": TABLE})
    assert Code.ARCHIVE_UNSAFE in codes(look(tmp_path))


def test_a_zip_with_a_link_is_refused(tmp_path: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        info = zipfile.ZipInfo("a.wav")
        info.external_attr = 0o120777 << 16
        archive.writestr(info, "/etc/passwd")
    write(tmp_path, {"clips.zip": packed.getvalue(), "metadata.csv": TABLE})
    assert Code.ARCHIVE_UNSAFE in codes(look(tmp_path))


@pytest.mark.parametrize("ending", ["zip", "tar.gz"])
def test_a_bomb_is_refused_before_it_unpacks(tmp_path: Path, ending: str) -> None:
    zeros = b"\0" * (80 * 2**20)
    shard = (
        zipped({"a.wav": zeros}, zipfile.ZIP_DEFLATED)
        if ending == "zip"
        else tarred({"a.wav": zeros}, "w:gz")
    )
    folder = write(tmp_path, {f"clips.{ending}": shard, "metadata.csv": TABLE})
    (bomb,) = [each for each in look(folder).findings if each.code is Code.ARCHIVE_UNSAFE]
    assert "83.9 MB" in in_terminal(bomb.message)
    assert not (folder / ".unpacked").exists()


@pytest.mark.parametrize("ending", ["zip", "tar", "tar.gz"])
@pytest.mark.parametrize("damage", ["cut", "empty", "junk", "text"])
def test_a_damaged_shard_is_a_finding_and_never_a_traceback(
    tmp_path: Path, ending: str, damage: str
) -> None:
    whole = PACKERS[ending]({"a.wav": wav(0.5), "b.wav": wav(0.5)})
    shard = {
        "cut": whole[: len(whole) // 3], "empty": b"", "junk": bytes(range(256)) * 40,
        "text": b"404 not found",
    }[damage]  # fmt: skip
    folder = write(tmp_path, {f"clips.{ending}": shard, "metadata.csv": TABLE})
    assert {Code.ARCHIVE_DAMAGED, Code.ARCHIVE_UNSAFE} & set(codes(look(folder)))


def test_a_zip_member_with_a_wrong_checksum_is_left_out_and_named(tmp_path: Path) -> None:
    shard = bytearray(zipped({"a.wav": A, "b.wav": B}))
    at = shard.find(A) + 100
    shard[at] ^= 0xFF
    write(tmp_path, {"clips.zip": bytes(shard), "metadata.csv": TABLE})
    dataset = read_dataset(tmp_path)
    assert [clip.text for clip in dataset.clips] == ["Bye."]
    assert Code.ARCHIVE_DAMAGED in codes(dataset)


def test_an_encrypted_zip_is_refused(tmp_path: Path) -> None:
    shard = bytearray(zipped({"a.wav": A}))
    for magic, flags_at in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        shard[shard.find(magic) + flags_at] |= 1
    write(tmp_path, {"clips.zip": bytes(shard), "metadata.csv": TABLE})
    assert Code.ARCHIVE_UNSAFE in codes(look(tmp_path))


def test_listing_a_remote_zip_costs_one_read_however_many_clips_it_has(tmp_path: Path) -> None:
    clips = {f"{n:03d}.wav": A for n in range(200)}
    table = "".join(f"{n:03d}|Text {n}.\n" for n in range(200))
    source = Counting(write(tmp_path, {"clips.zip": zipped(clips), "metadata.csv": table}))
    found = survey(source)
    assert len(found.utterances) == 200
    of_zip = [size for path, size in source.reads if path == "clips.zip"]
    assert len(of_zip) == 1
    before = len(source.reads)
    assert found.source.read(str(found.utterances[7].path), 0, 64) == A[:64]
    assert len(source.reads) == before + 1


def test_a_remote_compressed_tar_is_not_fetched_and_its_clips_are_not_called_absent(
    tmp_path: Path,
) -> None:
    shard = tarred({"a.wav": A, "b.wav": B}, "w:gz")
    source = Counting(write(tmp_path, {"clips.tar.gz": shard, "metadata.csv": TABLE}))
    found = survey(source)
    assert codes(found) == [Code.ARCHIVE_UNLISTED]
    assert [each.path for each in found.utterances] == [None, None]


def parquet(folder: Path, rows: list[dict[str, Any]], name: str = "data/train-0.parquet") -> Path:
    pyarrow = pytest.importorskip("pyarrow")
    table = pyarrow.Table.from_pylist(rows)
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    pytest.importorskip("pyarrow.parquet").write_table(table, folder / name, row_group_size=2)
    return folder


def rows_with_audio() -> list[dict[str, Any]]:
    return [
        {"audio": {"bytes": clip, "path": f"{n}.wav"}, "text": f"Text {n}.", "speaker_id": n % 2}
        for n, clip in enumerate([A, B, A])
    ]


def test_parquet_with_clips_inside_comes_out_byte_for_byte(tmp_path: Path) -> None:
    dataset = read_dataset(parquet(tmp_path, rows_with_audio()))
    assert [clip.path.read_bytes() for clip in dataset.clips] == [A, B, A]
    assert [(clip.text, clip.speaker) for clip in dataset.clips][2] == ("Text 2.", "0")
    assert dataset.clips[0].place == "data/train-0.parquet row 1"


def test_parquet_that_names_files_is_a_table(tmp_path: Path) -> None:
    write(tmp_path, {"wavs/a.wav": A})
    parquet(tmp_path, [{"file_name": "wavs/a.wav", "text": "Hello."}], "metadata.parquet")
    assert [clip.path.name for clip in read_dataset(tmp_path).clips] == ["a.wav"]


def test_remote_parquet_gives_its_texts_without_its_audio(tmp_path: Path) -> None:
    rows = [
        {"audio": {"bytes": os.urandom(400_000), "path": "x.wav"}, "text": f"Text {n}."}
        for n in range(4)
    ]
    source = Counting(parquet(tmp_path, rows))
    found = survey(source)
    assert [each.text for each in found.utterances] == [f"Text {n}." for n in range(4)]
    assert codes(found) == [Code.ARCHIVE_UNLISTED]
    assert sum(size for _, size in source.reads) < 600_000


@pytest.mark.parametrize("is_remote", [False, True])
def test_parquet_whose_audio_only_names_files_uses_the_files(
    tmp_path: Path, is_remote: bool
) -> None:
    write(tmp_path, {"wavs/a.wav": A, "wavs/b.wav": B})
    rows = [
        {"audio": {"bytes": None, "path": "wavs/a.wav"}, "text": "Of a."},
        {"audio": {"bytes": None, "path": "/data/wavs/b.wav"}, "text": "Of b."},
        {"audio": {"bytes": None, "path": "gone.wav"}, "text": "Gone."},
        {"audio": {"bytes": None, "path": None}, "text": "Nothing."},
    ]
    parquet(tmp_path, rows)
    found = survey(Counting(tmp_path)) if is_remote else look(tmp_path)
    assert [(each.path, each.text) for each in found.utterances] == [
        ("wavs/a.wav", "Of a."),
        ("wavs/b.wav", "Of b."),
    ]
    assert sorted(each.place for each in found.findings if each.severity == "error") == [
        "data/train-0.parquet row 3",
        "data/train-0.parquet row 4",
    ]
    assert Code.ARCHIVE_UNLISTED not in codes(found)


def test_parquet_with_some_clips_inside_and_some_beside_it_reads_both(tmp_path: Path) -> None:
    write(tmp_path, {"wavs/b.wav": B})
    rows = [
        {"audio": {"bytes": A, "path": "a.wav"}, "text": "Of a."},
        {"audio": {"bytes": None, "path": "wavs/b.wav"}, "text": "Of b."},
    ]
    dataset = read_dataset(parquet(tmp_path, rows))
    assert [clip.path.read_bytes() for clip in dataset.clips] == [A, B]


def test_a_damaged_parquet_file_is_a_finding(tmp_path: Path) -> None:
    write(tmp_path, {"data/train.parquet": b"PAR1 but not really PAR1"})
    assert Code.ARCHIVE_DAMAGED in codes(look(tmp_path))


def test_entries_are_sorted_and_the_shard_itself_is_not_among_them(tmp_path: Path) -> None:
    write(tmp_path, {"clips.zip": zipped({"b.wav": B, "a.wav": A}), "metadata.csv": TABLE})
    assert look(tmp_path).source.entries() == [
        Entry("a.wav", len(A)), Entry("b.wav", len(B)), Entry("metadata.csv", len(TABLE)),
    ]  # fmt: skip


def test_parquet_without_its_reader_names_what_to_install_and_not_a_table_to_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    found = look(write(tmp_path, {"data/train.parquet": b"PAR1 whatever it holds PAR1"}))
    assert codes(found) == [Code.EXTRA_MISSING, Code.NO_TABLE]
    assert {in_terminal(each.hint) for each in found.findings} == {
        "pip install 'pod-launcher[audio]'"
    }
    assert "cannot be read here" in in_terminal(found.findings[-1].message)
