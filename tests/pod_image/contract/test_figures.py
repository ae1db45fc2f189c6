"""Figures as a person reads them, in the terminal and on the page."""

from __future__ import annotations

import math

import pytest

from pod_image.contract.figures import dollars, dollars_per_hour, duration, recorded, roughly, size


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (dollars(0.0), "$0.00"),
        (dollars(0.004), "under $0.01"),
        (dollars(0.0031, finest_usd=0.0001), "$0.0031"),
        (dollars(0.00001, finest_usd=0.0001), "under $0.0001"),
        (dollars(0.44, finest_usd=0.0001), "$0.44"),
        (dollars(1234.5), "$1,234.50"),
        (dollars(None), "unknown"),
        (dollars_per_hour(0.69), "$0.69 an hour"),
        (duration(None), "unknown"),
        (duration(math.inf), "unknown"),
        (duration(-3), "0 s"),
        (duration(59.6), "1 min"),
        (duration(200), "3 min 20 s"),
        (duration(754), "12 min"),
        (duration(7500), "2 h 5 min"),
        (duration(48 * 3600), "2 days"),
        (duration(200_000), "2 days 7 h"),
        (roughly(0.001), "1 min"),
        (roughly(2.34), "2 h 20 min"),
        (recorded(0.36), "0.4 minutes"),
        (recorded(90), "1.5 hours"),
        (size(0), "0 bytes"),
        (size(999), "999 bytes"),
        (size(1_000), "1.0 kB"),
        (size(999_999), "1,000 kB"),
        (size(3_200_000), "3.2 MB"),
        (size(128e9), "128 GB"),
        (size(2_500e9), "2,500 GB"),
    ],
)
def test_a_figure_is_said_as_exactly_as_a_person_needs_it(said: str, expected: str) -> None:
    assert said == expected
