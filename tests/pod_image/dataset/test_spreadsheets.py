"""What spreadsheets and other programs export is read as what it is; names that lead nowhere are looked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from launcher.cli.terminal.next_steps import in_terminal
from pod_image.contract.findings import Severity
from pod_image.dataset import Code, Survey, read_dataset
from tests.kit.dataset_files import SHORT, codes, look, write


def table(folder: Path, content: bytes | str, name: str = "metadata.csv", count: int = 3) -> Survey:
    write(folder, {f"wavs/{n}.wav": SHORT for n in range(count)})
    return look(write(folder, {name: content}))


def texts(found: Survey) -> list[str]:
    assert not [each for each in found.findings if each.severity is Severity.ERROR]
    return [each.text for each in found.utterances]


@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
@pytest.mark.parametrize("header", ["", "file_name{}text\n", "Datei{}Was gesagt wird\n"])
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_every_delimiter_is_found_with_and_without_a_header(
    tmp_path: Path, delimiter: str, header: str, encoding: str
) -> None:
    rows = "".join(f'wavs/{n}.wav{delimiter}"Wir sind, ja; {n} hier."\r\n' for n in range(3))
    found = table(tmp_path, (header.format(delimiter) + rows).encode(encoding))
    assert texts(found) == [f"Wir sind, ja; {n} hier." for n in range(3)]


def test_decimal_commas_of_another_column_part_no_cells(tmp_path: Path) -> None:
    found = table(tmp_path, "file;seconds;text\n0;2,5;One, here.\n1;1,75;Two here.\n2;3,0;Three.\n")
    assert texts(found) == ["One, here.", "Two here.", "Three."]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_a_cell_of_several_lines_is_one_text(tmp_path: Path, delimiter: str) -> None:
    rows = [
        '0{}"The ferry, leaves\r\nat noon, {{today}}."', '1{}"He said ""no"".\n\nAnd left."', "2{}Plain."
    ]  # fmt: skip
    lines = "\r\n".join(row.format(delimiter) for row in rows) + "\r\n"
    found = table(tmp_path, f"file_name{delimiter}text\r\n{lines}")
    assert texts(found) == [
        "The ferry, leaves at noon, {today}.",
        'He said "no". And left.',
        "Plain.",
    ]
    assert [each.place for each in found.utterances] == [
        "metadata.csv line 2",
        "metadata.csv line 4",
        "metadata.csv line 7",
    ]


def test_an_open_quote_takes_in_no_row_of_its_own(tmp_path: Path) -> None:
    found = table(tmp_path, 'file,text\n0,"Hello\n1,He said "no.\n2,"Bye"\n')
    assert [each.text for each in found.utterances] == ["Hello", 'He said "no.', "Bye"]


def test_doubled_quotes_are_undone_where_the_whole_column_has_them(tmp_path: Path) -> None:
    found = table(tmp_path, '"0"\t"He said ""no""."\n"1"\t"Hello."\n"2"\t"Bye."\n', "metadata.tsv")
    assert texts(found) == ['He said "no".', "Hello.", "Bye."]
    assert Code.QUOTED_TEXT not in codes(found)


def test_quotes_that_belong_to_the_texts_are_kept(tmp_path: Path) -> None:
    found = table(tmp_path, '0|"Yes," he said.\n1|"No."\n2|He left.\n')
    assert texts(found) == ['"Yes," he said.', '"No."', "He left."]
    assert Code.QUOTED_TEXT in codes(found)


@pytest.mark.parametrize(
    ("content", "speakers"),
    [
        ("text;file;speaker\nWe go now.;0;anna\nWe stay here.;1;ben\n", ["anna", "ben"]),
        (
            "Audio file,Transcript (checked),Length\n0,We go now.,25\n1,We stay here.,31\n",
            [None, None],
        ),
        ("sentence_id,sentence,path\n7,We go now.,0\n9,We stay here.,1\n", [None, None]),
        ("0|We go now.|17\n1|We stay here.|23\n", [None, None]),
        ("We go now.|0\nWe stay here.|1\n", [None, None]),
        ("path,duration,Inhalt\n0,2.5,We go now.\n1,2.1,We stay here.\n", [None, None]),
        ("0|We go now.|anna\n1|We stay here.|anna\n", ["anna", "anna"]),
        ("0|We go now.|We go now.|anna\n1|We stay here.|We stay here.|anna\n", ["anna", "anna"]),
        ("0|17.5|We go now.\n1|23.25|We stay here.\n", [None, None]),
        ("0,wavs/0.wav,We go now.\n1,wavs/1.wav,We stay here.\n", [None, None]),
        ("sep=;\n0;We go now.\n1;We stay here.\n", [None, None]),
        ("0;We go now.;;\n1;We stay here.;;\n", [None, None]),
        ("file;text;;\n0;We go now.;;\n1;We stay here.;;\n", [None, None]),
        ("a,0,We go now.\na,1,We stay here.\n", [None, None]),
    ],
)
def test_columns_are_found_by_meaning_and_numbers_are_never_the_text(
    tmp_path: Path, content: str, speakers: list[str | None]
) -> None:
    found = table(tmp_path, content, count=2)
    assert texts(found) == ["We go now.", "We stay here."]
    assert [each.speaker for each in found.utterances] == speakers


def test_commas_of_texts_that_nobody_quoted_part_no_cells(tmp_path: Path) -> None:
    rows = "wavs/0.wav,Well, we go, now.\nwavs/1.wav,Plain here.\nwavs/2.wav,So, that is it.\n"
    wanted = ["Well, we go, now.", "Plain here.", "So, that is it."]
    assert texts(table(tmp_path, rows)) == wanted
    assert texts(table(tmp_path, "file,text\n" + rows)) == wanted
    rows = "".join(f"wavs/{n}.wav,Number {n}, it is here.\n" for n in range(3))
    assert texts(table(tmp_path, rows)) == [f"Number {n}, it is here." for n in range(3)]
    rows = "".join(f"wavs/{n}.wav, anna, It is here {n}.\n" for n in range(3))
    assert texts(table(tmp_path, rows)) == [f"It is here {n}." for n in range(3)]


def test_digits_alone_are_no_texts_also_where_the_header_says_so(tmp_path: Path) -> None:
    found = table(tmp_path, "file|text\n0|7\n1|8\n2|9\n")
    assert not found.utterances
    (bad,) = [each for each in found.findings if each.code is Code.BAD_LINE]
    assert "write them as words" in in_terminal(bad.message)


def test_a_first_row_whose_file_is_gone_is_no_header(tmp_path: Path) -> None:
    found = table(tmp_path, "gone.wav|Short.\n0|The first of two.\n1|The second of the two.\n")
    assert Code.FILE_ABSENT in codes(found)
    assert len(found.utterances) == 2


@pytest.mark.parametrize(
    "name",
    [
        "other/0.wav", r"D:\my clips\0.wav", "/home/me/clips/0.WAV", "0.mp3", "old/0.flac",
        "../clips/0.wav", "file:///data/clips/0.wav", r"\\server\share\clips\0.wav",
    ],
)  # fmt: skip
def test_a_name_that_leads_nowhere_is_looked_for_by_its_base_name_and_said(
    tmp_path: Path, name: str
) -> None:
    found = table(tmp_path, f"{name}|Hello.\n")
    assert [each.path for each in found.utterances] == ["wavs/0.wav"]
    (note,) = [each for each in found.findings if each.code is Code.NAME_ELSEWHERE]
    assert note.severity is Severity.NOTE
    assert f"wavs/0.wav for {name}" in in_terminal(note.message)


def test_a_base_name_that_several_files_have_is_taken_by_path_or_not_at_all(tmp_path: Path) -> None:
    write(tmp_path, {"rec/anna/1.wav": SHORT, "rec/ben/1.wav": SHORT})
    write(tmp_path, {"t.csv": "D:\\x\\ben\\1.wav|Of Ben.\nx/1.wav|Of whom?\nanna/1.wav|Of Anna.\n"})
    found = look(tmp_path)
    assert {each.path: each.text for each in found.utterances} == {
        "rec/ben/1.wav": "Of Ben.",
        "rec/anna/1.wav": "Of Anna.",
    }
    (absent,) = [each for each in found.findings if each.code is Code.FILE_ABSENT]
    assert "rec/anna/1.wav or rec/ben/1.wav" in in_terminal(absent.message)


def test_a_line_that_means_another_file_takes_no_clip_from_the_line_that_names_it(
    tmp_path: Path,
) -> None:
    found = table(tmp_path, "old/0.wav|Old.\nwavs/0.wav|Right.\na/1.wav|One.\nb/1.wav|Uno.\n")
    assert [(each.path, each.text) for each in found.utterances] == [("wavs/0.wav", "Right.")]
    assert codes(found).count(Code.FILE_ABSENT) == 3


def test_a_line_that_was_taken_for_one_cell_and_quoted_is_a_line_again(tmp_path: Path) -> None:
    clips = {f"wavs/{name}.wav": SHORT for name in "abc"}
    table = 'a|Rain fell on the roof.\n"b|""Well"", he said, ""no""."\n"c|Slowly, softly."\n'
    write(tmp_path, {**clips, "metadata.csv": table})
    assert [clip.text for clip in read_dataset(tmp_path).clips] == [
        "Rain fell on the roof.",
        '"Well", he said, "no".',
        "Slowly, softly.",
    ]
