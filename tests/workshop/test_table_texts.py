"""A person's table gives each recording its own text: by path first, by name only where it is the only one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from launcher.errors import InvalidRequest
from launcher.workshop.gathering import gather
from launcher.workshop.table_texts import match_rows, texts_of
from pod_image.dataset.tables import Row, read_table
from tests.kit.dataset_files import SHORT, write

ANNA, BEN = "/rec/anna/001.wav", "/rec/ben/001.wav"


def rows(*lines: str) -> list[Row]:
    return read_table("t.csv", "".join(f"{line}\n" for line in lines).encode()).rows


def matched(*lines: str, recordings: tuple[str, ...] = (ANNA, BEN)) -> dict[str, str]:
    return {path: row.text for path, row in match_rows(rows(*lines), recordings).rows.items()}


def test_the_same_name_in_two_folders_takes_the_line_of_its_own_path(tmp_path: Path) -> None:
    write(tmp_path, {"rec/anna/001.wav": SHORT, "rec/ben/001.wav": SHORT})
    table = write(tmp_path, {"t.csv": "ben/001.wav|Of Ben.\nanna/001.wav|Of Anna.\n"}) / "t.csv"
    gathered = gather([tmp_path / "rec"], table, tmp_path / "out", tmp_path)
    found, skipped = gathered.recordings, gathered.skipped
    assert [(each.name, each.text) for each in found] == [
        ("anna/001.wav", "Of Anna."),
        ("ben/001.wav", "Of Ben."),
    ]
    assert not skipped


def test_a_spreadsheet_of_unknown_headers_is_read_by_the_recordings_that_it_names(
    tmp_path: Path,
) -> None:
    table = write(tmp_path, {"t.csv": "Nr;Ton;Worte\n1;001;Of Anna, here.\n"}) / "t.csv"
    (row,) = texts_of(table, [ANNA]).rows.values()
    assert row.text == "Of Anna, here."
    numbers = write(tmp_path, {"n.csv": "file,seconds\n001.wav,3\n"}) / "n.csv"
    with pytest.raises(InvalidRequest, match="No column of it holds texts"):
        texts_of(numbers, [ANNA])


def test_a_name_that_two_recordings_have_gives_neither_its_text_and_is_said(
    tmp_path: Path,
) -> None:
    write(tmp_path, {"rec/anna/001.wav": SHORT, "rec/ben/001.wav": SHORT})
    table = write(tmp_path, {"t.csv": "001.wav|Of whom?\n"}) / "t.csv"
    gathered = gather([tmp_path / "rec"], table, tmp_path / "out", tmp_path)
    found, skipped = gathered.recordings, gathered.skipped
    assert [each.text for each in found] == [None, None]
    (said,) = skipped
    assert "t.csv line 1 (001.wav) leads to several recordings" in said.reason
    assert "more of the path" in said.reason


@pytest.mark.parametrize(
    "name",
    [
        "001",
        "001.mp3",
        "elsewhere/001.wav",
        r"D:\takes\001.wav",
        "/home/me/takes/001.wav",
        "001.WAV",
    ],
)
def test_a_name_that_is_the_only_one_is_enough_however_its_path_begins(name: str) -> None:
    assert matched(f"{name}|Hello.", recordings=(ANNA,)) == {ANNA: "Hello."}


def test_a_line_of_another_folder_does_not_take_what_the_right_one_claims() -> None:
    lines = ("old/001.wav|Old.", "anna/001.wav|Right.")
    assert matched(*lines, recordings=(ANNA,)) == {ANNA: "Right."}


def test_two_lines_that_mean_one_recording_equally_and_contradict_give_it_no_text() -> None:
    found = match_rows(rows("a/1.wav|One.", "b/1.wav|Two."), ["/rec/1.wav"])
    assert not found.rows
    assert "several recordings, or one that other lines mean too" in found.left[0]


def test_lines_that_lead_nowhere_are_said_where_a_recording_stays_without_text() -> None:
    found = match_rows(rows("002|Two.", "003|Three."), ["/rec/001.wav"])
    assert found.left == (
        "t.csv line 1 (002), t.csv line 2 (003) lead to no recording that was named.",
    )
    assert not match_rows(rows("001|One.", "003|Three."), ["/rec/001.wav"]).left


def test_twenty_thousand_recordings_are_matched_by_look_ups() -> None:
    numbers = np.random.default_rng(1).permutation(20_000)
    lines = [Row("t", f"s{n % 20}/{n // 20}.wav", str(n), None) for n in numbers]
    paths = [f"/data/s{n % 20}/{n // 20}.wav" for n in range(20_000)]
    found = match_rows(lines, paths)
    assert [found.rows[path].text for path in paths] == [str(n) for n in range(20_000)]
