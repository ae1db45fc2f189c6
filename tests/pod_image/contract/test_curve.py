"""Curves stay small and keep their ends."""

from __future__ import annotations

import math

import pytest

from pod_image.contract.curve import LARGEST, Curve, scale_of


def test_thirty_thousand_points_take_no_more_room_than_two_thousand() -> None:
    curve = Curve(keep=1000)
    for step in range(30_000):
        curve = curve.with_point(step, 1.0 / (step + 1))
    assert len(curve.points) < 2000
    assert curve.last == (29_999, 1.0 / 30_000)
    assert curve.shown()[-1][0] == 29_999
    assert curve.first_value == 1.0


def test_averaging_keeps_the_mean() -> None:
    curve = Curve(keep=8)
    for step in range(64):
        curve = curve.with_point(step, float(step % 2))
    assert all(value == pytest.approx(0.5) for _, value in curve.points)


def test_a_curve_knows_when_each_of_its_points_came() -> None:
    curve = Curve(keep=70)
    for step in range(1_001):
        curve = curve.with_point(step, 1.0, 500.0 + step)
        assert [at - 500.0 for at in curve.shown_at()] == [step for step, _ in curve.shown()]
    curve = curve.with_point(1_001, math.nan, 9.0)
    assert curve.shown_at()[-1] == 1_500.0
    assert Curve().with_point(1, 2.0).shown_at() == []


def test_what_is_no_number_is_left_out() -> None:
    curve = Curve()
    for value in (math.nan, math.inf, -math.inf, 1e307, -1e307, 1.0):
        curve = curve.with_point(1, value)
    assert curve.points == ((1, 1.0),)


@pytest.mark.parametrize(
    "values", [(0.0, 5e-324), (-LARGEST, LARGEST), (1e-300, 2e-300), (3.0, 3.0)]
)
def test_whatever_a_curve_holds_has_a_scale(values: tuple[float, float]) -> None:
    low, high, ticks = scale_of(values)
    assert low < high
    assert low <= values[0] <= values[1] <= high
    assert 1 <= len(ticks) <= 11
    assert all(low <= tick <= high for tick in ticks)
