"""Sentences on the way into a dataset: takes become clips, and nothing is lost on the way."""

from __future__ import annotations

import json
import threading
from array import array
from pathlib import Path

import pytest

from launcher.errors import InvalidRequest
from launcher.workshop.check import CheckSettings, look_over
from launcher.workshop.library import drop_clips, edit_clip
from launcher.workshop.recording.reading import (
    HIDDEN,
    PROGRESS,
    Reading,
    UnknownPrompt,
    begin_reading,
    bring_back,
    keep_take,
    move_to,
    prompt_key,
    read_reading,
)
from launcher.workshop.recording.take_sound import wav_of
from launcher.workshop.table import Line, read_lines, write_lines
from pod_image.contract.findings import Severity
from pod_image.dataset import FolderSource
from tests.kit.checkout import DEMO_CLIPS

TEXTS = ("One day it rained.", "Who is there?", "Come in, please!")
ONE, TWO, THREE = (prompt_key(text) for text in TEXTS)


def sound(value: float) -> bytes:
    return wav_of(array("f", [value] * 8_000), 16_000)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    begin_reading(tmp_path / "anna", "en_US", "en", TEXTS, now=lambda: 5.0)
    return tmp_path / "anna"


def again(folder: Path) -> Reading:
    found = read_reading(folder)
    assert found is not None
    return found


def test_a_take_becomes_a_clip_with_its_line_under_a_name_of_ours(folder: Path) -> None:
    keep_take(folder, TWO, sound(0.1))
    keep_take(folder, ONE, sound(0.2))
    lines = read_lines(folder)
    assert [(line.file, line.text) for line in lines] == [
        ("wavs/en-us-0001.wav", TEXTS[1]),
        ("wavs/en-us-0002.wav", TEXTS[0]),
    ]
    assert (folder / lines[0].file).read_bytes() == sound(0.1)
    assert again(folder).done == 2
    assert again(folder).at == ONE


def test_a_folder_of_takes_is_a_dataset_that_the_check_passes(folder: Path) -> None:
    import soundfile

    clips = sorted((DEMO_CLIPS / "wavs").iterdir())
    for key, clip in zip((ONE, TWO, THREE), clips, strict=False):
        wave, rate_hz = soundfile.read(clip, dtype="float32")
        keep_take(folder, key, wav_of(array("f", wave.tobytes()), rate_hz))
    keep_take(
        folder, ONE, (folder / "wavs/en-us-0001.wav").read_bytes()
    )  # with a take that was replaced beside
    report = look_over(
        FolderSource(folder), CheckSettings(language="en_US", deep=True), None, lambda *_: None
    )
    assert report.clips == 3
    assert [each.message for each in report.findings if each.severity is Severity.ERROR] == []


def test_it_goes_on_where_it_stopped(folder: Path) -> None:
    keep_take(folder, ONE, sound(0.1))
    move_to(folder, THREE, skipped=[TWO])
    found = again(folder)
    assert (found.prompts, found.language, found.source) == (TEXTS, "en_US", "en")
    assert (found.at, set(found.skipped), set(found.takes)) == (THREE, {TWO}, {ONE})


def test_a_sentence_that_was_passed_over_and_then_read_is_passed_over_no_more(folder: Path) -> None:
    move_to(folder, TWO, skipped=[TWO])
    assert keep_take(folder, TWO, sound(0.1)).skipped == frozenset()


def test_a_retake_takes_the_place_of_its_clip_and_can_be_undone_and_done_again(
    folder: Path,
) -> None:
    keep_take(folder, ONE, sound(0.1))
    keep_take(folder, ONE, sound(0.2))
    (line,) = read_lines(folder)
    clip = folder / line.file
    assert clip.read_bytes() == sound(0.2)
    bring_back(folder, ONE)
    assert clip.read_bytes() == sound(0.1)
    bring_back(folder, ONE)
    assert clip.read_bytes() == sound(0.2)
    assert [path.name for path in (folder / "wavs").iterdir()] == [clip.name]


def test_without_an_earlier_take_there_is_nothing_to_bring_back(folder: Path) -> None:
    keep_take(folder, ONE, sound(0.1))
    for key in (ONE, TWO):
        with pytest.raises(InvalidRequest, match="no earlier take"):
            bring_back(folder, key)


def test_a_text_that_was_corrected_in_the_table_stays_when_the_sentence_is_read_again(
    folder: Path,
) -> None:
    keep_take(folder, ONE, sound(0.1))
    file = read_lines(folder)[0].file
    write_lines(folder, [Line(file, "One day it snowed.")])
    keep_take(folder, ONE, sound(0.2))
    assert [(line.file, line.text) for line in read_lines(folder)] == [(file, "One day it snowed.")]


