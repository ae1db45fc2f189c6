"""The queue at work, above an emulated cloud and Hub, in virtual time."""

from __future__ import annotations

import asyncio
import itertools
from datetime import timedelta
from pathlib import Path

import pytest

from launcher.domain.queued import EntryState
from launcher.domain.run import Run
from launcher.errors import InvalidRequest, NotConfigured
from launcher.services.common.workbench import Workbench
from launcher.services.ending.release import release
from launcher.services.launching.launch import launch
from launcher.services.queue.adding import HowToQueue
from launcher.services.queue.queued_run import QueuedRun
from launcher.stores.secrets import Keys
from pod_image.contract.outcomes import EndReason
from tests.kit.clocks import LoopClock
from tests.kit.clouds import RESULTS_REPO
from tests.kit.plans import plan
from tests.kit.virtual_time import in_virtual_time
from tests.services.queue.harness import QueueHarness, queued, until

WAITING, RUNNING, DONE, FAILED = (
    EntryState.WAITING,
    EntryState.RUNNING,
    EntryState.DONE,
    EntryState.FAILED,
)


@in_virtual_time
async def test_runs_go_one_after_the_other_by_priority_and_the_queue_is_done(
    tmp_path: Path,
) -> None:
    harness = QueueHarness(tmp_path)
    for priority in (0, 0, 7):
        await harness.add(HowToQueue(priority=priority))
    harness.store.agree(budget_usd=10.0)
    await harness.work()
    assert harness.states() == [DONE] * 3
    assert harness.started() == [3, 1, 2]
    assert (harness.live(), harness.posts(), harness.store.account().pods) == ([], 3, 0)
    assert sorted(each.run_id for each in harness.entries()) == ["run-01", "run-02", "run-03"]
    costs = [run.known_cost_usd or 0.0 for run in harness.bench.runs.runs()]
    assert harness.store.account().spent_usd == pytest.approx(sum(costs))


@in_virtual_time
async def test_as_many_pods_live_at_a_time_as_may_and_share_the_commits_of_the_account(
    tmp_path: Path,
) -> None:
    harness = QueueHarness(tmp_path)
    harness.script.ends_after = 90.0
    for _ in range(4):
        await harness.add()
    harness.store.agree(budget_usd=10.0, at_most=3)
    most = 0
    async with harness.working():
        for _ in range(40):
            await asyncio.sleep(10)
            most = max(most, len(harness.live()))
        assert harness.states() == [DONE] * 4
    assert most == 3
    shares = {each.commits_per_hour for each in harness.documents()}
    assert shares == {40}


@pytest.mark.promise("money-caps")
@in_virtual_time
async def test_nothing_starts_that_could_go_over_the_budget_whatever_becomes_of_what_lives(
    tmp_path: Path,
) -> None:
    harness = QueueHarness(tmp_path)
    for _ in range(3):
        added = await harness.add()
    price = added.entry.agreed_usd
    harness.store.agree(budget_usd=price * 1.5, at_most=3)
    harness.script.ends_after = None
    async with harness.working():
        await until(lambda: harness.states().count(RUNNING) == 1)
        await asyncio.sleep(120)
        assert (harness.posts(), len(harness.live())) == (1, 1)
        harness.script.stopping = True  # it has cost next to nothing, so the next one fits
        await until(lambda: DONE in harness.states())
        harness.script.stopping = False
        await until(lambda: harness.states().count(RUNNING) == 1)
        assert harness.posts() == 2


@in_virtual_time
async def test_what_never_fits_into_the_budget_ends_the_work_and_waits(tmp_path: Path) -> None:
    harness = QueueHarness(tmp_path)
    await harness.add()
    harness.store.agree(budget_usd=0.1)
    await harness.work()
    assert (harness.states(), harness.posts()) == ([WAITING], 0)


@in_virtual_time
async def test_stock_is_waited_for_and_later_ones_that_can_start_pass_meanwhile(
    tmp_path: Path,
) -> None:
    harness = QueueHarness(tmp_path)
    stock = harness.world.catalogue.stock
    gone = {key: stock.pop(key) for key in list(stock) if "4090" in str(key)}
    first = await harness.add()
    assert first.plan is None
    assert "RTX 4090 is on offer" in str(first.waits_for)
    assert first.entry.agreed_usd == queued().settings.max_cost_usd
    await harness.add(gpu_types=["RTX A5000"], cloud="any")
    harness.store.agree(budget_usd=50.0)
    async with harness.working():
        await until(lambda: harness.states() == [WAITING, DONE])
        assert "RTX 4090 is on offer" in harness.entries()[0].why
        stock.update(gone)
        await until(lambda: harness.states() == [DONE, DONE], 900)


