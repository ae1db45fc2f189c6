"""Whether a text is what is said: by its least likely word, its mean, and its last word."""

from __future__ import annotations

import math

import pytest

from pod_image.hearing.judging import Verdict, judge, said_after
from pod_image.hearing.recogniser import HeardText, HeardWord, Score


def score(text: str, least: float = 0.9, mean: float = -0.1, end: float = 2.0) -> Score:
    words = text.split()
    rated = [HeardWord(word, 0.0, end, 0.9) for word in words]
    rated[len(words) // 2] = HeardWord(words[len(words) // 2], 1.0, end, least)
    return Score(tuple(rated), mean)


def nobody_hears() -> HeardText:
    raise AssertionError("there was no reason to hear what is said")


def heard(text: str, probability: float = 0.95) -> HeardText:
    return HeardText(text, tuple(HeardWord(word, 0, 1, probability) for word in text.split()))


@pytest.mark.parametrize(
    ("least", "verdict"), [(0.2, Verdict.RIGHT), (0.05, Verdict.RIGHT), (0.03, Verdict.DOUBTFUL)]
)
def test_a_text_whose_words_are_all_there_is_right_and_not_heard_again(
    least: float, verdict: Verdict
) -> None:
    assert judge(score("one two three", least), 2.1, "en", nobody_hears).verdict is verdict


def test_a_word_that_is_not_there_is_named_with_what_was_heard() -> None:
    found = judge(score("one two three", 0.004, -0.8), 2.1, "en", lambda: heard("one four three"))
    assert found.verdict is Verdict.WORD_NOT_HEARD
    assert found.word is not None
    assert found.word.text == "two"
    assert found.heard == heard("one four three")


def test_a_text_of_which_nothing_is_there_is_another_text() -> None:
    found = judge(score("one two three", 0.0001, -4.0), 2.1, "en", lambda: heard("six seven"))
    assert found.verdict is Verdict.ANOTHER_TEXT
    assert found.verdict.is_wrong


def test_speech_that_goes_on_after_the_last_word_is_heard_and_the_last_word_compared() -> None:
    early = judge(score("one two three"), 2.4, "en", lambda: heard("one two three four."))
    assert (early.verdict, early.missing_end) == (Verdict.ENDS_EARLY, "four")
    late = judge(score("one two three"), 2.4, "en", lambda: heard("One, two, three!"))
    assert late.verdict is Verdict.RIGHT


def test_a_last_word_that_is_merely_heard_otherwise_is_no_fault_of_the_text() -> None:
    assert said_after(score("we drank the water"), heard("We drank the watcher."), "en") == ""
    assert said_after(score("the clock struck seven"), heard("The clock struck 7."), "en") == ""


def test_languages_without_spaces_have_no_last_word_to_compare() -> None:
    assert said_after(score("你好"), heard("你好 世界"), "zh") == ""


def test_a_text_without_words_is_left_alone() -> None:
    assert judge(Score((), 0.0), 3.0, "en", nobody_hears).verdict is Verdict.RIGHT


def test_only_who_hears_surely_may_call_a_text_wrong() -> None:
    wrong = score("one two three", 0.001, -4.0)
    assert judge(wrong, 2.0, "en", lambda: heard("six", 0.9)).hears_well
    assert not judge(wrong, 2.0, "en", lambda: heard("six", 0.5)).hears_well
    assert math.isclose(heard("six", 0.5).confidence, 0.5)
