"""What a study tries of each setting, as it is typed and as it is kept."""

from __future__ import annotations

import pytest

from launcher.domain.studies.search_space import (
    Choices,
    Range,
    checked_choices,
    from_json,
    grid_points,
    is_range,
    plain_value,
    read_range,
    to_json,
    typed_dimensions,
)
from launcher.errors import InvalidRequest


def test_settings_are_parted_by_commas_that_a_name_follows() -> None:
    typed = typed_dimensions(["learning_rate=1e-5..1e-3:log,batch-size=16|32", "note=a,b|c"])
    assert typed == {
        "learning_rate": "1e-5..1e-3:log",
        "batch_size": "16|32",
        "note": "a,b|c",
    }


@pytest.mark.parametrize("text", ["", "batch_size", "batch_size=", "=16|32", "a=1|2,a=3|4"])
def test_what_names_no_setting_with_values_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequest):
        typed_dimensions([text])


def test_a_range_may_be_logarithmic_stepped_or_cut_into_points() -> None:
    assert read_range("a", "1e-5..1e-3:log", is_whole=False) == Range("a", 1e-5, 1e-3, is_log=True)
    assert read_range("a", "10..30:step=10", is_whole=True).grid() == [10, 20, 30]
    assert read_range("a", "1e-4..1e-2:log:points=3", is_whole=False).grid() == [1e-4, 1e-3, 1e-2]
    assert read_range("a", "0.1..0.3:step=0.1", is_whole=False).grid() == [0.1, 0.2, 0.3]
    assert read_range("a", "1..4", is_whole=True).grid() == [1, 2, 3, 4]
    for text in ("1e-5..0.001:log", "10..30:step=10", "0.0001..0.01:log:points=3"):
        assert read_range("a", text, is_whole=False).text == text
    assert is_range("1..4")
    assert not is_range("../a|../b")


@pytest.mark.parametrize(
    ("text", "is_whole"),
    [
        ("3..1", False),
        ("1..1", False),
        ("0..1:log", False),
        ("1..2:sqrt", False),
        ("1..x", False),
        ("1..nan", False),
        ("1..inf", False),
        ("1..2.5", True),
        ("1..9:step=0.5", True),
        ("1..9:step=20", False),
        ("1..9:log:step=1", False),
        ("1..9:points=1", False),
        ("1..9:step=-1", False),
    ],
)
def test_a_range_that_is_none_is_refused(text: str, is_whole: bool) -> None:
    with pytest.raises(InvalidRequest):
        read_range("a", text, is_whole=is_whole)


def test_a_grid_needs_to_know_its_values_and_an_end() -> None:
    endless = read_range("learning_rate", "1e-5..1e-3:log", is_whole=False)
    with pytest.raises(InvalidRequest, match="which values of learning_rate"):
        endless.grid()
    many = [Choices(name, tuple(range(100))) for name in "abc"]
    with pytest.raises(InvalidRequest, match="1,000,000 combinations"):
        grid_points(many)
    assert grid_points([Choices("a", (1, 2)), Choices("b", (1, 2, 3))]) == 6


def test_one_value_is_no_search() -> None:
    with pytest.raises(InvalidRequest, match="1 value to try"):
        checked_choices("a", [16, 16])


@pytest.mark.parametrize(
    "dimension",
    [
        Choices("a", (16, 32)),
        Choices("a", ("x", "y")),
        Range("a", 1e-5, 1e-3, is_log=True),
        Range("a", 1, 9, is_whole=True, step=2, points=3),
    ],
)
def test_what_is_kept_is_read_as_it_was(dimension: Choices | Range) -> None:
    assert from_json(to_json(dimension)) == dimension


def test_a_value_is_held_as_the_setting_has_it() -> None:
    assert Range("a", 1, 5).holds(2.5)
    assert not Range("a", 1, 5).holds(6)
    assert not Range("a", 1, 5).holds("2")
    assert not Range("a", 1, 5, is_whole=True).holds(2.5)
    assert Choices("a", (16, 32)).holds(16)
    assert not Choices("a", (1, 2)).holds(True)


def test_what_is_tried_is_said_without_signs() -> None:
    assert Range("a", 1e-5, 1e-3, is_log=True).plain_text == "0.00001 to 0.001, logarithmic"
    assert Range("a", 100, 500, is_whole=True, step=100).plain_text == "100 to 500, in steps of 100"
    assert Choices("a", (16, 32)).plain_text == "16 or 32"
    assert plain_value(1.5e-5) == "0.000015"
    assert plain_value(True) == "yes"