@in_virtual_time
async def test_a_price_is_waited_for_and_what_was_agreed_is_never_exceeded(tmp_path: Path) -> None:
    harness = QueueHarness(tmp_path)
    cheap = await harness.add(HowToQueue(max_price_usd=0.10))
    assert "at most $0.10 an hour was agreed" in str(cheap.waits_for)
    assert cheap.entry.agreed_usd == pytest.approx(0.10)
    agreed = await harness.add()
    harness.store.agree(budget_usd=50.0)
    harness.reprice(2.0)
    async with harness.working():
        await asyncio.sleep(300)
        assert (harness.states(), harness.posts()) == ([WAITING] * 2, 0)
        harness.reprice(1.0)
        await until(lambda: harness.states() == [WAITING, DONE], 900)
    tries = harness.store.tries_of(agreed.entry.number)
    assert tries[0].reserved_usd <= agreed.entry.agreed_usd + 1e-6


@in_virtual_time
async def test_a_run_that_fails_by_itself_is_not_tried_again(tmp_path: Path) -> None:
    harness = QueueHarness(tmp_path)
    harness.script.reason = "failed"
    await harness.add()
    harness.store.agree(budget_usd=10.0)
    await harness.work()
    assert (harness.states(), harness.posts()) == ([FAILED], 1)
    assert harness.entries()[0].why == "It is over."


@in_virtual_time
async def test_a_pod_that_never_boots_is_tried_again_a_few_times_and_later_each_time(
    tmp_path: Path,
) -> None:
    harness = QueueHarness(tmp_path)
    harness.script.armed_after = None
    await harness.add()
    harness.store.agree(budget_usd=10.0)
    await harness.work()
    assert (harness.states(), harness.posts(), harness.live()) == ([FAILED], 3, [])
    assert "tried 3 times" in harness.entries()[0].why
    began = [each.began_at for each in harness.store.tries()]
    waits = [later - earlier for earlier, later in itertools.pairwise(began)]
    assert waits[1] > waits[0] > timedelta(minutes=10)
    assert {each.run_id for each in harness.store.tries()} == {"run-01"}


@in_virtual_time
async def test_a_lost_pod_is_tried_again_and_goes_on_from_what_it_delivered(
    tmp_path: Path,
) -> None:
    harness = QueueHarness(tmp_path)
    harness.script.ends_after = None
    await harness.add()
    harness.store.agree(budget_usd=10.0)
    async with harness.working():
        await until(lambda: harness.states() == [RUNNING])
        harness.world.act(harness.world.pods[harness.live()[0]], "terminate")
        harness.script.ends_after = 60.0
        await until(lambda: harness.states() == [DONE])
    first, second = harness.store.tries()
    assert (first.end_reason, second.end_reason) == (EndReason.LOST, EndReason.FINISHED)
    assert [(each.run_id, each.resume) for each in harness.documents()] == [
        ("run-01", False),
        ("run-01", True),
    ]


@in_virtual_time
async def test_a_key_that_is_missing_is_waited_for_and_said(tmp_path: Path) -> None:
    harness = QueueHarness(tmp_path)
    await harness.add()
    harness.store.agree(budget_usd=10.0)
    keys: list[Keys] = []

    def keys_of(run: QueuedRun) -> Keys:
        if not keys:
            raise NotConfigured("There is no key.")
        return keys[0]

    harness.keys_of = keys_of  # type: ignore[method-assign]  # as the test has it
    async with harness.working():
        await until(lambda: harness.entries()[0].why == "There is no key.")
        keys.append(harness.keys)
        await until(lambda: harness.states() == [DONE])


@in_virtual_time
async def test_what_is_paused_starts_nothing_and_lets_what_lives_go_on(tmp_path: Path) -> None:
    harness = QueueHarness(tmp_path)
    harness.script.ends_after = 300.0
    for _ in range(3):
        await harness.add()
    harness.store.agree(budget_usd=10.0)
    harness.store.pause(2)
    async with harness.working():
        await until(lambda: harness.states()[0] is RUNNING)
        harness.store.pause()
        await until(lambda: harness.states()[0] is DONE)
        await asyncio.sleep(300)
        assert harness.states() == [DONE, WAITING, WAITING]
        harness.store.pause(is_paused=False)
        await until(lambda: harness.states() == [DONE, WAITING, DONE])
    await harness.work()  # nothing but a paused one is left: there is nothing to wait for
    assert harness.states() == [DONE, WAITING, DONE]


