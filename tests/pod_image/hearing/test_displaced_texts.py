"""Where a text that stands at another clip belongs, and how a slip of the whole table is put right."""

from __future__ import annotations

from collections.abc import Sequence

from pod_image.hearing.displaced_texts import (
    MOST_OTHERS,
    ScoreTexts,
    Shift,
    moves,
    row_of_text,
    shifts,
)
from pod_image.hearing.recogniser import HeardWord, Score


def said(*texts: str) -> tuple[list[list[str]], ScoreTexts]:
    """A scorer for clips in which these are said; what it was asked is in the first list."""
    asked: list[list[str]] = []

    def score(row: int, tried: Sequence[str]) -> list[Score]:
        asked.append(list(tried))
        return [
            Score((HeardWord(text, 0, 1, 0.9),), -0.1 if text == texts[row] else -4.0)
            for text in tried
        ]

    return asked, score


def test_the_neighbours_texts_are_tried_first() -> None:
    texts = ["b", "a", "c", "d", "e"]
    asked, score = said("a", "b", "c", "d", "e")
    assert row_of_text(0, texts, [0, 1], score) == 1
    assert asked == [["a", "c", "d"]]


def test_then_those_of_the_other_clips_with_another_text() -> None:
    texts = ["z", "b", "c", "d", "e", "f", "a"]
    asked, score = said("a", "b", "c", "d", "e", "f", "z")
    assert row_of_text(0, texts, [0, 6], score) == 6
    assert asked[-1] == ["a"]


def test_a_text_that_stands_nowhere_is_not_made_up() -> None:
    _, score = said("nowhere", "b", "c")
    assert row_of_text(0, ["a", "b", "c"], [0], score) is None


def test_no_more_than_a_hundred_far_texts_are_tried() -> None:
    texts = [f"text {number}" for number in range(500)]
    asked, score = said(*["nothing"] * 500)
    assert row_of_text(250, texts, range(500), score) is None
    assert sum(map(len, asked)) <= 6 + MOST_OTHERS


def test_three_on_end_by_the_same_distance_are_one_slip() -> None:
    assert shifts({3: 4, 4: 5, 5: 6, 9: 1}, [3, 4, 5, 9]) == [Shift(3, 5, 1)]
    assert shifts({3: 4, 4: 5}, [3, 4]) == []


def test_a_wrong_row_inside_a_slip_whose_text_was_not_found_slipped_with_it() -> None:
    assert shifts({3: 2, 4: 3, 6: 5, 7: 6}, [3, 4, 5, 6, 7]) == [Shift(3, 7, -1)]
    assert shifts({3: 2, 4: 3, 6: 5, 7: 6}, [3, 4, 6, 7]) == []


def test_the_repair_of_a_slip_moves_every_text_and_leaves_the_last_clip_without() -> None:
    slip = [Shift(1, 3, 1)]
    assert moves({1: 2, 2: 3, 3: 4}, slip, [1, 2, 3, 4], 5) == {1: 2, 2: 3, 3: 4, 4: None}


def test_two_swapped_texts_change_places() -> None:
    assert moves({1: 4, 4: 1}, [], [1, 4], 6) == {1: 4, 4: 1}


def test_a_text_that_is_right_where_it_stands_stays_there_too() -> None:
    assert moves({1: 4}, [], [1], 6) == {1: 4}
