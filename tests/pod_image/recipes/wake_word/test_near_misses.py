"""What sounds much like a wake word: made by phonemes, never the wake word itself."""

from __future__ import annotations

import random

import pytest

from pod_image.recipes.wake_word.near_misses import (
    Kind,
    NearMisses,
    Symbols,
    is_apart,
    joined,
    parts,
    sounds_of,
    with_other_sounds,
    with_other_word,
    words_of,
)

HEY_JARVIS: Symbols = tuple("hˈeɪ dʒˈɑːɹvɪs")
COMPUTER: Symbols = tuple("kəmpjˈuːtɚ")
OTHERS = [
    tuple(word) for word in ("tˈeɪbəl", "plˈeɪ", "mˈʌni", "ʃˈɪp", "ɡˈɑːɹdən", "bˈɔks", "fˈɛðɚ")
]


def as_text(symbols: Symbols) -> str:
    return "".join(symbols)


def drawn(near: NearMisses, count: int, *, held_out: bool) -> list[tuple[str, Kind]]:
    draw = random.Random(5)
    found = [near.draw(draw, held_out=held_out) for _ in range(count)]
    return [(as_text(one.symbols), one.kind) for one in found]


def test_stress_and_length_stay_with_their_sound() -> None:
    assert sounds_of(tuple("dʒˈɑːɹ")) == [("d",), ("ʒ",), ("ˈ", "ɑ", "ː"), ("ɹ",)]


def test_marks_are_no_words() -> None:
    assert words_of(tuple("hˈeɪ, dʒˈɑː!")) == [tuple("hˈeɪ"), tuple("dʒˈɑː")]


def test_parts_are_words_alone_turned_round_and_cut_short() -> None:
    found = set(map(as_text, parts(words_of(HEY_JARVIS))))
    assert {"hˈeɪ", "dʒˈɑːɹvɪs", "dʒˈɑːɹvɪs hˈeɪ", "hˈeɪ dʒˈɑː", "hˈeɪ ɹvɪs"} <= found
    assert as_text(HEY_JARVIS) not in found
    assert set(map(as_text, parts([COMPUTER]))) == {"kəmp", "jˈuːtɚ"}


def test_another_word_stands_beside_one_that_stays() -> None:
    draw = random.Random(1)
    words = words_of(HEY_JARVIS)
    for _ in range(30):
        new = words_of(with_other_word(words, OTHERS, draw))
        assert sum(one == other for one, other in zip(new, words, strict=True)) == 1


def test_other_sounds_are_two_at_least_and_vowels_for_vowels() -> None:
    draw = random.Random(2)
    words = words_of(HEY_JARVIS)
    inventory = [sound for word in OTHERS for sound in sounds_of(word)]
    old = [sound for word in words for sound in sounds_of(word)]
    for _ in range(50):
        new = [
            sound
            for word in words_of(with_other_sounds(words, inventory, draw))
            for sound in sounds_of(word)
        ]
        assert len(new) == len(old)
        changed = [(one, other) for one, other in zip(old, new, strict=True) if one != other]
        assert len(changed) >= 2
        vowels = set("eɪɑəʌiɔɛɚ")
        assert all(bool(vowels & set(one)) == bool(vowels & set(other)) for one, other in changed)


@pytest.mark.parametrize("alike", ["hˈeɪ dʒˈɑːɹvɪz", "hˈei dʒˈʌɹvɪs", "ˈoʊ hˈeɪ dʒˈɑːɹvɪs plˈiːz"])
def test_what_is_heard_as_the_phrase_is_no_near_miss(alike: str) -> None:
    assert not is_apart(tuple(alike), HEY_JARVIS)
    assert is_apart(tuple("hˈeɪ mˈɑːɹvɪn"), HEY_JARVIS)


def test_every_kind_comes_up_and_none_is_one_of_the_phrases() -> None:
    near = NearMisses([HEY_JARVIS, tuple("dʒˈɑːɹvɪs")], [tuple("hˈeɪ tɹˈævɪs!")], OTHERS)
    found = drawn(near, 300, held_out=False)
    assert {kind for _, kind in found} == set(Kind)
    assert {text for text, kind in found if kind is Kind.YOURS} == {"hˈeɪ tɹˈævɪs"}
    # The second spelling is a part of the first, and wakes it.
    assert not any("dʒˈɑːɹvɪs" in text for text, _ in found)


def test_without_phrases_of_the_person_the_others_come_up() -> None:
    near = NearMisses([COMPUTER], [], OTHERS)
    kinds = {kind for _, kind in drawn(near, 100, held_out=False)}
    assert kinds == {Kind.PART, Kind.OTHER_WORD, Kind.OTHER_SOUNDS}


def test_what_is_made_to_measure_with_is_never_learnt_from() -> None:
    near = NearMisses([HEY_JARVIS], [], OTHERS)
    made = (Kind.OTHER_WORD, Kind.OTHER_SOUNDS)
    learnt = {text for text, kind in drawn(near, 400, held_out=False) if kind in made}
    apart = {text for text, kind in drawn(near, 200, held_out=True) if kind in made}
    assert len(apart) > 20
    assert not learnt & apart


def test_words_are_put_together_again() -> None:
    assert joined(words_of(HEY_JARVIS)) == HEY_JARVIS
