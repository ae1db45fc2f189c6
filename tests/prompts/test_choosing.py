"""Which sentences are chosen, and in which order."""

from __future__ import annotations

from collections import Counter

from launcher.prompts.choosing import choose, coverage, nearly_the_same
from launcher.prompts.diphones import is_diphone, units


def test_a_long_sentence_wins_only_with_more_that_is_new_than_the_root_of_its_length() -> None:
    short, long = list("abcd"), list("abcdefg" + "a" * 9)
    assert choose([long, short], 1) == [1]  # 7 new in 16 against 4 new in 4
    assert choose([[*long, *"hijklmn"], short], 1) == [0]


def test_each_beginning_of_the_order_is_what_would_be_chosen_for_it_alone() -> None:
    pool = [list("abc"), list("cde"), list("abcde"), list("xy"), list("xyz"), list("a")]
    whole = choose(pool, len(pool))
    assert sorted(whole) == list(range(len(pool)))
    assert all(choose(pool, count) == whole[:count] for count in range(len(pool)))


def test_once_nothing_is_new_what_was_seen_least_is_lifted() -> None:
    pool = [list("abcdef"), list("abc"), list("abd"), list("ef")]
    first, second, third, fourth = choose(pool, 4)
    assert first == 0
    # After the second, `e` and `f` or the others are behind: the order evens them out.
    counts = Counter(unit for index in (first, second, third) for unit in pool[index])
    assert max(counts.values()) - min(counts.values()) <= 1, (second, third, fourth)


def test_a_pool_that_is_smaller_than_the_number_wanted_is_taken_whole() -> None:
    assert sorted(choose([["a"], ["b"]], 9)) == [0, 1]
    assert choose([], 3) == []


def test_coverage_weighs_a_kind_by_how_often_it_comes_and_passes_over_the_rare() -> None:
    pool = [["often"] * 15, ["seldom"] * 5, ["chance"] * 4]
    assert coverage(pool, [["often"]]) == 0.75
    assert coverage(pool, [["often"], ["seldom"]]) == 1.0
    assert coverage(pool, [["chance"]]) == 0.0


def test_sentences_that_differ_in_a_word_are_nearly_the_same() -> None:
    texts = ["The red fox crossed the road.", "The red fox crossed the street!", "A fox slept."]
    assert nearly_the_same(texts) == [(texts[0], texts[1])]


def test_units_are_diphones_with_both_edges_without_stress_and_with_length_at_its_sound() -> None:
    assert units("hˈaː lo.", "Ha, lo?") == [
        ("#", "h"), ("h", "aː"), ("aː", "l"), ("l", "o"), ("o", "#"), (",",), ("?",),
    ]  # fmt: skip
    assert [is_diphone(unit) for unit in (("#", "h"), ("?",))] == [True, False]
    # A nasal vowel comes as a letter and a combining mark, and is one sound.
    assert ("b", "ɔ̃") in units("bɔ̃", "bon")
