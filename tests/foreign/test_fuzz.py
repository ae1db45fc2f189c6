"""Whatever is wrong with a file, what comes of it is a value or a refusal in words, in time, with nothing written."""

from __future__ import annotations

import io
import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pod_image.dataset import Code, DatasetError, read_dataset, survey
from pod_image.foreign.frames import Array, BadFrame, read_answer, write_answer
from tests.foreign import fuzz
from tests.foreign.corpus import Held, dataset_parts


@pytest.mark.promise("secrets-strangers")
@pytest.mark.parametrize(("kind", "count"), [("checkpoint", 80), ("voice", 120), ("dataset", 150)])
def test_damaged_and_hostile_files_are_read_or_refused_and_nothing_else(
    kind: str, count: int, tmp_path: Path
) -> None:
    came, wrong = fuzz.run(kind, 7, count, tmp_path)
    assert wrong == []
    assert came["value"] > count / 50  # some changes do no harm, so the readers really read
    assert came["refused"] > count / 10
    assert sum(came.values()) == count


def test_the_search_for_faults_finds_one_that_is_there(tmp_path: Path) -> None:
    wrong: list[str] = []
    assert fuzz.outcome(_broken, tmp_path / "a.ckpt", wrong) == "wrong"
    assert wrong == ["a.ckpt: IndexError: odd"]


def _broken(path: Path) -> str:
    raise IndexError("odd")


def test_a_file_that_ends_its_reader_is_counted_and_the_others_are_read_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(7):
        (tmp_path / f"{number}-a.ckpt").touch()
    asked = []

    def said(kind: str, folder: Path, begin: int, end: int) -> dict[str, object] | None:
        asked.append((begin, end))
        return None if begin <= 4 < end else {"came": {"value": end - begin}, "wrong": []}

    monkeypatch.setattr(fuzz, "_said", said)
    assert fuzz.opened("checkpoint", tmp_path) == (Counter(value=6, ended=1), [])


@given(st.binary(max_size=400))
@settings(max_examples=300, deadline=None)
def test_an_answer_of_any_bytes_is_one_or_is_none(content: bytes) -> None:
    with pytest.raises(BadFrame):
        read_answer(io.BytesIO(content), 1 << 20)


ANSWERS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


@given(
    said=ANSWERS, name=ANSWERS, kind=ANSWERS | st.just("float32"), shape=ANSWERS | st.just([2, -1])
)
@settings(max_examples=80, deadline=None)
def test_a_header_that_says_anything_is_believed_only_where_it_adds_up(
    said: object, name: object, kind: object, shape: object
) -> None:
    header = json.dumps({"said": said, "arrays": [{"name": name, "kind": kind, "shape": shape}]})
    text = header.encode()
    frame = b"LFF1" + len(text).to_bytes(8, "little") + text + bytes(64)
    try:
        answer = read_answer(io.BytesIO(frame), 64)
    except BadFrame:
        return
    (array, content) = answer.arrays[0]
    assert isinstance(answer.said, dict)
    assert len(content) == array.size_bytes <= 64


@pytest.mark.parametrize(
    ("shape", "most"), [((1 << 39,), 1 << 20), ((1 << 20, 1 << 20, 1 << 20), 1 << 40), ((0, 1 << 30), 1 << 20)]
)  # fmt: skip
def test_a_size_that_the_file_cannot_have_is_refused_before_room_is_made_for_it(
    shape: tuple[int, ...], most: int
) -> None:
    out = io.BytesIO()
    write_answer(out, {}, [Array("a", "float32", shape)])
    out.seek(0)
    with pytest.raises(BadFrame):
        read_answer(out, most)


def test_a_table_inside_a_shard_that_is_damaged_there_is_a_finding() -> None:
    packed = bytearray(dataset_parts()["stored.zip"])
    packed[0] ^= 1  # the member's own header; the directory at the end is whole
    found = survey(Held({"shard.zip": bytes(packed)}))
    assert [each.code for each in found.findings if each.code is Code.ARCHIVE_DAMAGED]


def test_a_shard_with_a_member_without_a_name_is_a_finding(tmp_path: Path) -> None:
    (tmp_path / "shard.zip").write_bytes(_without_its_last_name(dataset_parts()["stored.zip"]))
    with pytest.raises(DatasetError, match="The archive cannot be read: string index"):
        read_dataset(tmp_path)


def _without_its_last_name(archive: bytes) -> bytes:
    """The last entry of the directory loses its name, and the directory says that it is so much shorter."""
    at, end = archive.rindex(b"PK\x01\x02"), archive.rindex(b"PK\x05\x06")
    length = int.from_bytes(archive[at + 28 : at + 30], "little")
    size = int.from_bytes(archive[end + 12 : end + 16], "little") - length
    entry = (
        archive[at : at + 28]
        + bytes(2)
        + archive[at + 30 : at + 46]
        + archive[at + 46 + length : end]
    )
    tail = archive[end : end + 12] + size.to_bytes(4, "little") + archive[end + 16 :]
    return archive[:at] + entry + tail
