"""A program that dies while it works on the queue loses nothing, and nothing is rented twice for one entry."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest

from launcher.domain.queued import EntryState
from launcher.errors import InvalidRequest
from launcher.services.launching.progress import Stage
from launcher.services.queue import entry_work
from launcher.services.queue.queued_run import QueuedRun
from launcher.stores.queue_claims import Claim
from launcher.stores.secrets import Keys
from launcher.stores.workers import Worker
from pod_image.contract.outcomes import EndReason
from tests.kit.clocks import NOW
from tests.kit.virtual_time import in_virtual_time
from tests.services.harness import Killed, Lethal
from tests.services.queue.harness import QueueHarness, until

DONE, RUNNING, STARTING, WAITING = (
    EntryState.DONE,
    EntryState.RUNNING,
    EntryState.STARTING,
    EntryState.WAITING,
)


DYING = """
import sys
from pathlib import Path
from launcher.stores.workers import Worker
print(Worker(Path(sys.argv[1])).name)
"""


async def killed_at(harness: QueueHarness, stage: Stage, times: int = 1) -> None:
    """One entry, and a program that is killed (kill -9) when its launch comes to that stage."""
    await harness.add()
    harness.store.agree(budget_usd=10.0)
    lethal = Lethal(stage, times)
    heard = entry_work.EntryWork._heard

    def hear(work: entry_work.EntryWork, progress: object) -> None:
        heard(work, progress)  # type: ignore[arg-type]  # as the test has it
        lethal(progress)  # type: ignore[arg-type]  # as the test has it

    async def nothing(*_: object, **__: object) -> str:
        return ""

    def let_go(*_: object, **__: object) -> None:
        """Nobody writes down that a program which was killed has left."""

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("launcher.services.launching.rental.Rental.give_back", nothing)
        patch.setattr("launcher.stores.queue_claims.Claims.let_go", let_go)
        patch.setattr(entry_work.EntryWork, "_heard", hear)
        with pytest.raises(Killed):
            await harness.queue_runner().work()
    assert harness.states()[0].is_live


@pytest.mark.promise("money-once")
@pytest.mark.parametrize(
    ("stage", "times"),
    [
        (Stage.SETTLING, 1),
        (Stage.PREPARING, 1),
        (Stage.PREPARING, 2),
        (Stage.RENTING, 1),
        (Stage.RENTED, 1),
        (Stage.SEEN, 2),
        (Stage.ARMED, 1),
    ],
)
def test_an_entry_whose_program_died_runs_once_whenever_that_was(
    tmp_path: Path, stage: Stage, times: int
) -> None:
    @in_virtual_time
    async def the_story(folder: Path) -> None:
        harness = QueueHarness(folder)
        await killed_at(harness, stage, times)
        posts = harness.posts()
        async with harness.working(harness.open_bench()):
            await until(lambda: harness.states() == [DONE], 7200)
        assert harness.posts() == 1, posts
        assert harness.live() == []
        assert [each.is_open for each in harness.store.tries()][-1] is False

    the_story(tmp_path)


@pytest.mark.promise("money-once")
@in_virtual_time
async def test_a_pod_is_found_by_its_nonce_when_the_history_is_gone_too(tmp_path: Path) -> None:
    harness = QueueHarness(tmp_path)
    harness.script.ends_after = 600.0
    await killed_at(harness, Stage.RENTED)
    for path in harness.config.data_folder.glob("runs.sqlite*"):
        path.unlink()
    async with harness.working(harness.open_bench()):
        await until(lambda: harness.states() == [DONE], 7200)
    assert harness.posts() == 1


@pytest.mark.promise("money-once")
@in_virtual_time
async def test_an_order_of_unclear_outcome_is_looked_for_before_another_goes_out(
    tmp_path: Path,
) -> None:
    harness = QueueHarness(tmp_path)
    harness.world.faults.switch_on("create-500-but-rents", times=1)
    harness.world.faults.switch_on("list-lag", seconds=90)
    await harness.add()
    harness.store.agree(budget_usd=10.0)
    async with harness.working():
        most = 0
        for _ in range(120):
            await asyncio.sleep(5)
            most = max(most, len(harness.live()))
            # What may live is set aside for, whether or not anybody has seen it yet.
            assert harness.store.account().pods >= len(harness.live())
        await until(lambda: harness.states() == [DONE], 7200)
    assert most == 1
    assert harness.live() == []


@in_virtual_time
async def test_a_run_that_ended_while_nobody_looked_is_known_to_be_done(tmp_path: Path) -> None:
    harness = QueueHarness(tmp_path)
    await killed_at(harness, Stage.ARMED)
    await asyncio.sleep(3600)
    assert harness.live() == []
    await harness.work(bench=harness.open_bench())
    assert harness.states() == [DONE]
    assert harness.store.tries()[0].end_reason is EndReason.FINISHED


@in_virtual_time
async def test_ctrl_c_leaves_armed_runs_alone_and_gives_back_what_is_not(tmp_path: Path) -> None:
    harness = QueueHarness(tmp_path)
    harness.script.ends_after = None
    await harness.add()
    await harness.add()
    harness.store.agree(budget_usd=10.0, at_most=2)
    async with harness.working():
        await until(lambda: harness.states() == [RUNNING, RUNNING])
        harness.script.armed_after = None
        await harness.add()
        harness.store.agree(at_most=3)
        await until(lambda: len(harness.live()) == 3)
    assert harness.states() == [RUNNING, RUNNING, WAITING]
    assert len(harness.live()) == 2
    assert [each.claim for each in harness.entries()] == ["", "", ""]
    assert harness.store.entry(3).tries == 0
    harness.script.stopping = True
    harness.script.armed_after = 5.0
    async with harness.working():
        await until(lambda: harness.states() == [DONE] * 3, 7200)


@pytest.mark.promise("money-once")
@in_virtual_time
async def test_two_programs_share_one_queue_and_rent_each_run_once(tmp_path: Path) -> None:
    harness = QueueHarness(tmp_path)
    for _ in range(6):
        added = await harness.add()
    budget = added.entry.agreed_usd * 3
    harness.store.agree(budget_usd=budget, at_most=2)
    most = 0
    async with harness.working(), harness.working(harness.open_bench()):
        for _ in range(80):
            await asyncio.sleep(5)
            most = max(most, len(harness.live()))
            assert harness.store.account().taken_usd <= budget + 1e-6
        await until(lambda: harness.states() == [DONE] * 6)
    assert (most, harness.posts(), len(harness.store.tries())) == (2, 6, 6)


@in_virtual_time
async def test_a_program_from_which_an_entry_is_taken_over_goes_on_with_the_others(
    tmp_path: Path,
) -> None:
    harness = QueueHarness(tmp_path)
    harness.script.ends_after = None
    await harness.add()
    harness.store.agree(budget_usd=10.0, at_most=2)
    async with harness.working() as program:
        await until(lambda: harness.states() == [RUNNING])
        (entry,) = harness.entries()
        taken = harness.store.claims.take_over(
            entry,
            worker="another-computer:1:0123456789ab",
            lease_until=harness.bench.clock.now() + timedelta(days=1),
        )
        await asyncio.sleep(120)
        assert not program.done()
        harness.script.ends_after = 30.0
        await harness.add()
        await until(lambda: harness.states() == [RUNNING, DONE])
    assert isinstance(taken, Claim)
    assert harness.store.entry(1).claim == taken.token


@in_virtual_time
async def test_an_entry_that_is_settled_elsewhere_and_removed_ends_nobody_else(
    tmp_path: Path,
) -> None:
    harness = QueueHarness(tmp_path)
    harness.script.ends_after = 20.0
    await harness.add()
    harness.store.agree(budget_usd=10.0)
    async with harness.working() as program:
        await until(lambda: harness.states() == [RUNNING])
        (entry,) = harness.entries()
        taken = harness.store.claims.take_over(entry, worker="another", lease_until=NOW)
        assert isinstance(taken, Claim)
        harness.store.claims.settle(taken, DONE, now=NOW)
        harness.store.remove(1)
        await harness.add()
        await until(lambda: harness.states() == [DONE])
        assert not program.done()


@in_virtual_time
async def test_an_entry_that_is_removed_while_it_is_planned_ends_no_program(
    tmp_path: Path,
) -> None:
    harness = QueueHarness(tmp_path)
    for _ in range(2):
        await harness.add()
    harness.store.agree(budget_usd=10.0)

    def keys_of(run: QueuedRun) -> Keys:
        """A person removes it at that very moment, in another terminal."""
        with suppress(InvalidRequest):
            harness.store.remove(1)
        return harness.keys

    harness.keys_of = keys_of  # type: ignore[method-assign]  # as the test has it
    await harness.work()
    assert harness.states() == [DONE]
    assert (harness.entries()[0].number, harness.posts()) == (2, 1)


def test_a_program_is_dead_when_the_system_has_taken_its_lock_and_not_before(
    tmp_path: Path,
) -> None:
    here, over = Worker(tmp_path), NOW - timedelta(hours=1)
    other = Worker(tmp_path)
    assert not here.is_dead(other.name, over, NOW)  # it hangs, and may go on
    said = subprocess.run(
        [sys.executable, "-P", "-c", DYING, str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
    )
    dead = said.stdout.strip()
    assert here.is_dead(dead, NOW + timedelta(hours=1), NOW)
    assert other.is_dead(dead, NOW + timedelta(hours=1), NOW)  # and so for each of its entries
    elsewhere = Worker(tmp_path, host="another-computer").name
    assert not here.is_dead(elsewhere, NOW + timedelta(minutes=1), NOW)
    assert here.is_dead(elsewhere, over, NOW)
    other.close()
    here.close()
