"""Tables of transcripts are read the way people and their programs write them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from launcher.cli.terminal.next_steps import in_terminal
from pod_image.dataset import Code, DatasetError, read_dataset
from tests.kit.dataset_files import SHORT, codes, look, write


def texts(folder: Path) -> list[tuple[str, str, str | None]]:
    return [(clip.path.name, clip.text, clip.speaker) for clip in read_dataset(folder).clips]


def two_clips(folder: Path, table: bytes | str, name: str = "metadata.csv") -> Path:
    return write(folder, {"wavs/a.wav": SHORT, "wavs/b.wav": SHORT, name: table})


def test_two_columns_are_file_and_text(tmp_path: Path) -> None:
    two_clips(tmp_path, "a|Hello there.\nb|Good morning.\n")
    assert texts(tmp_path) == [("a.wav", "Hello there.", None), ("b.wav", "Good morning.", None)]
    assert read_dataset(tmp_path).clips[1].place == "metadata.csv line 2"


@pytest.mark.parametrize("name", ["a", "a.wav", "wavs/a.wav", "wavs\\a.wav", "./wavs/a.wav"])
def test_a_file_is_found_by_every_usual_way_to_name_it(tmp_path: Path, name: str) -> None:
    two_clips(tmp_path, f"{name}|Hello there.\n")
    assert texts(tmp_path) == [("a.wav", "Hello there.", None)]


@pytest.mark.parametrize("folder", ["", "wav/", "wavs/", "audio/", "clips/"])
def test_clips_are_found_beside_the_table_and_in_the_usual_folders(
    tmp_path: Path, folder: str
) -> None:
    write(tmp_path, {f"{folder}a.flac": SHORT, "metadata.csv": "a|Hello there.\n"})
    assert texts(tmp_path) == [("a.flac", "Hello there.", None)]


def test_of_three_columns_as_in_ljspeech_the_normalised_text_is_spoken(tmp_path: Path) -> None:
    two_clips(
        tmp_path,
        "a|In 1900 it was sold.|In nineteen hundred it was sold.\nb|Mr. Bell spoke.|Mister Bell spoke.\n",
    )
    assert texts(tmp_path)[0] == ("a.wav", "In nineteen hundred it was sold.", None)
    assert "LJSpeech" in in_terminal(look(tmp_path).findings[0].message)


def test_a_repeated_short_second_column_is_the_speaker(tmp_path: Path) -> None:
    files = {f"wavs/{n}.wav": SHORT for n in range(4)}
    table = (
        "0|anna|First line here.\n1|ben|Second line here.\n2|anna|Third one.\n3|ben|Fourth one.\n"
    )
    write(tmp_path, {**files, "metadata.csv": table})
    dataset = read_dataset(tmp_path)
    assert [clip.speaker for clip in dataset.clips] == ["anna", "ben", "anna", "ben"]
    assert dataset.speakers == ["anna", "ben"]


def test_an_empty_normalised_text_falls_back_to_the_raw_one(tmp_path: Path) -> None:
    two_clips(tmp_path, "a|Hello there now.|Hello there now.\nb|Good morning all.|\n")
    assert texts(tmp_path)[1] == ("b.wav", "Good morning all.", None)


def test_columns_that_fit_two_readings_are_said_to_be_unsure(tmp_path: Path) -> None:
    two_clips(
        tmp_path, "a|one thing|Quite another sentence with words.\nb|two|And yet another one.\n"
    )
    assert Code.COLUMNS_UNSURE in codes(look(tmp_path))


@pytest.mark.parametrize(
    ("header", "line"),
    [
        ("file|text", "a|Hello."),
        ("file_name|speaker|text", "a.wav|anna|Hello."),
        ("speaker|text|file", "anna|Hello.|a.wav"),
        ("id|raw_text|normalized_text", "a|Hallo?|Hello."),
    ],
)
def test_a_header_says_which_column_is_which(tmp_path: Path, header: str, line: str) -> None:
    two_clips(tmp_path, f"{header}\n{line}\n")
    (clip,) = read_dataset(tmp_path).clips
    assert (clip.path.name, clip.text) == ("a.wav", "Hello.")
    assert clip.speaker == ("anna" if "speaker" in header else None)


def test_a_text_that_begins_with_a_quotation_mark_swallows_nothing(tmp_path: Path) -> None:
    two_clips(tmp_path, 'a|"Stop, he said.\nb|And then he left.\n')
    assert texts(tmp_path) == [
        ("a.wav", '"Stop, he said.', None),
        ("b.wav", "And then he left.", None),
    ]
    assert codes(look(tmp_path)) == [Code.QUOTED_TEXT]


def test_the_comma_table_of_audiofolder_is_read_with_its_quotes(tmp_path: Path) -> None:
    two_clips(tmp_path, 'file_name,transcription\nwavs/a.wav,"Well, hello."\nwavs/b.wav,Bye\n')
    assert [text for _, text, _ in texts(tmp_path)] == ["Well, hello.", "Bye"]


def test_an_open_quote_in_a_comma_table_ends_with_its_line(tmp_path: Path) -> None:
    two_clips(tmp_path, 'file_name,text\na,"Hello\nb,Bye\n')
    assert [text for _, text, _ in texts(tmp_path)] == ["Hello", "Bye"]


def test_tabs_separate_when_there_is_no_bar(tmp_path: Path) -> None:
    two_clips(tmp_path, "a\tHello.\nb\tBye.\n", "metadata.tsv")
    assert len(texts(tmp_path)) == 2


@pytest.mark.parametrize(
    "record",
    [
        {"file_name": "wavs/a.wav", "transcription": "Hello."},
        {"audio": "wavs/a.wav", "text": "Hello."},
        {"audio": {"path": "a.wav", "bytes": None}, "sentence": "Hello."},
        {"audio_filepath": "a.wav", "text": "Hello.", "duration": 1.0},
    ],
)
def test_json_lines_are_read_as_datasets_and_others_write_them(
    tmp_path: Path, record: dict[str, object]
) -> None:
    two_clips(tmp_path, json.dumps(record) + "\n", "metadata.jsonl")
    assert texts(tmp_path) == [("a.wav", "Hello.", None)]


def test_a_numeric_speaker_is_a_speaker(tmp_path: Path) -> None:
    two_clips(tmp_path, '{"file": "a", "text": "Hello.", "speaker_id": 7}\n', "metadata.jsonl")
    assert texts(tmp_path) == [("a.wav", "Hello.", "7")]


def test_a_line_that_is_no_json_object_is_named_and_the_rest_is_read(tmp_path: Path) -> None:
    two_clips(tmp_path, '[1]\n{"file": "a", "text": "Hello."}\n{"file": "b"}\n', "metadata.jsonl")
    found = look(tmp_path)
    bad = [(each.code, each.place) for each in found.findings if each.code is Code.BAD_LINE]
    assert bad == [
        (Code.BAD_LINE, "metadata.jsonl line 1"),
        (Code.BAD_LINE, "metadata.jsonl line 3"),
    ]
    assert len(found.utterances) == 1


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"]
)
@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_every_common_encoding_and_line_end_gives_the_same_texts(
    tmp_path: Path, encoding: str, ends: str
) -> None:
    table = ends.join(["a|Schöne Grüße aus Köln.", "b|Ça va très bien.", ""])
    two_clips(tmp_path, table.encode(encoding))
    assert [text for _, text, _ in texts(tmp_path)] == [
        "Schöne Grüße aus Köln.",
        "Ça va très bien.",
    ]
    warned = Code.ENCODING in codes(look(tmp_path))
    assert warned == (not encoding.startswith("utf-8"))


def test_a_line_separator_inside_a_text_does_not_cut_the_line(tmp_path: Path) -> None:
    two_clips(tmp_path, "a|Hello\u2028there.\nb|Bye\x0bnow.\n")
    assert len(texts(tmp_path)) == 2


def test_right_to_left_text_and_emoji_come_through_unchanged(tmp_path: Path) -> None:
    two_clips(tmp_path, "a|שלום עולם\nb|Hello 👋🏽 you\n")
    assert [text for _, text, _ in texts(tmp_path)] == ["שלום עולם", "Hello 👋🏽 you"]


def test_a_line_with_too_few_or_too_many_columns_is_named(tmp_path: Path) -> None:
    two_clips(tmp_path, "a|Hello.\nb\nb|Good|bye.\nb|Bye.\n")
    bad = {
        each.place: each.message for each in look(tmp_path).findings if each.code is Code.BAD_LINE
    }
    assert set(bad) == {"metadata.csv line 2", "metadata.csv line 3"}
    assert "is in the text" in in_terminal(bad["metadata.csv line 3"])


def test_a_table_without_any_delimiter_is_an_error_with_the_remedy(tmp_path: Path) -> None:
    two_clips(tmp_path, "Hello there.\nGood morning.\n")
    with pytest.raises(DatasetError) as raised:
        read_dataset(tmp_path)
    assert "file|text" in in_terminal(raised.value.hint)


def test_an_absent_file_an_empty_file_and_an_empty_text_are_each_named(tmp_path: Path) -> None:
    two_clips(tmp_path, "a|Hello.\nx|Not there.\nempty|Nothing.\nb|\n")
    write(tmp_path, {"wavs/empty.wav": b""})
    found = look(tmp_path)
    grave = [(each.code, each.place) for each in found.findings if each.severity == "error"]
    assert grave == [
        (Code.FILE_ABSENT, "metadata.csv line 2"),
        (Code.FILE_EMPTY, "metadata.csv line 3"),
        (Code.TEXT_EMPTY, "metadata.csv line 4"),
    ]
    assert len(found.utterances) == 1


def test_a_file_listed_twice_counts_once(tmp_path: Path) -> None:
    two_clips(tmp_path, "a|Hello.\nb|Bye.\na.wav|Hello again.\n")
    found = look(tmp_path)
    assert codes(found) == [Code.FILE_TWICE]
    assert [each.text for each in found.utterances] == ["Hello.", "Bye."]


def test_sound_files_without_a_line_are_mentioned(tmp_path: Path) -> None:
    two_clips(tmp_path, "a|Hello.\n")
    (note,) = [each for each in look(tmp_path).findings if each.code is Code.FILE_UNUSED]
    assert "wavs/b.wav" in in_terminal(note.message)


@pytest.mark.parametrize(
    "name",
    [
        "../secret",
        "/etc/passwd",
        "wavs/../../a",
        "C:\\a.wav",
        "C:a",
        "\\\\host\\a",
        "a.wav:b",
        "nul.wav",
        "a.",
    ],
)
def test_a_path_that_leads_out_of_the_dataset_is_refused(tmp_path: Path, name: str) -> None:
    inner = tmp_path / "inner"
    write(tmp_path, {"secret.wav": SHORT, "a.wav": SHORT})
    two_clips(inner, f"{name}|Hello.\nb|Bye.\n")
    found = look(inner)
    assert Code.PATH_OUTSIDE in codes(found)
    assert [each.path for each in found.utterances] == ["wavs/b.wav"]


def test_a_file_whose_name_is_none_on_every_system_is_said_before_a_pod_refuses_it(
    tmp_path: Path,
) -> None:
    two_clips(tmp_path, "a|Hello.\nb|Bye.\n")
    write(tmp_path, {"wavs/12:30.wav": SHORT})
    (found,) = [each for each in look(tmp_path).findings if each.code is Code.PATH_OUTSIDE]
    assert found.place == "wavs/12:30.wav"
    assert "Rename" in in_terminal(found.hint)


def test_a_link_out_of_the_folder_is_left_aside(tmp_path: Path) -> None:
    write(tmp_path, {"outside.wav": SHORT})
    inner = two_clips(tmp_path / "inner", "a|Hello.\nlink|Bye.\n")
    (inner / "wavs/link.wav").symlink_to(tmp_path / "outside.wav")
    assert {Code.LINK_OUTSIDE, Code.FILE_ABSENT} <= set(codes(look(inner)))


def test_a_name_in_another_case_is_used_and_said(tmp_path: Path) -> None:
    write(tmp_path, {"wavs/Clip_A.WAV": SHORT, "metadata.csv": "clip_a.wav|Hello.\n"})
    found = look(tmp_path)
    assert codes(found) == [Code.NAME_CASE]
    assert found.utterances[0].path == "wavs/Clip_A.WAV"


def test_names_with_accents_match_however_the_system_composes_them(tmp_path: Path) -> None:
    write(tmp_path, {"wavs/cafe\u0301.wav": SHORT, "metadata.csv": "caf\u00e9|Hello.\n"})
    assert len(read_dataset(tmp_path).clips) == 1


def test_two_files_that_differ_only_in_case_are_warned_of(tmp_path: Path) -> None:
    write(
        tmp_path, {"wavs/a.wav": SHORT, "wavs/A.wav": SHORT, "metadata.csv": "a|Hello.\nA|Bye.\n"}
    )
    found = look(tmp_path)
    assert codes(found) == [Code.NAMES_CLASH]
    assert len(found.utterances) == 2


def test_the_better_named_table_wins_and_the_other_is_mentioned(tmp_path: Path) -> None:
    two_clips(tmp_path, "a|Hello.\nb|Bye.\n")
    write(tmp_path, {"metadata.jsonl": '{"file": "a", "text": "Other."}\n'})
    found = look(tmp_path)
    assert [each.text for each in found.utterances] == ["Hello.", "Bye."]
    assert Code.TABLE_IGNORED in codes(found)


def test_tables_of_several_folders_are_read_together(tmp_path: Path) -> None:
    for part in ("train", "test"):
        line = f"file_name,text\n{part}.wav,Of {part}.\n"
        write(tmp_path, {f"{part}/{part}.wav": SHORT, f"{part}/metadata.csv": line})
    assert sorted(text for _, text, _ in texts(tmp_path)) == ["Of test.", "Of train."]


def test_transcripts_beside_the_clips_do_without_a_table(tmp_path: Path) -> None:
    files: dict[str, bytes | str] = {
        "a.wav": SHORT, "a.txt": "Hello\nthere.\n", "b.wav": SHORT, "b.json": '{"text": "Bye."}',
    }  # fmt: skip
    assert texts(write(tmp_path, files)) == [
        ("a.wav", "Hello there.", None),
        ("b.wav", "Bye.", None),
    ]


def test_clips_without_transcripts_are_an_error_that_says_what_to_write(tmp_path: Path) -> None:
    write(tmp_path, {"wavs/a.wav": SHORT})
    with pytest.raises(DatasetError) as raised:
        read_dataset(tmp_path)
    assert "1 sound files but no transcripts" in in_terminal(raised.value.message)
    assert "metadata.csv" in in_terminal(raised.value.hint)


def test_an_absent_folder_and_an_empty_table_are_errors(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no folder"):
        read_dataset(tmp_path / "nowhere")
    two_clips(tmp_path, "")
    with pytest.raises(DatasetError, match="empty"):
        read_dataset(tmp_path)


def test_reading_changes_nothing_in_a_folder_of_loose_files(tmp_path: Path) -> None:
    two_clips(tmp_path, "a|Hello.\nb|Bye.\n")
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    read_dataset(tmp_path)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


@pytest.mark.parametrize("mark", [": ", " : ", ":", " = ", " - ", " – ", " -> "])
def test_a_sign_between_name_and_text_is_none_of_the_text(tmp_path: Path, mark: str) -> None:
    two_clips(tmp_path, f"a{mark}Hello: there.\nb{mark}Good - morning.\n", name="transcript.txt")
    assert texts(tmp_path) == [("a.wav", "Hello: there.", None), ("b.wav", "Good - morning.", None)]


def test_a_dash_that_only_one_text_begins_with_stays_in_it(tmp_path: Path) -> None:
    two_clips(tmp_path, "a - Hello there.\nb Good morning.\n", name="transcript.txt")
    assert [text for _, text, _ in texts(tmp_path)] == ["- Hello there.", "Good morning."]


def test_speakers_numbered_from_0_in_the_last_column_are_speakers(tmp_path: Path) -> None:
    files = {f"wavs/{n}.wav": SHORT for n in range(4)}
    table = "".join(f"wavs/{n}.wav|Here is line number {n} of it.|{n % 2}\n" for n in range(4))
    write(tmp_path, {**files, "metadata.csv": table})
    assert [clip.speaker for clip in read_dataset(tmp_path).clips] == ["0", "1", "0", "1"]


def test_lengths_in_whole_seconds_in_the_last_column_are_no_speakers(tmp_path: Path) -> None:
    files = {f"wavs/{n}.wav": SHORT for n in range(4)}
    table = "".join(f"wavs/{n}.wav|Here is line number {n} of it.|{3 + n % 2}\n" for n in range(4))
    write(tmp_path, {**files, "metadata.csv": table})
    assert read_dataset(tmp_path).speakers == []


def test_phonemes_in_the_second_of_four_columns_are_no_speakers(tmp_path: Path) -> None:
    two_clips(
        tmp_path,
        "a.wav\tHH AH0 L OW1 DH EH1\t[2, 3]\tHello there.\nb.wav\tG UH1 D M AO1 R N\t[1, 4]\tGood morning.\n",
        name="2-name2text.txt",
    )
    assert texts(tmp_path) == [("a.wav", "Hello there.", None), ("b.wav", "Good morning.", None)]


def test_a_text_that_is_the_files_own_name_gives_way_to_the_transcript(tmp_path: Path) -> None:
    rows = [
        {"path": f"/home/ann/{name}.wav", "text": name, "transcript": text, "answer": "accept"}
        for name, text in (("a", "Hello there."), ("b", "Good morning."))
    ]
    two_clips(tmp_path, "".join(json.dumps(row) + "\n" for row in rows), name="prodigy.jsonl")
    assert [text for _, text, _ in texts(tmp_path)] == ["Hello there.", "Good morning."]


def test_a_clip_called_as_what_is_said_in_it_keeps_its_text(tmp_path: Path) -> None:
    write(tmp_path, {"yes.wav": SHORT, "data.jsonl": '{"file_name": "yes.wav", "text": "yes"}\n'})
    assert texts(tmp_path) == [("yes.wav", "yes", None)]


@pytest.mark.parametrize(
    "name",
    ["1.wav", "1", "01", "https://example.org/a/001.wav?token=1#x", "data/upload/my%20clip.wav"],
)
def test_names_that_a_spreadsheet_or_a_browser_changed_are_found(tmp_path: Path, name: str) -> None:
    write(
        tmp_path,
        {
            "wavs/001.wav": SHORT, "wavs/002.wav": SHORT, "wavs/my clip.wav": SHORT,
            "metadata.csv": f"file;text\n{name};Hello there.\n002.wav;Good morning.\n",
        },
    )  # fmt: skip
    wanted = "my clip.wav" if "%" in name else "001.wav"
    assert texts(tmp_path)[0] == (wanted, "Hello there.", None)
    assert Code.NAME_ELSEWHERE in codes(look(tmp_path))


def test_a_number_that_may_be_two_files_is_neither(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "wavs/01.wav": SHORT,
            "wavs/001.wav": SHORT,
            "b.wav": SHORT,
            "metadata.csv": "1|Hello there.\nb|Good morning.\n",
        },
    )
    assert texts(tmp_path) == [("b.wav", "Good morning.", None)]
    assert Code.FILE_ABSENT in codes(look(tmp_path))


def test_a_text_that_is_named_and_null_is_a_clip_without_its_text(tmp_path: Path) -> None:
    rows = [{"file_name": "a.wav", "text": None}, {"file_name": "b.wav", "text": "Good morning."}]
    two_clips(tmp_path, "".join(json.dumps(row) + "\n" for row in rows), name="metadata.jsonl")
    found = codes(look(tmp_path))
    assert Code.TEXT_EMPTY in found
    assert Code.BAD_LINE not in found


def test_the_speaker_in_the_facts_beside_a_text_is_kept(tmp_path: Path) -> None:
    files: dict[str, bytes | str] = {}
    for number, who in enumerate(("ann", "ben")):
        files[f"{number}.wav"] = SHORT
        files[f"{number}.txt"] = "Hello there."
        files[f"{number}.json"] = json.dumps({"speaker": who, "duration": 1.0})
    write(tmp_path, files)
    assert [clip.speaker for clip in read_dataset(tmp_path).clips] == ["ann", "ben"]


STAMPED = (
    "Ann Lee  0:00\nThe ferry leaves at noon.\n\nBen  0:02\nNobody told them.\n\nTranscribed by otter.ai\n",
    "00:00:00:12 - 00:00:01:22\nSpeaker 1\nThe ferry leaves.\n\n00:00:02:07 - 00:00:04:00\nSpeaker 1\nNobody.\n",
    "00:00:00.500\t00:00:01.900\tThe ferry leaves.\n00:00:02.300\t00:00:04.000\tNobody told them.\n",
    "0:00 The ferry leaves at noon.\n0:02 Nobody told them.\n",
)


@pytest.mark.parametrize("text", STAMPED)
def test_times_between_the_lines_of_a_transcript_are_never_words(tmp_path: Path, text: str) -> None:
    write(tmp_path, {"a.wav": SHORT, "a.txt": text})
    with pytest.raises(DatasetError):
        read_dataset(tmp_path)
    assert Code.TIMED_TEXT_UNCUT in codes(look(tmp_path))


@pytest.mark.parametrize("text", ["12:30 is late.", "We left at 10:30\nand came at 12:15\n"])
def test_a_time_that_is_said_stays_in_the_text(tmp_path: Path, text: str) -> None:
    write(tmp_path, {"a.wav": SHORT, "a.txt": text})
    assert [said for _, said, _ in texts(tmp_path)] == [" ".join(text.split())]
