"""The queue's file: private, of its own, one entry for one program, and never over its budget."""

from __future__ import annotations

import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from launcher.domain.queued import ROUNDING_USD, EntryState
from launcher.errors import InvalidRequest, NotConfigured
from launcher.stores.queue import QueueStore
from launcher.stores.queue_claims import Claim, ClaimLost, Refused
from pod_image.contract.outcomes import EndReason
from tests.kit.clocks import NOW
from tests.kit.queues import added, claimed


@pytest.fixture
def store(tmp_path: Path) -> Iterator[QueueStore]:
    opened = QueueStore(tmp_path / "data" / "queue.sqlite")
    opened.agree(budget_usd=10.0, at_most=2)
    yield opened
    opened.close()


@pytest.fixture
def other(tmp_path: Path, store: QueueStore) -> Iterator[QueueStore]:
    """Another program at the same file."""
    opened = QueueStore(tmp_path / "data" / "queue.sqlite")
    yield opened
    opened.close()


def test_the_file_is_its_owners_alone_and_no_history(store: QueueStore) -> None:
    added(store)
    for path in store.path.parent.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    assert store.path.name == "queue.sqlite"


def test_an_entry_comes_back_as_it_was_added(store: QueueStore, other: QueueStore) -> None:
    made = added(store, 2.5, priority=3, max_price_usd=0.5, most_tries=1, run_id="mine")
    assert other.entry(made.number) == made
    assert (made.state, made.agreed_usd, made.max_price_usd) == (EntryState.WAITING, 2.5, 0.5)
    assert (made.priority, made.most_tries, made.run_id, made.added_at) == (3, 1, "mine", NOW)


def test_a_run_of_one_name_waits_once(store: QueueStore) -> None:
    first = added(store, run_id="mine")
    with pytest.raises(InvalidRequest, match=f"Entry {first.number} of the queue is run mine"):
        added(store, run_id="mine")
    added(store, run_id="mine", results_repo="me/other")
    added(store)
    added(store)
    store.remove(first.number)
    added(store, run_id="mine")


@pytest.mark.promise("money-once")
def test_two_programs_never_have_one_entry(store: QueueStore, other: QueueStore) -> None:
    number = added(store).number
    assert isinstance(claimed(store, number), Claim)
    assert claimed(other, number) is Refused.TAKEN


def test_a_claim_is_decided_by_how_things_are_and_not_by_how_they_were(
    store: QueueStore, other: QueueStore
) -> None:
    first, second, third = (added(store, 4.0).number for _ in range(3))
    assert isinstance(claimed(store, first, 4.0), Claim)
    assert claimed(other, second, 7.0) is Refused.BUDGET
    assert claimed(other, second, 4.0, run_id="run-01") is Refused.RUN_ID
    store.pause()
    assert claimed(other, second, 4.0) is Refused.PAUSED
    store.pause(is_paused=False)
    store.pause(second)
    assert claimed(other, second, 4.0) is Refused.PAUSED
    store.pause(second, is_paused=False)
    assert isinstance(claimed(other, second, 4.0), Claim)
    assert claimed(other, third, 0.1) is Refused.PODS


def test_who_lost_an_entry_changes_and_orders_nothing_more(store: QueueStore) -> None:
    number = added(store).number
    lost = claimed(store, number)
    entry = store.entry(number)
    taken = store.claims.take_over(entry, worker="there", lease_until=NOW)
    assert isinstance(taken, Claim)
    assert store.claims.take_over(entry, worker="nowhere", lease_until=NOW) is Refused.TAKEN
    for change in (
        lambda: store.claims.note_order(lost, nonce="n", pod_name="p"),
        lambda: store.claims.hold(lost, NOW),
        lambda: store.claims.note_running(lost, "run-01"),
        lambda: store.claims.let_go(lost),
        lambda: store.claims.settle(lost, EntryState.DONE, now=NOW),
    ):
        with pytest.raises(ClaimLost, match="taken over"):
            change()
    assert store.entry(number).state is EntryState.STARTING
    store.claims.note_order(taken, nonce="n", pod_name="p")
    tried = store.open_try(number)
    assert tried is not None
    assert (tried.nonce, tried.pod_name, tried.reserved_usd) == ("n", "p", 1.0)


def test_what_a_pod_cost_stays_counted_when_its_entry_is_removed(store: QueueStore) -> None:
    number = added(store).number
    claim = claimed(store, number, 3.0)
    with pytest.raises(InvalidRequest, match="is being started"):
        store.remove(number)
    store.claims.note_running(claim, "run-01")
    with pytest.raises(InvalidRequest, match="has a pod: it is run-01 of me/voice"):
        store.remove(number)
    store.claims.settle(
        claim, EntryState.FAILED, now=NOW, cost_usd=2.0, end_reason=EndReason.FAILED
    )
    store.remove(number)
    assert store.entries() == []
    assert store.account().spent_usd == 2.0
    store.count_from_now()
    assert store.account().spent_usd == 0.0


