"""Texts suggested by ear: kept as they come, never heard twice, never over a person's own."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy
import pytest
import soundfile

from launcher.errors import InvalidRequest
from launcher.workshop.transcribing import accepting
from launcher.workshop.transcribing.accepting import Accept, accept_suggestions
from launcher.workshop.transcribing.suggestions import Suggestion, SuggestionsFile, holding
from launcher.workshop.transcribing.transcribe import transcribe_folder, waiting_suggestions
from pod_image.hearing.recogniser import RATE_HZ, GuessedLanguage, HeardText, HeardWord, Sound
from pod_image.hearing.sounds import load_sound
from tests.kit.dataset_files import wav
from tests.kit.recognisers import TableRecogniser, demo_sound, demo_texts

NAMES = ("clip_01.flac", "clip_02.flac", "clip_03.flac", "clip_06.flac")


def recordings(folder: Path, names: Sequence[str] = NAMES, table: str | None = None) -> Path:
    (folder / "wavs").mkdir(parents=True)
    for name in names:
        shutil.copy(demo_sound(name), folder / "wavs" / name)
    if table is not None:
        (folder / "metadata.csv").write_text(table, "utf-8")
    return folder


def test_every_clip_without_a_text_gets_a_suggestion_beside_the_table(tmp_path: Path) -> None:
    folder = recordings(tmp_path / "set", table="clip_01|My own words.\nclip_02|\n")
    ear = TableRecogniser.of_demo(NAMES, unsure=frozenset({"butter"}))
    made = transcribe_folder(folder, ear, jobs=2)
    assert [(each.file, each.text) for each in made.suggestions] == [
        (f"wavs/{name}", demo_texts()[name]) for name in NAMES[1:]
    ]
    assert [each.unsure_words for each in made.suggestions] == [(), ("butter",), ()]
    assert made.suggestions[0].confidence == 0.95
    assert (folder / "metadata.csv").read_text("utf-8") == "clip_01|My own words.\nclip_02|\n"


def test_what_was_heard_is_not_heard_again(tmp_path: Path) -> None:
    folder = recordings(tmp_path / "set")
    ear = TableRecogniser.of_demo(NAMES)
    transcribe_folder(folder, ear)
    again = transcribe_folder(folder, ear)
    assert (len(ear.heard), again.heard, again.heard_before) == (4, 0, 4)


def test_killed_in_the_middle_it_goes_on_where_it_was(tmp_path: Path) -> None:
    folder = recordings(tmp_path / "set")
    first = TableRecogniser.of_demo(NAMES, stop_after=2)
    with pytest.raises(KeyboardInterrupt):
        transcribe_folder(folder, first, jobs=1)
    path = SuggestionsFile(folder).path
    path.write_bytes(path.read_bytes() + b'{"file": "wavs/clip_03.flac", "text": "Fr')
    second = TableRecogniser.of_demo(NAMES)
    made = transcribe_folder(folder, second, jobs=1)
    assert sorted(first.heard + second.heard) == sorted(demo_texts()[name] for name in NAMES)
    assert len(made.suggestions) == 4


def test_another_model_hears_anew_and_its_words_stand_alone(tmp_path: Path) -> None:
    folder = recordings(tmp_path / "set")
    transcribe_folder(folder, TableRecogniser.of_demo(NAMES))
    better = TableRecogniser.of_demo(NAMES, name="small")
    made = transcribe_folder(folder, better)
    assert made.heard == 4
    assert [each.model for each in waiting_suggestions(folder)] == ["small"] * 4


def test_a_recording_that_changed_is_heard_anew(tmp_path: Path) -> None:
    folder = recordings(tmp_path / "set")
    ear = TableRecogniser.of_demo()
    transcribe_folder(folder, ear)
    shutil.copy(demo_sound("clip_09.flac"), folder / "wavs" / "clip_01.flac")
    made = transcribe_folder(folder, ear)
    assert made.heard == 1
    assert made.suggestions[0].text == demo_texts()["clip_09.flac"]


def test_two_at_once_are_refused_with_what_to_do(tmp_path: Path) -> None:
    folder = recordings(tmp_path / "set")
    with (
        holding(SuggestionsFile(folder).alone()),
        pytest.raises(InvalidRequest, match="already working on"),
    ):
        transcribe_folder(folder, TableRecogniser.of_demo(NAMES))


def test_what_cannot_be_heard_says_why(tmp_path: Path) -> None:
    folder = recordings(tmp_path / "set", ["clip_01.flac", "clip_02.flac"])
    (folder / "wavs" / "short.wav").write_bytes(wav(0.2))
    (folder / "wavs" / "tone.wav").write_bytes(wav(2.0, level=0.0))
    (folder / "wavs" / "broken.wav").write_bytes(b"RIFF nothing")
    (folder / "wavs" / "talk.m4a").write_bytes(b"not read here")
    ear = TableRecogniser.of_demo(["clip_01.flac", "clip_02.flac"], understands=0.2)
    made = transcribe_folder(folder, ear)
    why = {each.file: each.why_not for each in made.not_heard}
    assert why["wavs/short.wav"].startswith("It lasts 0.20 s")
    assert why["wavs/tone.wav"] == "Nobody speaks in it."
    assert "cannot be decoded" in why["wavs/broken.wav"]
    assert "cut into clips first" in why["wavs/talk.m4a"]
    assert why["wavs/clip_01.flac"] == "What is said was not understood."
    assert made.suggestions == ()


@pytest.mark.parametrize("jobs", [1, 3])
def test_a_language_that_is_not_clear_is_asked_for(tmp_path: Path, jobs: int) -> None:
    folder = recordings(tmp_path / "set")
    ear = TableRecogniser.of_demo(NAMES, language=GuessedLanguage("nl", 0.55))
    with pytest.raises(InvalidRequest, match="not clear") as asked:
        transcribe_folder(folder, ear, jobs=jobs)
    assert "nl" in str(asked.value)
    assert ear.heard == []
    transcribe_folder(folder, ear, language="de_DE", jobs=jobs)
    assert set(ear.languages) == {"de"}


def test_another_language_than_the_dataset_says_is_asked_about(tmp_path: Path) -> None:
    folder = recordings(tmp_path / "set")
    ear = TableRecogniser.of_demo(NAMES, language=GuessedLanguage("de", 0.9))
    with pytest.raises(InvalidRequest, match="marked as en_US"):
        transcribe_folder(folder, ear, expected_language="en_US")
    unsure = TableRecogniser.of_demo(NAMES, language=GuessedLanguage("de", 0.4))
    assert transcribe_folder(folder, unsure, expected_language="en_US").language == "en"


def test_where_every_clip_has_its_text_there_is_nothing_to_do(tmp_path: Path) -> None:
    folder = recordings(tmp_path / "set", ["clip_01.flac"], "clip_01|Words.\n")
    with pytest.raises(InvalidRequest, match="already has a text"):
        transcribe_folder(folder, TableRecogniser.of_demo(NAMES))


# Accepting


def test_sure_suggestions_become_texts_and_the_others_wait(tmp_path: Path) -> None:
    folder = recordings(tmp_path / "set")
    transcribe_folder(folder, TableRecogniser.of_demo(NAMES, unsure=frozenset({"butter"})))
    accepted = accept_suggestions(folder, Accept.SURE)
    assert (accepted.texts, accepted.left) == (3, 1)
    lines = (folder / "metadata.csv").read_text("utf-8").splitlines()
    assert lines == [f"wavs/{n}|{demo_texts()[n]}" for n in NAMES if n != "clip_03.flac"]
    assert [each.file for each in waiting_suggestions(folder)] == ["wavs/clip_03.flac"]


@pytest.mark.parametrize(
    ("table", "after"),
    [
        ("clip_01|\nclip_02|Mine.\n", "clip_01|{1}\nclip_02|Mine.\n"),
        ("clip_01||\r\nclip_02|Raw 2|Mine.\r\n", "clip_01|{1}|{1}\r\nclip_02|Raw 2|Mine.\r\n"),
        ("file|speaker|text\nclip_01|Ann|\nclip_02|Bob|Mine.\n",
         "file|speaker|text\nclip_01|Ann|{1}\nclip_02|Bob|Mine.\n"),
        ("clip_01\t\nclip_02\tMine.\n", "clip_01\t{1}\nclip_02\tMine.\n"),
    ],
)  # fmt: skip
def test_a_table_of_ones_own_keeps_its_manner(tmp_path: Path, table: str, after: str) -> None:
    folder = recordings(tmp_path / "set", NAMES[:2])
    (folder / "metadata.csv").write_bytes(table.encode())
    transcribe_folder(folder, TableRecogniser.of_demo(NAMES))
    accept_suggestions(folder, Accept.ALL)
    text = demo_texts()["clip_01.flac"]
    assert (folder / "metadata.csv").read_bytes().decode() == after.replace("{1}", text)


def test_json_lines_keep_their_other_fields(tmp_path: Path) -> None:
    folder = recordings(tmp_path / "set", NAMES[:2])
    (folder / "metadata.jsonl").write_text(
        '{"file_name": "wavs/clip_01.flac", "mood": "calm", "text": ""}\n'
        '{"file_name": "wavs/clip_02.flac", "mood": "glad", "text": "Mine."}\n'
    )
    transcribe_folder(folder, TableRecogniser.of_demo(NAMES))
    accept_suggestions(folder, Accept.ALL)
    lines = (folder / "metadata.jsonl").read_text("utf-8").splitlines()
    assert lines[0] == (
        '{"file_name": "wavs/clip_01.flac", "mood": "calm", "text": "'
        + demo_texts()["clip_01.flac"]
        + '"}'
    )
    assert '"Mine."' in lines[1]


def test_a_text_that_somebody_typed_meanwhile_stays(tmp_path: Path) -> None:
    folder = recordings(tmp_path / "set", NAMES[:2], "clip_01|\nclip_02|\n")
    transcribe_folder(folder, TableRecogniser.of_demo(NAMES))
    (folder / "metadata.csv").write_text("clip_01|Typed by me.\nclip_02|\n")
    accepted = accept_suggestions(folder, Accept.ALL)
    assert accepted.texts == 1
    assert (folder / "metadata.csv").read_text("utf-8").startswith("clip_01|Typed by me.\n")


def test_a_suggestion_is_taken_as_a_person_corrected_it(tmp_path: Path) -> None:
    folder = recordings(tmp_path / "set", NAMES[:2])
    transcribe_folder(folder, TableRecogniser.of_demo(NAMES))
    accept_suggestions(folder, chosen={("wavs/clip_02.flac", None): "  As I | say. "})
    assert (folder / "metadata.csv").read_text("utf-8") == "wavs/clip_02.flac|As I say.\n"
    assert [each.file for each in waiting_suggestions(folder)] == ["wavs/clip_01.flac"]


def test_a_table_that_cannot_be_edited_stays_as_it_is(tmp_path: Path) -> None:
    folder = recordings(tmp_path / "set", NAMES[:2])
    before = "clip_01|\nclip_02|Grün.\n".encode("latin-1")
    (folder / "metadata.csv").write_bytes(before)
    transcribe_folder(folder, TableRecogniser.of_demo(NAMES))
    with pytest.raises(InvalidRequest, match="UTF-8"):
        accept_suggestions(folder, Accept.ALL)
    assert (folder / "metadata.csv").read_bytes() == before
    assert len(waiting_suggestions(folder)) == 1


# Long recordings


class Narrator(TableRecogniser):
    """Hears a long recording of clips put together: their words, each at its time."""

    def hear_long(self, sound: Sound, language: str) -> HeardText:
        self.heard.append("long")
        words: list[HeardWord] = []
        at = 0.0
        for name in LONG:
            seconds = len(load_sound(demo_sound(name))) / RATE_HZ
            text = demo_texts()[name].split()
            step = (seconds - 0.3) / len(text)
            words += [
                HeardWord(word, at + 0.15 + n * step, at + 0.15 + (n + 1) * step, 0.9)
                for n, word in enumerate(text)
            ]
            at += seconds + 0.4
        return HeardText(" ".join(each.text for each in words), tuple(words))


LONG = tuple(demo_texts())


def long_recording(folder: Path) -> Path:
    silence = numpy.full(round(0.4 * RATE_HZ), 1e-5, dtype="float32")
    pieces = [part for name in LONG for part in (load_sound(demo_sound(name)), silence)]
    (folder / "talks").mkdir(parents=True)
    soundfile.write(folder / "talks" / "talk.flac", numpy.concatenate(pieces), RATE_HZ)
    return folder


def test_a_long_recording_is_cut_in_its_silences_into_clips_with_their_texts(
    tmp_path: Path,
) -> None:
    folder = long_recording(tmp_path / "set")
    made = transcribe_folder(folder, Narrator.of_demo())
    assert len(made.suggestions) > 5
    assert " ".join(each.text for each in made.suggestions) == " ".join(demo_texts().values())
    accepted = accept_suggestions(folder, Accept.ALL)
    assert accepted.clips == len(made.suggestions)
    lines = (folder / "metadata.csv").read_text("utf-8").splitlines()
    assert [line.split("|")[1] for line in lines] == [each.text for each in made.suggestions]
    edges = []
    at = 0.0
    for name in LONG:
        at += len(load_sound(demo_sound(name))) / RATE_HZ
        edges.append((at - 0.05, at + 0.45))
        at += 0.4
    for each in made.suggestions[:-1]:
        assert each.end is not None
        assert any(low <= each.end <= high for low, high in edges), each.end


def test_recordings_of_one_name_in_two_folders_are_cut_into_clips_of_their_own(
    tmp_path: Path,
) -> None:
    waves = {"mon": 0.25, "tue": -0.25}
    parts = []
    for day, level in waves.items():
        (tmp_path / day).mkdir()
        wave = numpy.full(RATE_HZ, level, dtype="float32")
        soundfile.write(tmp_path / day / "talk.flac", wave, RATE_HZ)
        sha256 = hashlib.sha256((tmp_path / day / "talk.flac").read_bytes()).hexdigest()
        parts.append(Suggestion(f"{day}/talk.flac", sha256, "en", "base", (), start=0.0, end=0.5))
    made = accepting._cut(tmp_path, parts, {each.key: each.file for each in parts})
    for day, level in waves.items():
        (line,) = made[f"{day}/talk.flac"]
        sound, _ = soundfile.read(tmp_path / line.file)
        assert abs(sound - level).max() < 1e-3


def test_a_long_recording_is_not_heard_twice_either(tmp_path: Path) -> None:
    folder = long_recording(tmp_path / "set")
    ear = Narrator.of_demo()
    transcribe_folder(folder, ear)
    accept_suggestions(folder, Accept.ALL)
    again = transcribe_folder(folder, ear)
    assert ear.heard == ["long"]
    assert (again.heard, again.suggestions) == (0, ())
    assert (folder / "talks" / "talk.flac").is_file()


def test_of_a_long_piece_that_was_not_written_to_its_end_nothing_counts(tmp_path: Path) -> None:
    folder = long_recording(tmp_path / "set")
    transcribe_folder(folder, Narrator.of_demo())
    file = SuggestionsFile(folder)
    lines = file.path.read_text("utf-8").splitlines()
    file.path.write_text("\n".join(lines[:-1]) + "\n", "utf-8")
    assert waiting_suggestions(folder) == []
    assert len(transcribe_folder(folder, Narrator.of_demo()).suggestions) == len(lines) - 1
