"""A folder of a recording and a text with times is named as that, and not as one without transcripts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from launcher.cli.terminal.next_steps import in_terminal
from launcher.workshop.report import in_order
from pod_image.dataset import Code
from tests.kit.dataset_files import write
from tests.kit.recordings import srt, talk, write_sound
from tests.workshop.checking import check_folder

SAID = talk(2)


def recorded(folder: Path, texts: dict[str, bytes | str]) -> Path:
    write(folder, texts)
    write_sound(folder / "talk.wav", SAID.wave)
    return folder


@pytest.mark.parametrize("name", ["talk.srt", "talk.en.vtt", "talk.wav.srt", "talk.TextGrid"])
async def test_a_recording_with_subtitles_is_said_to_wait_for_its_cut(
    tmp_path: Path, name: str
) -> None:
    report = await check_folder(recorded(tmp_path, {name: srt(SAID.cues)}))
    assert [each.code for each in report.errors] == [Code.TIMED_TEXT_UNCUT]
    (error,) = report.errors
    assert f"{name} (" in str(error.message)
    assert "talk.wav" in str(error.message)
    assert "launcher dataset make" in in_terminal(error.hint)


async def test_recordings_beside_a_dataset_are_no_error_of_it(tmp_path: Path) -> None:
    folder = recorded(tmp_path, {"talk.srt": srt(SAID.cues), "metadata.csv": "a|One two.\n"})
    write_sound(folder / "wavs/a.wav", SAID.wave[:44_100])
    report = await check_folder(folder)
    assert report.errors == []
    assert Code.TIMED_TEXT_UNUSED in {each.code for each in report.findings}


async def test_a_long_clip_whose_text_is_a_recogniser_s_is_said_to_wait_for_its_cut(
    tmp_path: Path,
) -> None:
    said = {
        "start": 0.0,
        "end": 2.0,
        "text": "A sentence of some length, for the eighth time. " * 8,
    }
    document = json.dumps({"text": said["text"], "segments": [said]})
    report = await check_folder(recorded(tmp_path, {"talk.json": document}))
    (one,) = [each for each in report.findings if each.code == Code.TIMED_TEXT_UNUSED]
    assert "talk.json (a recogniser's JSON) for talk.wav" in str(one.message)


def test_what_decides_the_words_is_said_before_what_rounds_the_voice_off() -> None:
    found = [
        Code.PHONEMES_FEW.finding("", "few", ""),
        Code.MINUTES_FEW.finding("", "short", ""),
        Code.CLIPPING.finding("a", "clipped", ""),
        Code.TEXT_PACE.finding("a", "wrong", ""),
        Code.LICENCE_ABSENT.finding("", "licence", ""),
        Code.FILE_ABSENT.finding("b", "absent", ""),
        Code.NO_CLIPS.finding("", "nothing", ""),
    ]
    assert [each.code for each in in_order(found)] == [
        Code.NO_CLIPS, Code.FILE_ABSENT, Code.TEXT_PACE, Code.CLIPPING, Code.MINUTES_FEW, Code.PHONEMES_FEW,
        Code.LICENCE_ABSENT,
    ]  # fmt: skip
