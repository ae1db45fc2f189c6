"""Which of several tables counts is never chance: those that agree are read together, else a person is asked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from launcher.cli.terminal.next_steps import in_terminal
from pod_image.contract.findings import Severity
from pod_image.dataset import Code, Entry, FolderSource, Survey, read_dataset, survey
from tests.kit.dataset_files import SHORT, codes, look, write


def clips(folder: Path, *names: str) -> Path:
    return write(folder, dict.fromkeys(names, SHORT))


def texts(found: Survey) -> dict[str | None, str]:
    return {each.path: each.text for each in found.utterances}


def errors(found: Survey) -> list[str]:
    return [each.code for each in found.findings if each.severity is Severity.ERROR]


def said(found: Survey, code: Code) -> tuple[str, str]:
    (one,) = [each for each in found.findings if each.code is code]
    return in_terminal(one.message), in_terminal(one.hint)


def test_tables_of_a_split_are_read_together_whatever_they_are_called(tmp_path: Path) -> None:
    clips(tmp_path, "wavs/1.wav", "wavs/2.wav", "wavs/3.wav")
    write(
        tmp_path,
        {
            "metadata_train.csv": "audio_file|text|speaker_name\nwavs/1.wav|One.|me\n",
            "metadata_eval.csv": "audio_file|text|speaker_name\nwavs/2.wav|Two.|me\n",
            "lists/test_filelist.txt": "wavs/3.wav|Three.\n",
        },
    )
    found = look(tmp_path)
    assert texts(found) == {"wavs/1.wav": "One.", "wavs/2.wav": "Two.", "wavs/3.wav": "Three."}
    assert not errors(found)


def test_a_table_that_says_the_same_once_more_is_mentioned_and_not_read_twice(
    tmp_path: Path,
) -> None:
    clips(tmp_path, "wavs/1.wav", "wavs/2.wav")
    write(
        tmp_path,
        {
            "metadata.csv": "1|One.\n2|Two.\ngone|Gone.\n",
            "metadata_shuf.csv": "2|Two.\ngone|Gone.\n1|One.\n",
        },
    )
    found = look(tmp_path)
    assert texts(found) == {"wavs/1.wav": "One.", "wavs/2.wav": "Two."}
    assert sorted(codes(found)) == [Code.FILE_ABSENT, Code.TABLE_IGNORED]


@pytest.mark.parametrize(("first", "second"), [("a.csv", "b.csv"), ("z.csv", "b.csv")])
def test_two_tables_that_contradict_are_both_named_and_neither_is_taken(
    tmp_path: Path, first: str, second: str
) -> None:
    clips(tmp_path, "wavs/1.wav", "wavs/2.wav")
    write(tmp_path, {first: "1|One.\n2|Two.\n", second: "1|Uno.\n2|Two.\n"})
    found = look(tmp_path)
    assert texts(found) == {}
    assert errors(found) == [Code.TABLES_DIFFER, Code.NO_CLIPS]
    message, hint = said(found, Code.TABLES_DIFFER)
    assert first in message
    assert second in message
    assert "“One.”" in message
    assert "“Uno.”" in message
    assert f"--table {first}" in hint
    assert f"--table {second}" in hint


def test_the_table_that_a_person_chose_is_read_alone(tmp_path: Path) -> None:
    clips(tmp_path, "wavs/1.wav", "wavs/2.wav")
    write(tmp_path, {"a.csv": "1|One.\n2|Two.\n", "sub/b.csv": "1|Uno.\n"})
    for name in ("sub/b.csv", "b.csv", "sub\\B.csv"):
        found = survey(FolderSource(tmp_path), (name,))
        assert texts(found) == {"wavs/1.wav": "Uno."}
        assert not errors(found)
    assert [clip.text for clip in read_dataset(tmp_path, tables=("a.csv",)).clips] == [
        "One.",
        "Two.",
    ]
    both = survey(FolderSource(tmp_path), ("metadata.csv",))
    assert said(both, Code.NO_TABLE)[0].startswith("There is no table metadata.csv")


def test_a_table_left_aside_while_clips_go_unused_is_an_error(tmp_path: Path) -> None:
    clips(tmp_path, "wavs/1.wav", "wavs/2.wav")
    write(tmp_path, {"metadata.csv": "1|One.\n", "more.csv": "file,text\nclip_b,Two.\n"})
    found = look(tmp_path)
    message, hint = said(found, Code.TABLE_LEFT)
    assert "names an existing sound file" in message
    assert "1 sound file has no transcript" in message
    assert "--table more.csv" in hint
    write(tmp_path, {"metadata.csv": "1|One.\n2|Two.\n"})
    assert Code.TABLE_LEFT not in codes(look(tmp_path))


@pytest.mark.parametrize(
    "name", ["clip_durations.tsv", "durations.csv", "speakers.csv", "reported.tsv"]
)
def test_a_table_without_texts_is_never_the_table(tmp_path: Path, name: str) -> None:
    tables = {
        "clip_durations.tsv": "clip\tduration[ms]\n1.wav\t2500\n2.wav\t1800\n",
        "durations.csv": "1.wav,2.5\n2.wav,1.8\n",
        "speakers.csv": "file,speaker,age\n1.wav,anna,30\n2.wav,ben,40\n",
        "reported.tsv": "sentence_id\tsentence\tlocale\treason\n1\tToo long a line.\ten\tother\n",
    }
    clips(tmp_path, "1.wav", "2.wav")
    write(tmp_path, {name: tables[name]})
    found = look(tmp_path)
    assert not found.utterances
    assert errors(found) == [Code.NO_TABLE]
    write(tmp_path, {"zz.tsv": "path\tsentence\n1.wav\tOne is here.\n2.wav\tTwo is here.\n"})
    assert len(look(tmp_path).utterances) == 2
    assert not errors(look(tmp_path))


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("texts.xlsx", "Save the spreadsheet"),
        ("talk.srt", "launcher dataset make"),
        ("notes.txt", "file|text"),
    ],
)
def test_no_transcripts_is_not_said_beside_transcripts(
    tmp_path: Path, name: str, advice: str
) -> None:
    clips(tmp_path, "1.wav")
    write(tmp_path, {name: "Whatever this is."})
    message, hint = said(look(tmp_path), Code.NO_TABLE)
    assert name in message
    assert "no transcripts" not in message
    assert advice in hint


def test_clips_that_the_table_does_not_name_take_the_text_beside_them(tmp_path: Path) -> None:
    clips(tmp_path, "1.wav", "2.wav", "3.wav")
    write(tmp_path, {"metadata.csv": "1|One.\n", "2.txt": "Two.\n", "3.json": '{"seconds": 3}'})
    found = look(tmp_path)
    assert texts(found) == {"1.wav": "One.", "2.wav": "Two."}
    assert not errors(found)


def test_texts_in_a_folder_like_that_of_the_clips_are_found_by_path(tmp_path: Path) -> None:
    clips(tmp_path, "wavs/anna/1.wav", "wavs/ben/1.wav", "wavs/ben/2.wav")
    write(tmp_path, {"txt/anna/1.txt": "Of Anna.", "txt/ben/1.txt": "Of Ben.", "txt/2.txt": "Two."})
    assert texts(look(tmp_path)) == {
        "wavs/anna/1.wav": "Of Anna.", "wavs/ben/1.wav": "Of Ben.", "wavs/ben/2.wav": "Two.",
    }  # fmt: skip
    (tmp_path / "txt/ben/1.txt").unlink()
    assert "wavs/ben/1.wav" not in texts(look(tmp_path))


def test_labels_with_times_are_no_text_to_be_spoken(tmp_path: Path) -> None:
    clips(tmp_path, "take.wav")
    write(tmp_path, {"take.txt": "0.0\t1.5\tHello there.\n1.5\t2.9\tGood morning.\n"})
    found = look(tmp_path)
    assert not found.utterances
    assert "Audacity labels" in said(found, Code.TIMED_TEXT_UNCUT)[0]


class Counting:
    """Files of the same few bytes, whose reads are counted."""

    name, is_remote = "many", True

    def __init__(self, *paths: str) -> None:
        self._entries = [Entry(path, 9) for path in sorted(paths)]
        self.reads = 0

    def entries(self) -> list[Entry]:
        return self._entries

    def read(self, path: str, start: int = 0, length: int | None = None) -> bytes:
        self.reads += 1
        return b"1|One.\n"


def test_thousands_of_texts_are_not_looked_through_for_a_table() -> None:
    numbers = range(2_000)
    source = Counting(
        "wavs.csv", *(f"w/{n}.wav" for n in numbers), *(f"n/n{n}.txt" for n in numbers)
    )
    survey(source)
    assert source.reads < 600


def test_parquet_beside_another_table_is_not_left_without_a_word(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    import pyarrow as pa
    from pyarrow import parquet

    clips(tmp_path, "1.wav")
    write(tmp_path, {"metadata.csv": "1|One.\n"})
    audio = [{"bytes": SHORT, "path": "2.wav"}]
    parquet.write_table(pa.table({"audio": audio, "text": ["Two."]}), tmp_path / "x.parquet")
    found = look(tmp_path)
    assert Code.TABLE_LEFT in errors(found)
    chosen = survey(FolderSource(tmp_path), ("x.parquet",))
    assert [each.text for each in chosen.utterances] == ["Two."]


def test_json_of_every_usual_shape_is_read(tmp_path: Path) -> None:
    clips(tmp_path, "wavs/1.wav", "wavs/2.wav")
    records = [{"audio": "wavs/1.wav", "text": "One."}, {"audio": "wavs/2.wav", "text": "Two."}]
    shapes: list[object] = [
        records,
        {"version": 1, "data": records},
        {"train": records[:1], "test": records[1:]},
        {"1.wav": "One.", "2.wav": "Two."},
        {"1.wav": {"original": "1", "clean": "One."}, "2.wav": {"clean": "Two."}},
        {"file": {"0": "1.wav", "1": "2.wav"}, "text": {"0": "One.", "1": "Two."}},
        {"file": ["1.wav", "2.wav"], "text": ["One.", "Two."]},
    ]
    for shape in shapes:
        write(tmp_path, {"all.json": json.dumps(shape)})
        assert texts(look(tmp_path)) == {"wavs/1.wav": "One.", "wavs/2.wav": "Two."}, shape
    write(tmp_path, {"all.json": "\n".join(json.dumps(record) for record in records)})
    assert len(look(tmp_path).utterances) == 2


def test_a_piece_of_a_recording_is_not_read_as_the_whole_of_it(tmp_path: Path) -> None:
    clips(tmp_path, "1.wav")
    record = {"audio_filepath": "1.wav", "text": "Piece.", "offset": 3.5, "duration": 2.0}
    write(tmp_path, {"manifest.json": json.dumps([record])})
    found = look(tmp_path)
    assert not found.utterances
    assert "a part of 1.wav" in said(found, Code.BAD_LINE)[0]


def test_the_few_lines_of_val_have_the_columns_of_train(tmp_path: Path) -> None:
    clips: dict[str, bytes | str] = {f"wavs/{n}.wav": SHORT for n in range(8)}
    lines = [f"DUMMY1/{n}.wav|{n % 2}|Here is line number {n} of it.\n" for n in range(8)]
    lists = {"filelists/train.txt": "".join(lines[:6]), "filelists/val.txt": "".join(lines[6:])}
    write(tmp_path, {**clips, **lists})
    assert (
        sorted(clip.speaker or "" for clip in read_dataset(tmp_path).clips) == ["0"] * 4 + ["1"] * 4
    )
    assert Code.SPEAKER_PARTLY not in codes(look(tmp_path))
