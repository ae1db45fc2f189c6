"""Whose turn it is in the queue, and what that costs at most."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from launcher.domain.queued import Account, EntryState, Terms, Try, Waits, next_turn
from tests.kit.clocks import NOW
from tests.kit.queues import entry

OPEN = Terms(budget_usd=10.0, at_most=2)


def tried(**changes: object) -> Try:
    values: dict[str, object] = {
        "id": 1, "entry": 1, "results_repo": "me/voice", "run_id": "run-01", "place": "runpod",
        "reserved_usd": 2.0, "began_at": NOW,
    }  # fmt: skip
    return Try(**(values | changes))  # type: ignore[arg-type]  # by name


def numbers(terms: Terms, account: Account, *entries: object) -> list[int]:
    return [each.number for each in next_turn(entries, terms, account, NOW).ready]  # type: ignore[arg-type]  # as the test has it


def test_a_higher_priority_goes_first_and_equals_go_as_they_were_added() -> None:
    waiting = [entry(1), entry(2), entry(3, priority=5), entry(4, priority=-1)]
    assert numbers(OPEN, Account(), *waiting) == [3, 1, 2, 4]


def test_what_does_not_wait_has_no_turn() -> None:
    others = [entry(n, state=state) for n, state in enumerate(EntryState) if state != "waiting"]
    assert numbers(OPEN, Account(), *others) == []


@pytest.mark.parametrize(
    ("terms", "changes", "account", "why"),
    [
        (Terms(10.0, 2, is_paused=True), {}, Account(), Waits.PAUSED),
        (OPEN, {"is_held": True}, Account(), Waits.HELD),
        (Terms(), {}, Account(), Waits.NO_BUDGET),
        (OPEN, {"agreed_usd": 10.5}, Account(), Waits.LARGER_BUDGET),
        (OPEN, {"agreed_usd": 2.0}, Account(spent_usd=9.0), Waits.LARGER_BUDGET),
        (OPEN, {"agreed_usd": 6.0}, Account(1.0, 4.0, 1), Waits.BUDGET),
        (OPEN, {}, Account(0.0, 2.0, 2), Waits.TURN),
        (OPEN, {"not_before": NOW + timedelta(seconds=1)}, Account(), Waits.TIME),
    ],
)
def test_what_waits_says_for_what(
    terms: Terms, changes: dict[str, Any], account: Account, why: Waits
) -> None:
    turn = next_turn([entry(**changes)], terms, account, NOW)
    assert (turn.ready, turn.waits) == ((), {1: why})


def test_what_waits_for_stock_or_a_larger_budget_lets_later_ones_pass() -> None:
    later = NOW + timedelta(minutes=1)
    waiting = [entry(1, not_before=later), entry(2, agreed_usd=50.0), entry(3, is_held=True)]
    assert numbers(OPEN, Account(), *waiting, entry(4)) == [4]


def test_what_waits_for_live_ones_to_give_budget_back_is_not_kept_waiting_by_small_ones() -> None:
    account = Account(spent_usd=1.0, reserved_usd=5.0, pods=1)
    turn = next_turn([entry(1, agreed_usd=8.0), entry(2, agreed_usd=0.1)], OPEN, account, NOW)
    assert turn.waits == {1: Waits.BUDGET, 2: Waits.TURN}


def test_a_live_pod_counts_with_the_most_it_can_cost_and_one_that_is_gone_with_what_it_cost() -> (
    None
):
    gone = tried(ended_at=NOW, cost_usd=0.25)
    unknown = tried(ended_at=NOW, cost_usd=None)
    left_out = tried(ended_at=NOW, cost_usd=0.25, is_counted=False)
    account = Account.of([tried(), gone, unknown, left_out])
    assert (account.spent_usd, account.reserved_usd, account.pods) == (2.25, 2.0, 1)


def test_what_passes_by_itself_is_what_the_queue_waits_for() -> None:
    assert {why for why in Waits if why.passes} == {Waits.BUDGET, Waits.TURN, Waits.TIME}
    assert all(why.sentence.endswith(".") for why in Waits)