def test_what_lives_is_in_the_budget_also_when_it_is_counted_from_now(store: QueueStore) -> None:
    claimed(store, added(store).number, 3.0)
    store.count_from_now()
    assert store.account().reserved_usd == 3.0


def test_an_entry_that_waits_again_says_why_and_until_when(store: QueueStore) -> None:
    number, later = added(store).number, NOW + timedelta(minutes=1)
    claim = claimed(store, number)
    store.claims.settle(
        claim, EntryState.WAITING, now=NOW, why="Lost.", is_try=True, not_before=later,
        cost_usd=None,
    )  # fmt: skip
    entry = store.entry(number)
    assert (entry.state, entry.why, entry.tries, entry.not_before) == (
        EntryState.WAITING, "Lost.", 1, later,
    )  # fmt: skip
    assert store.account().spent_usd == 1.0  # nobody knows what it cost
    assert isinstance(claimed(store, number), Claim)


def test_what_is_taken_meanwhile_is_not_put_off(store: QueueStore) -> None:
    number = added(store).number
    claimed(store, number)
    store.claims.put_off(number, why="No stock.", not_before=None, is_over=True)
    assert store.entry(number).state is EntryState.STARTING


def test_a_newer_file_is_refused_and_one_that_is_none_says_so(tmp_path: Path) -> None:
    path = tmp_path / "queue.sqlite"
    QueueStore(path).close()
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA user_version = 99")
    with pytest.raises(NotConfigured, match="newer launcher"):
        QueueStore(path)
    path.write_text("no database, and long enough to be taken for the beginning of one" * 20)
    with pytest.raises(NotConfigured, match="cannot be opened"):
        QueueStore(path)


def test_an_entry_that_is_not_there_is_said(store: QueueStore) -> None:
    for change in (store.remove, store.pause, store.entry):
        with pytest.raises(InvalidRequest, match="no entry 7"):
            change(7)


@dataclass
class Spender:
    """Programs that do anything that they may, in any order, and places that charge anything up to the agreed most."""

    store: QueueStore
    claims: dict[int, Claim] = field(default_factory=dict)
    owed: dict[int, float] = field(default_factory=dict)

    def play(self, number: int, act: int, share: float, dollars: float) -> None:
        known = [each.number for each in self.store.entries()]
        entry = known[number % len(known)] if known else 0
        match act:
            case 0:
                added(self.store, dollars)
            case 1 if entry:
                self.claim(entry, dollars)
            case 4 | 5 if entry in self.claims:
                claim = self.claims.pop(entry)
                again = EntryState.WAITING if act == 4 else EntryState.DONE
                cost = self.owed.pop(entry) * share if share < 0.9 else None
                self.store.claims.settle(claim, again, now=NOW, cost_usd=cost, is_try=act == 4)
            case 6 if entry in self.claims:  # its program dies, and another takes over
                taken = self.store.claims.take_over(
                    self.store.entry(entry), worker="next", lease_until=NOW
                )
                assert isinstance(taken, Claim)
                self.claims[entry] = taken
            case 7:
                self.store.agree(budget_usd=max(dollars * 3, 0.1), at_most=1 + number % 4)
            case 8 if entry and entry not in self.claims:
                self.store.remove(entry)

    def claim(self, entry: int, dollars: float) -> None:
        found = claimed(self.store, entry, dollars, run_id=f"run-{entry}")
        if isinstance(found, Claim):
            assert entry not in self.claims
            self.claims[entry], self.owed[entry] = found, dollars
            account, terms = self.store.account(), self.store.terms()
            assert terms.budget_usd is not None
            assert account.taken_usd <= terms.budget_usd + ROUNDING_USD
            assert account.pods <= terms.at_most


@settings(max_examples=30, deadline=None)
@given(
    acts=st.lists(
        st.tuples(
            st.integers(0, 9),
            st.sampled_from((0, 0, 1, 1, 1, 4, 5, 6, 7, 8)),
            st.floats(0, 1),
            st.sampled_from((0.5, 2.0, 3.5, 5.0)),
        ),
        min_size=12,
        max_size=30,
    )
)
@pytest.mark.promise("money-caps")
def test_what_is_spent_and_what_lives_is_never_above_the_budget_when_a_pod_is_ordered(
    tmp_path_factory: pytest.TempPathFactory, acts: list[tuple[int, int, float, float]]
) -> None:
    store = QueueStore(tmp_path_factory.mktemp("queue") / "queue.sqlite")
    spender = Spender(store)
    store.agree(budget_usd=6.0, at_most=3)
    before = store.account().taken_usd
    for number, act, share, dollars in acts:
        spender.play(number, act, share, dollars)
        now = store.account().taken_usd
        assert now <= before + ROUNDING_USD or act == 1  # nothing but an order takes more
        assert len({each.entry for each in store.tries() if each.is_open}) == len(spender.claims)
        before = now
    store.close()
