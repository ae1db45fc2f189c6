"""What runs cost, and the most that they can."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from launcher.domain.run import Run, RunState


@pytest.mark.parametrize(
    ("price", "hours", "cap", "most"),
    [
        (0.5, 0.46, 8.0, 0.23),  # its hours end it first
        (0.5, 40.0, 8.0, 8.0),  # the cap on money does
        (0.0, 6.0, 8.0, 8.0),  # the price is not known yet
    ],
)
def test_a_run_says_as_its_most_what_was_agreed_for_the_gpu_that_it_got(
    price: float, hours: float, cap: float, most: float
) -> None:
    run = Run(
        "run-01", "me/voice", 1, "a" * 10, RunState.RUNNING, datetime(2026, 11, 26, tzinfo=UTC),
        price_per_hour_usd=price, max_hours=hours, max_cost_usd=cap,
    )  # fmt: skip
    assert run.most_usd == pytest.approx(most)
