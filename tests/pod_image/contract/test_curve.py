"""Curves stay small and keep their ends."""

from __future__ import annotations

import math

import pytest

from pod_image.contract.curve import Curve


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


def test_what_is_no_number_is_left_out() -> None:
    curve = Curve()
    for value in (math.nan, math.inf, -math.inf, 1.0):
        curve = curve.with_point(1, value)
    assert curve.points == ((1, 1.0),)