@in_virtual_time
async def test_a_run_whose_settings_are_none_any_more_fails_alone(tmp_path: Path) -> None:
    harness = QueueHarness(tmp_path)
    await harness.add()
    await harness.add()
    with harness.store.writing():
        harness.store.change(1, document="{}")
    harness.store.agree(budget_usd=10.0)
    await harness.work()
    assert harness.states() == [FAILED, DONE]
    assert "cannot be read" in harness.entries()[0].why


@in_virtual_time
async def test_nothing_that_deploy_would_refuse_gets_into_the_queue(tmp_path: Path) -> None:
    harness = QueueHarness(tmp_path)
    await launch(harness.bench, plan("run-01"), harness.keys)
    with pytest.raises(InvalidRequest, match="already has a run run-01"):
        await harness.add(run_id="run-01")
    with pytest.raises(InvalidRequest, match="more than 0"):
        await harness.add(HowToQueue(max_price_usd=0.0))
    assert harness.entries() == []


@in_virtual_time
async def test_no_key_and_no_token_is_in_the_queues_file(tmp_path: Path) -> None:
    harness = QueueHarness(tmp_path)
    harness.script.ends_after = None
    await harness.add()
    harness.store.agree(budget_usd=10.0)
    async with harness.working():
        await until(lambda: harness.states() == [RUNNING])
        written = b"".join(
            path.read_bytes() for path in harness.config.data_folder.glob("queue.sqlite*")
        )
    assert b"demo/voices" in written
    for key in (harness.keys.runpod, harness.keys.hf_dataset, harness.keys.hf_upload):
        assert key is not None
        assert key.get_secret_value().encode() not in written


@in_virtual_time
async def test_a_run_that_a_person_ends_is_over_and_not_tried_again(tmp_path: Path) -> None:
    harness = QueueHarness(tmp_path)
    harness.script.ends_after = None
    await harness.add()
    harness.store.agree(budget_usd=10.0)
    async with harness.working():
        await until(lambda: harness.states() == [RUNNING])
        await release(harness.bench, harness.bench.runs.get(f"{RESULTS_REPO}/run-01"))
        await until(lambda: harness.states() == [FAILED])
        await asyncio.sleep(600)
    assert harness.posts() == 1


@in_virtual_time
async def test_a_place_that_does_not_answer_is_said_once_and_once_more_when_it_does(
    tmp_path: Path,
) -> None:
    harness = QueueHarness(tmp_path)
    harness.script.ends_after = None
    for _ in range(2):
        await harness.add()
    harness.store.agree(budget_usd=10.0, at_most=2)
    async with harness.working():
        await until(lambda: harness.states() == [RUNNING] * 2)
        harness.world.faults.switch_on("server-errors")
        await asyncio.sleep(3600)
        said = [text for _, text in harness.heard if "has not answered since" in text]
        assert len(said) == 1
        assert said[0].startswith("RunPod has not answered since ")
        assert not any("answers again" in text for _, text in harness.heard)
        harness.world.faults.switch_off("server-errors")
        await until(lambda: any("RunPod answers again." in text for _, text in harness.heard))
        await asyncio.sleep(600)
    assert sum("answers again" in text for _, text in harness.heard) == 1


@in_virtual_time
async def test_why_a_run_cannot_be_followed_is_said_once(tmp_path: Path) -> None:
    harness = QueueHarness(tmp_path)
    harness.script.ends_after = None
    await harness.add()
    harness.store.agree(budget_usd=10.0)
    is_refused = True

    async def refused(bench: Workbench, run: Run, hear: object) -> Run:
        if is_refused:
            raise NotConfigured("The key was refused.")
        return await release(bench, run)

    runner = asyncio.create_task(harness.queue_runner(follow=refused).work())
    await until(lambda: harness.states() == [RUNNING])
    await asyncio.sleep(600)
    assert sum("The key was refused." in text for _, text in harness.heard) == 1
    is_refused = False
    await runner
    assert harness.entries()[0].state.is_over


@in_virtual_time
async def test_pods_that_nobody_needs_are_looked_for_also_after_the_clock_was_set_back(
    tmp_path: Path,
) -> None:
    harness = QueueHarness(tmp_path)
    clock = harness.bench.clock
    assert isinstance(clock, LoopClock)

    def lists() -> int:
        return sum(
            (each.method, each.path) == ("GET", "/v2/pods") for each in harness.world.requests
        )

    async with harness.working():
        await asyncio.sleep(60)
        assert lists() == 1
        clock.skew_seconds = -86_400.0
        await asyncio.sleep(900)
        assert lists() == 3
