"""What is not spoken is taken out and told; what is spoken stays."""

from __future__ import annotations

import pytest

from launcher.workshop.timed_text import TimedText, read_timed_text


def read(*lines: str) -> TimedText:
    blocks = [
        f"00:{n // 60:02d}:{n % 60:02d},000 --> 00:{n // 60:02d}:{n % 60:02d},900\n{line}\n"
        for n, line in enumerate(lines)
    ]
    return read_timed_text(
        "talk.srt", "\n".join([*blocks, "00:59:00,000 --> 00:59:01,000\nThe end.\n"]).encode()
    )


def said(*lines: str) -> list[str]:
    return [cue.text for cue in read(*lines).cues[:-1]]


def told(*lines: str) -> dict[str, str]:
    return {str(each.code): str(each.message) for each in read(*lines).findings}


@pytest.mark.parametrize(
    ("line", "spoken", "what"),
    [
        ("[Music] Hello there.", "Hello there.", "[Music]"),
        ("Hello (laughs) there.", "Hello there.", "(laughs)"),
        ("Hello (LAUGHING LOUDLY), there.", "Hello, there.", "(LAUGHING LOUDLY)"),
        ("Hello (lacht) there.", "Hello there.", "(lacht)"),
        ("Hello *sighs* there.", "Hello there.", "*sighs*"),
        ("(quietly) Hello there.", "Hello there.", "(quietly)"),
        ('{\\an8}Hello <font color="#fff">there</font>.', "Hello there.", "{\\an8}"),
        ("JOHN: Hello there.", "Hello there.", "JOHN:"),
        ("Speaker 2: Hello there.", "Hello there.", "Speaker 2:"),
        ("[SPEAKER_01]: Hello there.", "Hello there.", "[SPEAKER_01]:"),
        (">> Hello there.", "Hello there.", ">>"),
        ("【拍手】Hello there.", "Hello there.", "【拍手】"),
        ("♪ la la la ♪ Hello there.", "Hello there.", "♪ la la la ♪"),
    ],
)
def test_what_is_not_spoken_is_taken_out_and_told(line: str, spoken: str, what: str) -> None:
    assert said(line) == [spoken]
    assert what in told(line)["text-taken-out"]


@pytest.mark.parametrize(
    "line",
    ["[Music]", "(door creaks)", "♪ We sing all day ♪", "♪ and it goes on", "# We sing #", "♪♪"],
)
def test_a_cue_in_which_nothing_is_spoken_gives_no_clip(line: str) -> None:
    assert said(line) == []
    assert "text-taken-out" in told(line)


@pytest.mark.parametrize(
    "line",
    [
        "She left (and I was glad of it).",
        "The union (EU) met in spring (2024).",
        "(He never came back.)",
        "Warning: the lamp is hot.",
        "We are #1 at -5 degrees, and 3 < 5.",
        "It is 10:30 now.",
    ],
)
def test_what_may_be_spoken_stays(line: str) -> None:
    assert said(line) == [line]
    assert "text-taken-out" not in told(line)


def test_spoken_remarks_in_brackets_are_told_with_the_words_that_stay() -> None:
    assert said("[And then she never came back.]") == ["And then she never came back."]
    found = told("[And then she never came back.] (so they say)")
    assert "[And then she never came back.]" in found["text-in-brackets"]
    assert "(so they say)" in found["text-in-brackets"]


@pytest.mark.parametrize(
    "gap",
    ["[inaudible]", "(unintelligible)", "[ __ ]", "[speaking French]", "(?)", "[unverständlich]"],
)
def test_where_words_are_missing_the_text_is_left_to_be_typed(gap: str) -> None:
    line = f"She said {gap} and left."
    assert said(line) == [""]
    assert gap in told(line)["text-incomplete"]


def test_a_name_before_a_colon_is_a_speaker_where_it_stands_again_and_again() -> None:
    lines = ["Ann: One.", "Ben: Two.", "Ann: Three.", "Ben: Four.", "Ann: Five.", "Ben: Six."]
    assert said(*lines) == ["One.", "Two.", "Three.", "Four.", "Five.", "Six."]
    assert "6 names of speakers" in told(*lines)["text-taken-out"]


def test_readings_above_letters_are_not_said_twice() -> None:
    assert said("<ruby>漢字<rt>かんじ</rt></ruby>です。") == ["漢字です。"]