async def test_a_clip_that_was_left_out_is_to_be_read_again_and_its_name_is_free(
    folder: Path,
) -> None:
    keep_take(folder, ONE, sound(0.1))
    keep_take(folder, TWO, sound(0.2))
    await drop_clips(folder.parent, "anna", ["wavs/en-us-0001.wav"])
    assert set(again(folder).takes) == {TWO}
    keep_take(folder, ONE, sound(0.3))
    assert {line.file: line.text for line in read_lines(folder)} == {
        "wavs/en-us-0001.wav": TEXTS[0],
        "wavs/en-us-0002.wav": TEXTS[1],
    }


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"prompts": 3}'])
def test_a_record_of_the_reading_that_is_damaged_costs_its_order_and_no_take(
    folder: Path, damage: bytes
) -> None:
    keep_take(folder, TWO, sound(0.1))
    (folder / HIDDEN / PROGRESS).write_bytes(damage)
    assert read_reading(folder) is None
    begun = begin_reading(folder, "en_US", "en", TEXTS)
    assert dict(begun.takes) == {TWO: "wavs/en-us-0001.wav"}


def test_other_sentences_can_be_chosen_in_the_middle_and_the_first_ones_come_back(
    folder: Path,
) -> None:
    keep_take(folder, ONE, sound(0.1))
    other = begin_reading(folder, "de_DE", "mine.txt", ["Guten Tag."])
    assert other.done == 0
    keep_take(folder, prompt_key("Guten Tag."), sound(0.2))
    assert [line.file for line in read_lines(folder)] == [
        "wavs/en-us-0001.wav",
        "wavs/de-de-0001.wav",
    ]
    assert begin_reading(folder, "en_US", "en", TEXTS).done == 1


def test_a_sentence_that_is_not_in_the_list_is_taken_by_nothing(folder: Path) -> None:
    for act in (
        lambda: keep_take(folder, prompt_key("Another."), sound(0.1)),
        lambda: bring_back(folder, "../../etc"),
        lambda: move_to(folder, ""),
    ):
        with pytest.raises(UnknownPrompt):
            act()
    assert read_lines(folder) == []


def test_a_folder_that_was_not_made_here_is_left_as_it_is(tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    (theirs / "metadata.csv").write_text("a|Raw, 3.|raw, three\n", "utf-8")
    with pytest.raises(InvalidRequest, match="was not made here"):
        begin_reading(theirs, "en_US", "en", TEXTS)
    assert [path.name for path in theirs.iterdir()] == ["metadata.csv"]
    with pytest.raises(InvalidRequest, match="is a file"):
        begin_reading(theirs / "metadata.csv", "en_US", "en", TEXTS)


@pytest.mark.parametrize(
    "file", ["../outside.wav", "/etc/hostname.wav", "wavs/link.wav", "wavs/one.flac", "wavs/no.wav"]
)
def test_a_table_or_record_of_strangers_leads_no_take_out_of_the_folder_or_into_another_kind(
    folder: Path, file: str
) -> None:
    outside = folder.parent / "outside.wav"
    outside.write_bytes(b"theirs")
    (folder / "wavs").mkdir()
    (folder / "wavs/one.flac").write_bytes(b"fLaC")
    (folder / "wavs/link.wav").symlink_to(outside)
    write_lines(folder, [Line(file, TEXTS[0])])
    progress = folder / HIDDEN / PROGRESS
    told = json.loads(progress.read_text("utf-8"))
    told.update({"takes": {ONE: file}, "replaced": ["../../../outside", ONE]})
    progress.write_text(json.dumps(told), "utf-8")
    assert (dict(again(folder).takes), again(folder).replaced) == ({}, frozenset())
    keep_take(folder, ONE, sound(0.1))
    assert outside.read_bytes() == b"theirs"
    assert (folder / "wavs/one.flac").read_bytes() == b"fLaC"
    assert again(folder).takes[ONE] == "wavs/en-us-0001.wav"


async def test_takes_and_edits_at_once_lose_no_line(folder: Path) -> None:
    texts = tuple(f"Sentence number {n}." for n in range(12))
    begin_reading(folder, "en_US", "mine", texts)
    keep_take(folder, prompt_key(texts[0]), sound(0.1))
    threads = [
        threading.Thread(target=keep_take, args=(folder, prompt_key(text), sound(0.1)))
        for text in texts[1:]
    ]
    for thread in threads:
        thread.start()
    await edit_clip(folder.parent, "anna", "wavs/en-us-0001.wav", text="Corrected.")
    for thread in threads:
        thread.join()
    lines = read_lines(folder)
    assert len({line.file for line in lines}) == len(lines) == 12
    assert {line.text for line in lines} == {"Corrected.", *texts[1:]}
    assert again(folder).done == 12
