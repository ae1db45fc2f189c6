"""Misheard words: found side by side, counted by step, and the clearest step by the same sentences alone."""

from __future__ import annotations

import pytest

from launcher.domain.run_picture import RunPicture
from launcher.services.voices.misheard import (
    Misheard,
    Slip,
    clearest_step,
    compare,
    misheard_by_step,
    with_misheard,
)
from pod_image.contract.bodies import Sample
from pod_image.contract.events import Stamped, tells
from pod_image.contract.scores import WORD_ERROR_RATE, kind_of
from tests.kit.runs import event


def spoken(seq: int, step: int, text: str) -> Stamped[Sample]:
    found = event("sample", seq, step=step, path=f"samples/{seq}.wav", text=text)
    assert tells(found, Sample)
    return found


@pytest.mark.parametrize(
    ("text", "heard", "language", "errors", "words", "slips"),
    [
        ("The boat is in.", "the boat is in", "en_US", 0, 4, []),
        ("The boat is in.", "The vote is in.", "en_US", 1, 4, ["“boat” heard as “vote”"]),
        ("A long way to go", "A way to go", "en_US", 1, 5, ["“long” not heard"]),
        ("Go on", "Go on now then", "en_US", 2, 2, ["“now then” heard in addition"]),
        ("It costs 7 dollars.", "It costs seven dollars.", "en_US", 0, 4, []),
        ("Don’t go", "Don't go", "en_US", 0, 2, []),
        ("Guten Morgen", "", "de_DE", 2, 2, ["“guten morgen” not heard"]),
        ("你好世界", "你好视界", "zh_CN", 1, 4, ["“世” heard as “视”"]),
    ],
)
def test_words_are_compared_as_they_are_said_and_not_as_they_are_written(
    text: str, heard: str, language: str, errors: int, words: int, slips: list[str]
) -> None:
    found = compare(text, heard, language)
    assert (found.errors, found.words) == (errors, words)
    assert [slip.sentence for slip in found.slips] == slips


def test_words_that_were_heard_differently_beside_each_other_are_one_slip() -> None:
    found = compare("we sail to the sea today", "we sale to see today", "en_US")
    assert found.slips == (Slip("sail", "sale"), Slip("the sea", "see"))
    assert (found.errors, found.share) == (3, 0.5)


SAMPLES = [
    spoken(1, 100, "One two three"),
    spoken(2, 200, "One two three"),
    spoken(3, 200, "A sentence that was asked for by hand"),
    spoken(4, 300, "One two three"),
]


def test_a_step_has_all_its_sentences_and_one_that_was_not_heard_has_none() -> None:
    heard = {1: Misheard(2, 3), 2: Misheard(1, 3), 3: Misheard(4, 8)}
    assert misheard_by_step(SAMPLES, heard) == {100: Misheard(2, 3), 200: Misheard(5, 11)}


def test_the_clearest_step_is_judged_by_the_sentences_that_each_of_them_said() -> None:
    heard = {1: Misheard(1, 3), 2: Misheard(0, 3), 3: Misheard(8, 8), 4: Misheard(2, 3)}
    assert clearest_step(SAMPLES, heard, (100, 200, 300)) == 200
    assert clearest_step(SAMPLES, heard, (100, 300)) == 100


def test_nothing_is_called_clearest_among_equals_or_alone() -> None:
    alike = {1: Misheard(1, 3), 2: Misheard(1, 3)}
    assert clearest_step(SAMPLES, alike, (100, 200, 300)) is None
    assert clearest_step(SAMPLES, {1: Misheard(0, 3)}, (100, 200, 300)) is None
    assert clearest_step(SAMPLES, {1: Misheard(0, 3), 3: Misheard(1, 8)}, (100, 200)) is None


def test_of_several_with_as_few_the_newest_is_the_clearest() -> None:
    heard = {1: Misheard(1, 3), 2: Misheard(0, 3), 4: Misheard(0, 3)}
    assert clearest_step(SAMPLES, heard, (100, 200, 300)) == 300


def test_misheard_words_are_a_score_with_a_curve() -> None:
    told = RunPicture(samples=tuple(SAMPLES))
    curve = with_misheard(told, {1: Misheard(2, 4), 2: Misheard(1, 4)}).scalars[WORD_ERROR_RATE]
    assert list(curve.points) == [(100, 0.5), (200, 0.25)]
    assert kind_of(WORD_ERROR_RATE).text(0.25) == "25 %"
    assert with_misheard(told, {}) is told
