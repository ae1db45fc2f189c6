"""What a foreign table says of a clip beside its text stays through every edit."""

from __future__ import annotations

from pathlib import Path

import pytest

from launcher.workshop.editing import clips
from launcher.workshop.table import Line, read_lines, write_lines
from tests.kit.dataset_files import wav, write

HEADED = "file|mood|text|seconds\nwavs/a.wav|glad|Hello there.|1.0\nwavs/b.wav|sad|Good bye.|2.0\n"


def foreign(folder: Path, table: str) -> Path:
    sounds = {f"wavs/{name}.wav": wav(length) for name, length in (("a", 1.0), ("b", 2.0))}
    return write(folder, {**sounds, "metadata.csv": table})


def table_of(folder: Path) -> str:
    return (folder / "metadata.csv").read_text()


def test_an_edit_of_a_text_changes_that_text_alone(tmp_path: Path) -> None:
    folder = foreign(tmp_path, HEADED)
    clips.set_text(folder, "b.wav", 1.0, text="Farewell.")
    assert table_of(folder) == HEADED.replace("Good bye.", "Farewell.")
    clips.undo(folder, 2.0)
    assert table_of(folder) == HEADED


def test_a_clip_that_is_left_out_and_brought_back_has_all_that_it_had(tmp_path: Path) -> None:
    folder = foreign(tmp_path, HEADED)
    clips.leave_out(folder, ["a.wav"], 1.0)
    assert table_of(folder) == HEADED.replace("wavs/a.wav|glad|Hello there.|1.0\n", "")
    clips.undo(folder, 2.0)
    assert table_of(folder) == HEADED


def test_both_parts_of_a_clip_keep_what_was_said_of_it(tmp_path: Path) -> None:
    folder = foreign(tmp_path, HEADED)
    clips.split(folder, "a.wav", 0.4, ("Hello", "there."), 1.0)
    first, second = table_of(folder).splitlines()[1:3]
    assert (first.split("|")[1:3], second.split("|")[1:3]) == (
        ["glad", "Hello"],
        ["glad", "there."],
    )


def test_raw_and_normalised_text_are_of_one_sentence(tmp_path: Path) -> None:
    lines = [
        "a|She was born in the year 1845, on a farm.|She was born in the year eighteen forty-five, on a farm.",
        "b|He sold 3 of the 12 horses that he had.|He sold three of the twelve horses that he had.",
    ]
    folder = foreign(tmp_path, "".join(f"{line}\n" for line in lines))
    clips.set_text(folder, "a.wav", 1.0, text="She was born on a farm.")
    assert table_of(folder).splitlines() == [
        "a|She was born on a farm.|She was born on a farm.", lines[1],
    ]  # fmt: skip
    clips.undo(folder, 2.0)
    assert table_of(folder).splitlines() == lines


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_table_keeps_its_delimiter_and_its_quotes(tmp_path: Path, delimiter: str) -> None:
    rows = [
        ("file", "domain", "text"),
        ("wavs/a.wav", "news", "One."),
        ("wavs/b.wav", "talk", "Two."),
    ]
    folder = foreign(tmp_path, "".join(delimiter.join(row) + "\n" for row in rows))
    clips.set_text(folder, "a.wav", 1.0, text="One, two; three.")
    assert [line.text for line in read_lines(folder)] == ["One, two; three.", "Two."]
    assert [line.cells[1] for line in read_lines(folder)] == ["news", "talk"]


def test_a_new_clip_and_a_first_speaker_find_their_place(tmp_path: Path) -> None:
    folder = foreign(tmp_path, HEADED)
    write_lines(folder, [*read_lines(folder), Line("wavs/c.wav", "New.")])
    assert table_of(folder) == HEADED + "wavs/c.wav||New.|\n"
    clips.set_text(folder, "a.wav", 1.0, speaker="anna")
    assert table_of(folder).splitlines()[:2] == [
        "file|mood|text|seconds|speaker", "wavs/a.wav|glad|Hello there.|1.0|anna",
    ]  # fmt: skip
