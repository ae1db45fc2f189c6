"""Texts as a recogniser writes them, and words as they are compared."""

from __future__ import annotations

import pytest

from pod_image.hearing.english_numbers import spelled_out
from pod_image.hearing.spoken_text import sentence_case, variants, words_of


def test_capitals_throughout_are_scored_in_sentence_case_alone() -> None:
    assert variants("HE SAID THAT I WAS LATE. WE WENT ON.", "en") == [
        "He said that I was late. We went on."
    ]


def test_a_text_is_scored_as_written_and_in_sentence_case() -> None:
    assert variants("We saw the Light in London.", "en") == [
        "We saw the Light in London.",
        "We saw the light in london.",
    ]


@pytest.mark.parametrize(
    ("written", "scored"),
    [
        ("“Yes,” she said – and left.", "Yes, she said and left."),
        ("[laughs] Well (coughs) then *sighs* go.", "Well then go."),
        ("He's 'late'.", "He's late."),
        ("Cafe\u0301 noir", "Café noir"),
        ("well-known", "well-known"),
    ],
)
def test_quotes_dashes_and_notes_are_not_said(written: str, scored: str) -> None:
    assert variants(written, "en")[0] == scored


def test_figures_are_scored_as_words_too_in_english() -> None:
    assert "It was seven." in variants("It was 7.", "en_GB")
    assert variants("Es war 7.", "de") == ["Es war 7.", "Es war 7."][:1]


def test_a_text_of_marks_alone_has_nothing_to_score() -> None:
    assert variants("… — [music]", "en") == []


@pytest.mark.parametrize(
    ("figures", "words"),
    [
        ("0", "zero"),
        ("21", "twenty one"),
        ("300", "three hundred"),
        ("1,234", "one thousand two hundred thirty four"),
        ("1984", "nineteen eighty four"),
        ("2004", "two thousand four"),
        ("007", "zero zero seven"),
        ("1000000", "one million"),
    ],
)
def test_figures_are_said_as_people_say_them(figures: str, words: str) -> None:
    assert spelled_out(figures) == words


def test_words_are_compared_without_case_marks_and_apostrophes() -> None:
    assert words_of("It’s “Seven”, isn't it? [noise]") == ["its", "seven", "isnt", "it"]
    assert words_of("It is 7.", "en") == words_of("it is seven", "en")


def test_sentence_case_begins_every_sentence_with_a_capital() -> None:
    assert sentence_case("ONE. TWO? three") == "One. Two? Three"
