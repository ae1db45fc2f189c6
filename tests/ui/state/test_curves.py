"""Curves as they are drawn start where they start, and show their spikes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from launcher.ui.state.curves import (
    Increments,
    Plotted,
    plotted,
    plotted_over_time,
    smoothed,
    thinned,
)
from pod_image.contract.curve import Curve


def test_smoothing_starts_at_the_first_value_and_zero_changes_nothing() -> None:
    points = [(0.0, 4.0), (1.0, 2.0), (2.0, 0.0)]
    assert smoothed(points, 0.0) == points
    assert smoothed(points, 0.9)[0] == pytest.approx((0.0, 4.0))
    assert smoothed(points, 0.9)[-1][1] > 0.0


@pytest.mark.parametrize("weight", [-0.1, 1.0, 2.0])
def test_a_smoothing_outside_its_range_is_refused(weight: float) -> None:
    with pytest.raises(ValueError, match="from 0 up to 1"):
        smoothed([(0.0, 1.0)], weight)


def test_a_thinned_curve_ends_where_the_curve_ends() -> None:
    points = [(float(step), float(step % 7)) for step in range(10_000)]
    assert thinned(points, 400)[-1] == points[-1]
    assert len(thinned(points, 400)) <= 400


def test_thinning_keeps_the_spike() -> None:
    points = [(float(step), 1.0) for step in range(10_000)]
    points[5_003] = (5_003.0, 99.0)
    thin = thinned(points, 400)
    assert len(thin) <= 400
    assert (5_003.0, 99.0) in thin


@given(
    st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=300),
    st.integers(min_value=2, max_value=50),
)
def test_thinning_stays_in_order_and_within_its_limit(values: list[float], limit: int) -> None:
    points = [(float(step), value) for step, value in enumerate(values)]
    thin = thinned(points, limit)
    assert len(thin) <= max(limit, 2)
    assert thin == sorted(thin)
    assert set(thin) <= set(points)


def test_a_browser_is_sent_the_end_that_is_new_and_all_of_a_line_that_is_another() -> None:
    increments = Increments()
    line = [Plotted(n, n, 0.5) for n in range(4)]
    assert increments.of("mel", line) == (0, line)
    assert increments.of("mel", list(line)) is None
    longer = [*line[:3], Plotted(3, 3, 0.7), Plotted(4, 4, 0.1)]
    assert increments.of("mel", longer) == (3, longer[3:])
    assert increments.of("kl", line) == (0, line)
    assert increments.of("mel", longer[2:]) == (0, longer[2:])
    assert increments.of("mel", longer[2:4]) == (2, [])


def test_a_long_training_takes_no_more_of_a_browser_than_a_short_one() -> None:
    """Two hundred thousand events of days: what is drawn is bounded, ends where the run is, and knows when."""
    curve = Curve(keep=100)
    for step in range(200_000):
        curve = curve.with_point(step, step / 7, 1.7e9 + 2.0 * step)
    points = plotted(curve)
    assert 100 <= len(points) <= 200
    assert points[-1] == Plotted(199_999, 1.7e9 + 399_998.0, 28571.3)
    assert all(abs(at - (1.7e9 + 2 * step)) < 0.1 for step, at, _ in points)


def test_a_gauge_is_drawn_over_its_own_time() -> None:
    curve = Curve().with_point(1.7e9, 96.0)
    assert plotted_over_time(curve) == [Plotted(1.7e9, 1.7e9, 96.0)]
    assert plotted(Curve().with_point(30, 1.0)) == [Plotted(30, 30, 1.0)]
