"""The Queue page: what Train holds is added, ordered, held, removed; a budget comes before a start."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from nicegui.testing import User

from launcher.domain.queued import EntryState
from launcher.stores.queue import QueueStore
from launcher.ui.state.drafts import Draft
from launcher.ui.widgets.elements import Button
from tests.kit.clouds import RESULTS_REPO
from tests.kit.page_verbs import enter, hrefs, only, press, until, visit
from tests.kit.queues import added, claimed
from tests.ui.conftest import Ground, place

GIVEN = {"recipe": "command", "argv": ["true"], "results_repo": RESULTS_REPO}


@pytest.fixture
def store(ground: Ground) -> Iterator[QueueStore]:
    """The queue as another program of this computer has it open."""
    opened = QueueStore(ground.site.config.queue_path)
    yield opened
    opened.close()
    ground.site.queue.store.close()


async def test_the_runs_page_leads_there_and_nobody_else_meets_it(
    holder: User, ground: Ground, store: QueueStore
) -> None:
    place(ground)
    await visit(holder, "/runs")
    assert "/queue" in hrefs(holder)
    for path in ("/", "/train", "/keys"):
        await visit(holder, path)
        assert "/queue" not in hrefs(holder)
    await visit(holder, "/queue")
    await holder.should_see("Nothing waits")


async def test_the_run_of_the_train_page_is_checked_and_waits(
    holder: User, ground: Ground, store: QueueStore
) -> None:
    await visit(holder, "/queue")
    press(holder, only(holder, Button, "add"))
    await holder.should_see("Still missing on the Train page")
    ground.site.drafts.replace(holder.tab_id, Draft(given=dict(GIVEN)))
    enter(holder, "queue-priority", "4")
    enter(holder, "queue-price", "0,5")
    enter(holder, "queue-tries", "11")
    press(holder, only(holder, Button, "add"))
    await holder.should_see("Pods to try: enter a number from 1 to 10.", retries=100)
    enter(holder, "queue-tries", "5")
    press(holder, only(holder, Button, "add"))
    await holder.should_see("Entry 1 waits, next", retries=400)
    (entry,) = store.entries()
    assert (entry.priority, entry.max_price_usd, entry.state) == (4, 0.5, EntryState.WAITING)
    assert entry.most_tries == 5
    await holder.should_see("The queue has no budget yet.")
    enter(holder, "queue-price", "cheap")
    press(holder, only(holder, Button, "add"))
    await holder.should_see("Highest price: enter a number.")
    enter(holder, "queue-price", "")
    enter(holder, "queue-priority", "nan")
    press(holder, only(holder, Button, "add"))
    await holder.should_see("Priority: enter a number.", retries=100)
    assert len(store.entries()) == 1


async def test_what_waits_is_moved_held_and_removed_and_what_runs_is_left_alone(
    holder: User, ground: Ground, store: QueueStore
) -> None:
    first, second, third = (added(store).number for _ in range(3))
    store.agree(budget_usd=10.0)
    store.claims.note_running(claimed(store, third), "run-03")
    await visit(holder, "/queue")
    await holder.should_see("running")
    press(holder, only(holder, Button, f"sooner-{second}"))
    assert [each.number for each in store.entries()] == [third, second, first]
    press(holder, only(holder, Button, f"hold-{first}"))
    assert store.entry(first).is_held
    await holder.should_see("It is paused.")
    press(holder, only(holder, Button, f"remove-{first}"))
    assert {each.number for each in store.entries()} == {second, third}
    with pytest.raises(AssertionError):
        only(holder, Button, f"remove-{third}")
    await holder.should_see("$1.00 for 1 pod")


async def test_nothing_starts_without_a_budget_a_number_and_a_key(
    person: User, ground: Ground, store: QueueStore
) -> None:
    added(store)
    await visit(person, "/queue")
    for budget, at_most, said in (
        ("", "1", "The queue needs a budget."),
        ("much", "1", "Budget: enter a number."),
        ("5", "0", "enter a number from 1 to 100"),
        ("5", "2", "there is no key yet for RunPod"),
    ):
        enter(person, "queue-budget", budget)
        enter(person, "queue-at-most", at_most)
        press(person, only(person, Button, "queue-start"))
        await person.should_see(said, retries=100)
    assert not ground.site.queue.is_working
    assert (store.terms().budget_usd, store.terms().at_most) == (5.0, 2)


async def test_who_has_machines_of_their_own_alone_starts_it_without_a_key(
    person: User, ground: Ground, store: QueueStore
) -> None:
    added(store, place="local")
    await visit(person, "/queue")
    started: list[str] = []
    ground.site.queue.start = lambda tab, session: started.append(tab)  # type: ignore[method-assign]  # the work itself is tried beside the state
    enter(person, "queue-budget", "5")
    press(person, only(person, Button, "queue-start"))
    await until(lambda: started == [person.tab_id])


async def test_what_happens_to_an_entry_is_said_as_it_happens(
    holder: User, ground: Ground, store: QueueStore
) -> None:
    store.agree(budget_usd=10.0)
    claimed(store, added(store).number)
    await visit(holder, "/queue")
    await holder.should_see("A program is starting it.")
    ground.site.queue.said[1] = "The pod fetches its image."
    await holder.should_see("The pod fetches its image.", retries=100)


async def test_that_the_work_has_stopped_is_said_once(
    holder: User, ground: Ground, store: QueueStore
) -> None:
    await visit(holder, "/queue")
    ground.site.queue.trouble = "The disk is full."
    await holder.should_see("The queue stopped working here", retries=100)
    enter(holder, "queue-budget", "")
    press(holder, only(holder, Button, "queue-start"))
    await holder.should_see("The queue needs a budget.", retries=100)
    added(store)  # the table is drawn anew
    await holder.should_see("me/voice", retries=100)
    await holder.should_see("The queue needs a budget.")
    await holder.should_not_see("The queue stopped working here")


async def test_it_is_started_paused_and_stopped_here(
    holder: User, ground: Ground, store: QueueStore
) -> None:
    await visit(holder, "/queue")
    press(holder, only(holder, Button, "queue-pause"))
    assert store.terms().is_paused
    press(holder, only(holder, Button, "queue-pause"))
    assert not store.terms().is_paused
    started: list[str] = []
    ground.site.queue.start = lambda tab, session: started.append(tab)  # type: ignore[method-assign]  # the work itself is tried beside the state
    enter(holder, "queue-budget", "5")
    press(holder, only(holder, Button, "queue-start"))
    await until(lambda: started == [holder.tab_id])
