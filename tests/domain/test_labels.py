"""Name, notes and tags of a run: the last one typed stands, nothing typed is lost, strangers' words are bounded."""

from __future__ import annotations

import json
from datetime import timedelta
from itertools import permutations

import pytest

from launcher.domain.labels import (
    MOST_BYTES,
    MOST_EARLIER,
    MOST_TAGS,
    NO_LABELS,
    LabelName,
    Labels,
    checked,
    overruled,
    tags_in,
    with_tags,
)
from launcher.errors import InvalidRequest
from tests.kit.clocks import NOW

NAME, NOTES, TAGS = LabelName.NAME, LabelName.NOTES, LabelName.TAGS


def typed(minute: float = 0.0, known: Labels = NO_LABELS, **texts: str) -> Labels:
    given = {LabelName(name): text for name, text in texts.items()}
    return known.changed(given, NOW + timedelta(minutes=minute))


def test_what_was_typed_last_stands_and_what_was_there_before_is_kept() -> None:
    first = typed(1, name="calm", tags="keeper, German")
    second = typed(2, first, name="calm voice")
    assert (second.name, second.tags) == ("calm voice", ("keeper", "German"))
    assert [(each.name, each.text) for each in second.earlier] == [(NAME, "calm")]


def test_two_computers_words_become_the_same_on_both_whoever_puts_them_together() -> None:
    shared = typed(0, name="run for Anna")
    here = typed(5, shared, name="Anna, calm", notes="Louder.")
    there = typed(3, shared, name="Anna 2", tags="good")
    third = typed(4, shared, notes="Softer.")
    results = set()
    for order in permutations((here, there, third)):
        merged = order[0].merged(order[1]).merged(order[2])
        results.add(merged.to_json())
        assert (merged.name, merged.notes, merged.tags) == ("Anna, calm", "Louder.", ("good",))
        lost = {(each.name, each.text) for each in merged.earlier}
        assert lost == {(NAME, "run for Anna"), (NAME, "Anna 2"), (NOTES, "Softer.")}
    assert len(results) == 1
    assert here.merged(here) == here


def test_the_one_who_saw_a_label_and_types_another_wins_even_with_a_slow_clock() -> None:
    there = typed(60, name="by a clock that is ahead")
    here = typed(0, there, name="typed an hour before, after it")
    assert here.merged(there).name == there.merged(here).name == "typed an hour before, after it"


def test_a_label_that_is_taken_away_stays_away_and_can_be_read_again() -> None:
    there = typed(1, notes="Trained on the wrong clips.")
    here = typed(2, there, notes="")
    merged = there.merged(here)
    assert merged.notes == ""
    assert [each.text for each in merged.earlier] == ["Trained on the wrong clips."]


def test_what_loses_its_place_to_another_computer_is_told_once() -> None:
    here, there = typed(1, name="mine"), typed(2, name="theirs")
    assert [each.text for each in overruled(here, there)] == ["mine"]
    assert [each.text for each in overruled(there, here)] == ["mine"]
    after = here.merged(there)
    assert overruled(after, there) == overruled(there, after) == ()
    # Whoever types over what both have seen overrules nobody.
    assert overruled(typed(3, after, name="ours"), after) == ()
    assert overruled(NO_LABELS, after) == ()


def test_a_file_is_read_back_as_it_was_written() -> None:
    labels = typed(2, typed(1, name="a", notes="One.\n\nTwo “ü”."), name="b", tags="x, y")
    assert Labels.from_json(labels.to_json()) == labels
    assert Labels.from_json(labels.to_json().encode()) == labels


@pytest.mark.parametrize(
    "raw",
    [None, "", "[]", "null", "{", "[" * 100_000, "9" * 5_000, "x" * (MOST_BYTES + 1), b"\xff"],
)
def test_what_is_no_file_of_ours_is_none(raw: str | bytes | None) -> None:
    assert Labels.from_json(raw) is None


def test_a_strangers_file_is_read_within_bounds() -> None:
    wild = {
        "name": {"text": "\x1b[31mred\u202e " + "n" * 500, "at": "9999-12-31T23:59:59+00:00"},
        "notes": {"text": "n" * 50_000, "at": "not a time"},
        "tags": {"text": ",".join(f"tag {n} " + "t" * 99 for n in range(99)), "at": None},
        "earlier": [{"label": "name", "text": str(n), "at": 3} for n in range(999)]
        + [3, {"label": "wages"}],
        "wages": 3,
    }
    read = Labels.from_json(json.dumps(wild))
    assert read is not None
    assert read.name.startswith("red nnn")
    assert (len(read.name), len(read.notes), len(read.tags)) == (80, 2_000, MOST_TAGS)
    assert len(read.earlier) == MOST_EARLIER
    # A time that no clock has yet keeps nobody from typing another label.
    assert typed(0, read, name="mine").merged(read).name == "mine"
    assert (
        Labels.from_json('{"name": 3, "notes": [], "tags": {"text": 3}, "earlier": 3}') is not None
    )


def test_the_longest_that_can_be_typed_fits_into_the_file() -> None:
    labels = NO_LABELS
    for number in range(MOST_EARLIER + 2):
        labels = typed(number, labels, notes=f"{number:02d}" + "\U0001f600" * 1_998)
    assert len(labels.to_json().encode()) < MOST_BYTES
    assert Labels.from_json(labels.to_json()) == labels


def test_tags_are_told_apart_by_commas_and_each_is_there_once() -> None:
    assert tags_in(" keeper,,Best  one\nkeeper, KEEPER ") == ("keeper", "Best one")
    labels = typed(tags="keeper, German")
    assert with_tags(labels, more=["calm"], fewer=["KEEPER"]) == "German, calm"


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        (NAME, "n" * 81, "1 letter too many"),
        (NOTES, "n" * 2_010, "10 letters too many"),
        (TAGS, ",".join("abcdefghijk"), "may have 10 tags"),
        (TAGS, "t" * 31, "may have 30 letters"),
        (NOTES, "the token was hf_" + "a1B2" * 9, "must not contain a key"),
    ],
)
def test_what_cannot_be_kept_is_refused_with_a_reason(
    name: LabelName, text: str, says: str
) -> None:
    with pytest.raises(InvalidRequest, match=says) as refused:
        NO_LABELS.changed({name: text}, NOW)
    assert refused.value.hint
    assert "a1B2" not in str(refused.value)


def test_a_name_is_one_line_and_notes_keep_theirs() -> None:
    assert checked(NAME, " two\nlines\x07 ") == "two lines"
    assert checked(NOTES, "\nfirst\x1b[31m  \n\n\tsecond\n") == "first\n\n    second"
