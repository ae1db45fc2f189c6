"""Curves as they are drawn start where they start, and show their spikes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from launcher.ui.state.curves import smoothed, thinned


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
