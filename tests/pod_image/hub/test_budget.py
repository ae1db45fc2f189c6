"""The hour's commits: what matters most always finds room."""

from __future__ import annotations

import pytest

from pod_image.hub import CommitBudget, CommitPriority


@pytest.fixture
def budget(clock):
    return CommitBudget(clock, per_hour=10)


def spend(budget, count):
    for _ in range(count):
        budget.spend()


@pytest.mark.parametrize(
    ("spent", "fits"),
    [
        (4, {CommitPriority.DELIVERY, CommitPriority.CHECKPOINT, CommitPriority.EXTRA}),
        (5, {CommitPriority.DELIVERY, CommitPriority.CHECKPOINT}),
        (8, {CommitPriority.DELIVERY}),
        (10, set()),
    ],
)
def test_each_priority_leaves_room_for_those_above_it(budget, spent, fits):
    spend(budget, spent)
    assert {p for p in CommitPriority if budget.wait_seconds(p) == 0} == fits


def test_the_wait_is_until_enough_of_the_hour_has_passed(budget, clock):
    spend(budget, 5)
    clock.sleep(600)
    spend(budget, 5)
    assert budget.wait_seconds(CommitPriority.DELIVERY) == pytest.approx(3000)
    assert budget.wait_seconds(CommitPriority.EXTRA) == pytest.approx(3600)
    clock.sleep(3000)
    assert budget.wait_seconds(CommitPriority.DELIVERY) == 0
    assert budget.wait_seconds(CommitPriority.EXTRA) == pytest.approx(600)


def test_a_run_never_makes_more_than_the_hour_allows(clock):
    budget = CommitBudget(clock, per_hour=7)
    made = []
    for _ in range(40):
        clock.sleep(budget.wait_seconds(CommitPriority.DELIVERY))
        budget.spend()
        made.append(clock())
    for at in made:
        assert sum(at - 3600 < other <= at for other in made) <= 7


def test_a_pause_that_the_hub_asked_for_holds_everything_back(budget, clock):
    budget.close_for(3600)
    assert budget.wait_seconds(CommitPriority.DELIVERY) == pytest.approx(3600)
    clock.sleep(3600)
    assert budget.wait_seconds(CommitPriority.EXTRA) == 0
