"""What was taken for the recording in blind tests: kept for each voice, the first answer of a clip for good."""

from __future__ import annotations

from pathlib import Path

from launcher.ui.state.listening_answers import ListeningAnswers, tally


def test_answers_outlive_the_program_and_are_counted(tmp_path: Path) -> None:
    for number in range(8):
        ListeningAnswers(tmp_path).note("run", "voice", f"{number}.wav", is_mistaken=number < 3)
    found = tally(ListeningAnswers(tmp_path).of("run", "voice"))
    assert found.sentence == "You took the voice for the recording in 3 of 8."


def test_the_first_answer_of_a_clip_stays(tmp_path: Path) -> None:
    answers = ListeningAnswers(tmp_path)
    answers.note("run", "voice", "a.wav", is_mistaken=True)
    answers.note("run", "voice", "a.wav", is_mistaken=False)
    assert answers.of("run", "voice") == {"a.wav": True}


def test_another_voice_of_the_run_is_heard_anew(tmp_path: Path) -> None:
    answers = ListeningAnswers(tmp_path)
    answers.note("run", "first", "a.wav", is_mistaken=True)
    answers.note("run", "second", "a.wav", is_mistaken=False)
    answers.forget("run", "first")
    assert answers.of("run", "first") == {}
    assert answers.of("run", "second") == {"a.wav": False}
    assert answers.of("other", "second") == {}


def test_a_file_that_somebody_broke_is_read_as_none(tmp_path: Path) -> None:
    for text in ("no json", "[1]", '{"voice": 3}', '{"voice": {"a.wav": "yes"}}'):
        (tmp_path / "run.json").write_text(text)
        assert ListeningAnswers(tmp_path).of("run", "voice") == {}
