"""A recording's text is found under every name that programs give it, and never one of another recording."""

from __future__ import annotations

from pathlib import Path

import pytest

from launcher.workshop.beside import Beside, TextsBeside
from launcher.workshop.gathering import gather
from pod_image.dataset.endings import MEDIA_ENDINGS
from tests.kit.dataset_files import write

SRT = "1\n00:00:01,000 --> 00:00:02,000\nOne.\n"
JSON = '{"segments": [{"start": 1.0, "end": 2.0, "text": "One."}]}'


def beside(folder: Path, recording: str = "talk.wav", language: str = "en_US") -> Beside:
    return TextsBeside(language, MEDIA_ENDINGS, []).of(folder / recording, folder)


@pytest.mark.parametrize(
    "name",
    [
        "talk.srt", "talk.en.vtt", "talk.en-US.srt", "talk-en.srt", "talk_eng.srt", "talk.English.srt",
        "talk [en].srt", "talk.wav.srt", "talk.mp3.srt", "Talk.SRT", "talk.en-orig.vtt", "talk_subtitles.srt",
        "talk.en.cc.srt", "subs/talk.srt", "transcripts/talk.en.srt",
    ],
)  # fmt: skip
def test_subtitles_are_found_under_the_names_that_programs_give(tmp_path: Path, name: str) -> None:
    folder = write(tmp_path, {"talk.wav": b"x", name: SRT})
    assert beside(folder).timed == folder / name


@pytest.mark.parametrize(
    "name",
    [
        "talk.json",
        "talk_transcript.json",
        "talk.mp3.json",
        "talk.wav.json",
        "talk-transcription.json",
    ],
)
def test_a_recogniser_s_json_is_found(tmp_path: Path, name: str) -> None:
    folder = write(tmp_path, {"talk.wav": b"x", name: JSON})
    assert beside(folder).timed == folder / name


def test_texts_in_a_folder_of_their_own_are_found(tmp_path: Path) -> None:
    folder = write(tmp_path, {"audio/talk.wav": b"x", "srt/talk.srt": SRT})
    assert beside(folder, "audio/talk.wav").timed == folder / "srt/talk.srt"


@pytest.mark.parametrize(
    "name", ["talk-2.srt", "talking.srt", "talk.info.json", "talk.live_chat.json", "ta.srt"]
)
def test_another_recording_s_text_is_not_taken(tmp_path: Path, name: str) -> None:
    folder = write(tmp_path, {"talk.wav": b"x", name: JSON if name.endswith("json") else SRT})
    assert beside(folder).timed is None


def test_a_text_belongs_to_the_recording_whose_whole_name_it_has(tmp_path: Path) -> None:
    folder = write(tmp_path, {"talk.wav": b"x", "talk-en.wav": b"x", "talk-en.srt": SRT})
    assert beside(folder, "talk-en.wav").timed == folder / "talk-en.srt"
    assert beside(folder).timed is None


def test_subtitles_in_another_language_are_not_taken_and_said(tmp_path: Path) -> None:
    folder = write(tmp_path, {"talk.wav": b"x", "talk.de.vtt": f"WEBVTT\n\n{SRT}"})
    found = beside(folder)
    assert found.timed is None
    assert "another language (de)" in str(found.findings[0].message)
    assert beside(folder, language="de_DE").timed == folder / "talk.de.vtt"


def test_of_several_texts_the_one_read_is_said(tmp_path: Path) -> None:
    folder = write(
        tmp_path, {"talk.wav": b"x", "talk.json": JSON, "talk.srt": SRT, "talk.en.vtt": SRT}
    )
    found = beside(folder)
    assert found.timed == folder / "talk.srt"
    assert "not read: talk.json, talk.en.vtt" in str(found.findings[0].message)


def test_a_text_without_times_is_what_is_said_in_the_whole(tmp_path: Path) -> None:
    folder = write(
        tmp_path,
        {"a.wav": b"x", "a.txt": "One\ntwo.", "b.wav": b"x", "b.json": '{"text": "Three."}'},
    )
    assert (beside(folder, "a.wav").whole, beside(folder, "b.wav").whole) == ("One two.", "Three.")


def test_labels_in_a_text_file_are_times(tmp_path: Path) -> None:
    folder = write(tmp_path, {"talk.wav": b"x", "talk.txt": "0.0\t1.0\tOne.\n1.5\t2.5\tTwo.\n"})
    found = beside(folder)
    assert (found.timed, found.whole) == (folder / "talk.txt", None)


def test_texts_that_were_named_are_used_and_not_decoded(tmp_path: Path) -> None:
    folder = write(tmp_path, {"in/talk.wav": b"x", "elsewhere/talk.srt": SRT})
    named = [folder / "in/talk.wav", folder / "elsewhere/talk.srt"]
    (tmp_path / "staging").mkdir()
    (recording,) = gather(named, None, tmp_path / "out", tmp_path / "staging").recordings
    assert recording.timed_text == folder / "elsewhere/talk.srt"


def test_a_text_of_no_recording_is_said(tmp_path: Path) -> None:
    folder = write(tmp_path / "in", {"talk.wav": b"x", "speech_final.srt": SRT})
    (tmp_path / "staging").mkdir()
    (finding,) = gather([folder], None, tmp_path / "out", tmp_path / "staging").findings
    assert "speech_final.srt" in str(finding.message)
    assert "talk.srt for talk.wav" in str(finding.hint)
