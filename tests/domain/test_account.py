"""What an account leaves room for."""

from __future__ import annotations

import pytest

from launcher.domain.account import Account


@pytest.mark.parametrize(
    ("account", "price", "has_room"),
    [
        (Account(), 1000.0, True),
        (Account(spend_limit_usd=80.0), 80.0, True),
        (Account(spend_limit_usd=80.0), 80.01, False),
        (Account(spend_limit_usd=80.0, spend_per_hour_usd=79.5), 0.5, True),
        (Account(spend_limit_usd=80.0, spend_per_hour_usd=79.5), 0.69, False),
        (Account(spend_limit_usd=1.0, spend_per_hour_usd=2.0), 0.01, False),
    ],
)
def test_what_runs_already_counts_against_the_hourly_limit(
    account: Account, price: float, has_room: bool
) -> None:
    assert account.has_room_for(price) is has_room


@pytest.mark.parametrize(
    ("account", "has_room"),
    [
        (Account(), True),
        (Account(most_pods=2), True),
        (Account(most_pods=2, pods=1), True),
        (Account(most_pods=2, pods=2), False),
    ],
)
def test_the_number_of_pods_is_held_where_both_figures_are_known(
    account: Account, has_room: bool
) -> None:
    assert account.has_room_for_a_pod is has_room
