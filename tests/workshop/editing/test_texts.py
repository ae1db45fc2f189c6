"""Many texts at once: what would change is known before, and nobody's text is taken away unasked."""

from __future__ import annotations

import pytest

from launcher.workshop.editing.dividing import divided
from launcher.workshop.editing.texts import TextChange, pasted, replaced
from launcher.workshop.table import Line

LINES = [
    Line("wavs/a.wav", "This is the first."),
    Line("wavs/b.wav", ""),
    Line("wavs/c.wav", "Is it? It is."),
    Line("wavs/d.wav", ""),
]


def changed(changes: tuple[TextChange, ...]) -> dict[str, str]:
    return {one.file[5]: one.after for one in changes}


def test_words_are_found_as_letters_or_as_whole_words_in_any_case() -> None:
    assert changed(replaced(LINES, "is", "was").changes) == {
        "a": "Thwas was the first.", "c": "Is it? It was.",
    }  # fmt: skip
    whole = replaced(LINES, "is", "was", whole_words=True)
    assert changed(whole.changes) == {"a": "This was the first.", "c": "Is it? It was."}
    assert whole.hits == 2
    every = replaced(LINES, "is", "was", whole_words=True, any_case=True)
    assert (changed(every.changes)["c"], every.hits) == ("was it? It was.", 3)


def test_what_is_sought_is_no_pattern_and_what_comes_is_no_template() -> None:
    lines = [Line("a", "Cost (about) 5$."), Line("b", "a+b")]
    assert replaced(lines, "(about) 5$", r"\1").changes[0].after == r"Cost \1."
    assert replaced(lines, "a+b", "c").changes == (TextChange("b", "a+b", "c"),)
    assert replaced(lines, " ", "x").changes == ()


def test_accents_are_found_however_they_are_stored() -> None:
    lines = [Line("a", "Cafe\u0301 au lait")]
    assert replaced(lines, "caf\u00e9", "Tea", any_case=True).changes[0].after == "Tea au lait"


def test_words_replaced_by_nothing_leave_no_double_blank() -> None:
    lines = [Line("a", "Well um I think")]
    assert replaced(lines, "um", "", whole_words=True).changes[0].after == "Well I think"


@pytest.mark.parametrize(
    "typed",
    [
        "a|One.\nb|Two, and more.\n",
        "wavs/a.wav|One.\nwavs/b.wav|Two, and more.",
        "A.WAV|anna|One.\n\nb.flac.wav|x\nB.wav|anna|Two, and more.",
        "a.wav\tOne.\nb.wav\tTwo, and more.",
        'a.wav,One.\nb.wav,"Two, and more."',
        "a;One.\nb;Two, and more.",
    ],
)
def test_lines_that_begin_with_names_of_clips_go_to_these(typed: str) -> None:
    plan = pasted(LINES, typed, keeps_texts=False)
    assert changed(plan.changes) == {"a": "One.", "b": "Two, and more."}


def test_other_lines_go_to_the_clips_in_order() -> None:
    plan = pasted(LINES, "First, I said.\n\n Second; so. \n")
    assert changed(plan.changes) == {"b": "First, I said.", "d": "Second; so."}
    assert plan.problems == ()
    every = pasted(LINES, "1\n2\n3\n4", keeps_texts=False)
    assert changed(every.changes) == {"a": "1", "b": "2", "c": "3", "d": "4"}


def test_a_different_number_of_lines_is_said() -> None:
    (said,) = pasted(LINES, "Only one.").problems
    assert said.startswith("1 lines were pasted for 2 clips without a text")


def test_a_clip_that_has_a_text_keeps_it_unless_it_may_be_replaced() -> None:
    typed = "a|Another.\nb|New.\nc|Is it? It is."
    plan = pasted(LINES, typed)
    assert changed(plan.changes) == {"b": "New."}
    assert plan.same == 1
    assert plan.problems == ("wavs/a.wav keeps the text it has.",)
    assert changed(pasted(LINES, typed, keeps_texts=False).changes) == {
        "a": "Another.",
        "b": "New.",
    }


def test_names_that_are_unknown_doubtful_or_twice_are_said_and_left_aside() -> None:
    lines = [*LINES, Line("more/b.wav", "")]
    typed = "a|One.\nb|Two.\nd|Three.\nd|Four.\nz|Five.\nwavs/b.wav|Six.\nc|"
    plan = pasted(lines, typed, keeps_texts=False)
    assert {one.file: one.after for one in plan.changes} == {
        "wavs/a.wav": "One.", "wavs/b.wav": "Six.",
    }  # fmt: skip
    assert plan.problems == (
        "z is not a clip of this dataset.",
        "b means several clips.",
        "d has two texts.",
    )


@pytest.mark.parametrize(
    ("text", "share", "parts"),
    [
        ("Hello there. How are you?", 0.5, ("Hello there.", "How are you?")),
        ("Hello there. How are you?", 0.1, ("Hello", "there. How are you?")),
        ("one two three four", 0.5, ("one two", "three four")),
        ("one two three four", 0.99, ("one two three", "four")),
        ("word", 0.2, ("", "word")),
        ("word", 0.8, ("word", "")),
        ("", 0.5, ("", "")),
    ],
)
def test_a_text_is_divided_near_its_place_and_rather_after_a_pause(
    text: str, share: float, parts: tuple[str, str]
) -> None:
    assert divided(text, share) == parts
    assert " ".join(part for part in divided(text, share) if part) == text
