"""A cluster cannot release itself: it lives only while a program here watches it, and goes whatever happens."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Generator
from contextlib import ExitStack, aclosing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from launcher.domain.pod import Pod, PodOrder, PodStatus
from launcher.domain.pod_ids import named_pod
from launcher.domain.run import Run, RunState
from launcher.emulator.runpod import ScriptedContainer
from launcher.errors import Interrupted, InvalidRequest, LauncherError, NotConfigured
from launcher.providers.runpod.provider import RunPodProvider
from launcher.services.common.intents import is_watched, run_lock, watch_lock
from launcher.services.common.interrupts import answer_to_insisting
from launcher.services.common.observations import EventSeen, ReleasedHere, RunEnded
from launcher.services.common.uninterrupted import what_is_owed
from launcher.services.ending.reap import ReapReport, reap
from launcher.services.ending.watched import watched
from launcher.services.following.watch import watch
from launcher.services.launching.launch import launch
from launcher.services.launching.progress import Progress, Stage
from pod_image.contract.bodies import Ended
from pod_image.contract.outcomes import EndReason
from tests.kit.clocks import LoopClock
from tests.kit.plans import offer, plan
from tests.kit.virtual_time import in_virtual_time, now_seconds
from tests.services.harness import Killed, LauncherHarness, Lethal

PRICE = 0.69


def cluster_harness(folder: Path) -> LauncherHarness:
    """Pods of a cluster: the first does as the script says and cannot end itself, the others are silent."""
    harness = LauncherHarness(folder)
    harness.script.releases = False

    def program(container: ScriptedContainer) -> Generator[float, None, int | None]:
        if container.spec.env.get("NODE_RANK", "0") != "0":
            return silent()
        return harness.script.program(container)

    harness.runner.program = program
    return harness


def silent() -> Generator[float, None, int | None]:
    yield 1e9
    return 0


def of_two(**settings: Any) -> Any:
    return plan("run-01", offer(price=2 * PRICE, nodes=2), settings={"nodes": 2, **settings})


async def launched(harness: LauncherHarness, **settings: Any) -> Run:
    return await launch(harness.bench, of_two(**settings), harness.keys, watches=True)


async def seen_to_its_end(
    harness: LauncherHarness, run: Run, meanwhile: Callable[[], None] = lambda: None
) -> tuple[Run, str]:
    """How it ended, and why it was released from here."""
    why = ""
    async with watched(harness.bench, run), aclosing(watch(harness.bench, run)) as observations:
        meanwhile()
        async for seen in observations:
            if isinstance(seen, ReleasedHere):
                why = seen.why
            if isinstance(seen, RunEnded):
                run = seen.run
    return run, why


def whys(report: ReapReport) -> list[str]:
    return [each.why for each in report.released]


@in_virtual_time
async def test_it_is_refused_to_whoever_would_not_stay_with_it(tmp_path: Path) -> None:
    harness = cluster_harness(tmp_path)
    with pytest.raises(InvalidRequest, match="cannot be left to itself"):
        await launch(harness.bench, of_two(), harness.keys)
    assert harness.world.requests == []


@pytest.mark.promise("money-cluster")
@in_virtual_time
async def test_when_the_run_is_over_whoever_watches_releases_all_its_pods(tmp_path: Path) -> None:
    harness = cluster_harness(tmp_path)
    run = await launched(harness)
    assert run.is_cluster
    assert run.price_per_hour_usd == pytest.approx(2 * PRICE)
    assert len(harness.live()) == 2
    ended, why = await seen_to_its_end(harness, run)
    assert why == "its run is over"
    assert ended.end_reason is EndReason.FINISHED
    assert (harness.live(), harness.world.clusters, harness.secret_names()) == ([], {}, [])


@pytest.mark.promise("money-cluster")
@in_virtual_time
async def test_whoever_leaves_releases_it_and_says_so(tmp_path: Path) -> None:
    harness = cluster_harness(tmp_path)
    harness.script.ends_after = None
    run = await launched(harness)
    watching = asyncio.ensure_future(seen_to_its_end(harness, run))
    await asyncio.sleep(100)
    assert is_watched(harness.bench, run.nonce)
    assert "cannot release itself" in str(answer_to_insisting(what_is_owed()))
    watching.cancel()
    with pytest.raises(Interrupted, match=f"{named_pod(run.pod_id, begins=True)} was released"):
        await watching
    assert (harness.live(), what_is_owed()) == ([], "")
    assert not is_watched(harness.bench, run.nonce)
    over = harness.bench.runs.get("run-01")
    assert (over.state, over.end_reason) == (RunState.ENDED, EndReason.ABORTED)


@in_virtual_time
async def test_when_it_cannot_be_released_that_is_said_with_its_price(tmp_path: Path) -> None:
    harness = cluster_harness(tmp_path)
    harness.script.ends_after = None
    run = await launched(harness)
    watching = asyncio.ensure_future(seen_to_its_end(harness, run))
    await asyncio.sleep(100)
    harness.world.faults.switch_on("delete-500")
    watching.cancel()
    with pytest.raises(Interrupted, match=r"could NOT be released .* costs \$1.38 an hour"):
        await watching
    harness.world.faults.switch_off()
    assert whys(await reap(harness.open_bench())) == ["its release was asked for"]
    assert harness.live() == []


@pytest.mark.promise("money-cluster")
@in_virtual_time
async def test_an_error_of_the_watching_releases_it_too(tmp_path: Path) -> None:
    harness = cluster_harness(tmp_path)
    harness.script.ends_after = None
    run = await launched(harness)
    with pytest.raises(NotConfigured, match="was released"):
        async with watched(harness.bench, run):
            raise NotConfigured("The key was refused.")
    assert harness.live() == []


@in_virtual_time
async def test_a_second_watcher_leaves_it_to_the_first(tmp_path: Path) -> None:
    harness = cluster_harness(tmp_path)
    harness.script.ends_after = None
    run = await launched(harness)
    with watch_lock(harness.bench, run.nonce) as is_ours:
        assert is_ours
        with pytest.raises(asyncio.CancelledError):
            async with watched(harness.open_bench(), run):
                raise asyncio.CancelledError
        assert len(harness.live()) == 2


@in_virtual_time
async def test_who_watches_while_it_is_launched_leaves_it_to_the_launch(tmp_path: Path) -> None:
    harness = cluster_harness(tmp_path)
    harness.script.ends_after = None
    run = await launched(harness)
    beside = harness.open_bench()
    with run_lock(harness.bench, run.results_repo, run.run_id):
        with pytest.raises(asyncio.CancelledError):
            async with watched(beside, run):
                raise asyncio.CancelledError
        watching = watched(beside, run)
        await watching.__aenter__()
    # Its launch is over, and whoever started it watches it now.
    async with watched(harness.bench, run, is_starter=True):
        left = asyncio.CancelledError()
        assert not await watching.__aexit__(asyncio.CancelledError, left, None)
        assert len(harness.live()) == 2
        assert is_watched(beside, run.nonce)


@in_virtual_time
async def test_whoever_looks_from_another_computer_leaves_it_to_its_starter(
    tmp_path: Path,
) -> None:
    harness = cluster_harness(tmp_path)
    harness.script.ends_after = None
    run = await launched(harness)
    other = harness.second_home()
    other.runs.add(run)
    with pytest.raises(asyncio.CancelledError):
        async with watched(other, run):
            raise asyncio.CancelledError
    assert len(harness.live()) == 2
    with pytest.raises(Interrupted):
        async with watched(other, run, is_starter=True):
            raise asyncio.CancelledError
    assert harness.live() == []


@in_virtual_time
async def test_a_pod_by_itself_is_left_alone_by_whoever_leaves(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    harness.script.ends_after = None
    run = await launch(harness.bench, plan(), harness.keys)
    with pytest.raises(asyncio.CancelledError):
        async with watched(harness.bench, run):
            raise asyncio.CancelledError
    assert harness.live() == [run.pod_id]


@in_virtual_time
async def test_what_is_raised_when_it_is_ready_releases_it(tmp_path: Path) -> None:
    harness = cluster_harness(tmp_path)

    def tell(progress: Progress) -> None:
        if progress.stage is Stage.ARMED:
            assert progress.text.endswith("it is released from here.")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await launch(harness.bench, of_two(), harness.keys, tell, watches=True)
    assert harness.live() == []


@pytest.mark.promise("money-cluster")
@in_virtual_time
async def test_it_is_held_to_its_cost_cap_from_here(tmp_path: Path) -> None:
    harness = cluster_harness(tmp_path)
    harness.script.ends_after = None
    run = await launched(harness, max_cost_usd=PRICE)
    created = now_seconds()
    _, why = await seen_to_its_end(harness, run)
    assert why == "a cap was reached"
    # Half an hour of two pods costs as much as an hour of one.
    assert now_seconds() - created == pytest.approx(1800, abs=90)
    assert harness.live() == []


@in_virtual_time
async def test_one_that_has_lost_its_first_node_is_released(tmp_path: Path) -> None:
    harness = cluster_harness(tmp_path)
    harness.script.ends_after = None
    run = await launched(harness)

    def lose_the_first() -> None:
        harness.world.kill_host(harness.world.live_pods()[0])

    ended, why = await seen_to_its_end(harness, run, lose_the_first)
    assert why == "its first node is gone"
    assert ended.end_reason is EndReason.LOST
    assert harness.live() == []


@in_virtual_time
async def test_an_order_without_an_answer_is_found_and_gone_on_with(tmp_path: Path) -> None:
    harness = cluster_harness(tmp_path)
    harness.world.faults.switch_on("create-500-but-rents", times=1)
    run = await launched(harness)
    assert len(harness.world.clusters) == 1
    ended, _ = await seen_to_its_end(harness, run)
    assert ended.end_reason is EndReason.FINISHED
    assert harness.live() == []


@pytest.mark.promise("money-reap")
@pytest.mark.parametrize("stage", [Stage.RENTING, Stage.RENTED, Stage.ARMED])
def test_what_a_launch_that_was_killed_has_left_goes_with_the_next_sweep(
    tmp_path: Path, stage: Stage
) -> None:
    @in_virtual_time
    async def check() -> None:
        harness = cluster_harness(tmp_path)
        harness.script.ends_after = None

        async def nothing(*_: object, **__: object) -> str:
            return ""

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("launcher.services.launching.rental.Rental.give_back", nothing)
            if stage is Stage.RENTING:
                order = "launcher.services.launching.launch.own"
                patch.setattr(order, lambda *_: (_ for _ in ()).throw(Killed))
            lethal = Lethal(stage, 99 if stage is Stage.RENTING else 1)
            with pytest.raises(Killed):
                await launch(harness.bench, of_two(), harness.keys, lethal, watches=True)
        assert len(harness.live()) == 2
        await asyncio.sleep(60)
        report = await reap(harness.open_bench())
        assert whys(report) == ["no program here watches it any more"]
        assert (harness.live(), harness.secret_names()) == ([], [])
        assert harness.bench.runs.get("run-01").state is RunState.ENDED

    check()


@pytest.mark.promise("money-reap")
@in_virtual_time
async def test_a_sweep_leaves_one_that_is_watched_and_ends_one_that_is_not(tmp_path: Path) -> None:
    harness = cluster_harness(tmp_path)
    harness.script.ends_after = None
    run = await launched(harness)
    await asyncio.sleep(60)
    with watch_lock(harness.bench, run.nonce):
        report = await reap(harness.open_bench())
        assert [pod.id for pod in report.kept] == [run.pod_id]
    report = await reap(harness.open_bench())
    assert whys(report) == ["no program here watches it any more"]
    over = harness.bench.runs.get("run-01")
    assert (over.end_reason, over.detail) == (
        EndReason.ABORTED,
        "No program watched its cluster any more, so it was released.",
    )


@in_virtual_time
async def test_a_sweep_ends_one_that_has_lost_all_its_pods(tmp_path: Path) -> None:
    harness = cluster_harness(tmp_path)
    harness.script.ends_after = None
    await launched(harness)
    for pod in harness.world.live_pods():
        harness.world.kill_host(pod)
    assert harness.world.clusters != {}
    await asyncio.sleep(60)
    report = await reap(harness.open_bench())
    assert (report.skipped, whys(report)) == ("", ["no program here watches it any more"])
    assert (harness.world.clusters, harness.secret_names()) == ({}, [])
    assert harness.bench.runs.get("run-01").state is RunState.ENDED


@pytest.mark.promise("money-reap")
@in_virtual_time
async def test_another_computer_ends_it_once_its_run_is_over_or_a_cap_was_reached(
    tmp_path: Path,
) -> None:
    harness = cluster_harness(tmp_path)
    await launched(harness, max_cost_usd=PRICE)
    other = harness.second_home()
    assert len((await reap(other)).kept) == 1
    await asyncio.sleep(120)
    assert len(harness.live()) == 2
    assert harness.script.ended_at is not None
    assert whys(await reap(other)) == ["its run is over"]
    assert harness.live() == []


@in_virtual_time
async def test_a_cost_cap_is_seen_by_another_computer(tmp_path: Path) -> None:
    harness = cluster_harness(tmp_path)
    harness.script.ends_after = None
    await launched(harness, max_cost_usd=PRICE)
    await asyncio.sleep(1500)
    assert len((await reap(harness.second_home())).kept) == 1
    await asyncio.sleep(600)
    assert whys(await reap(harness.second_home())) == ["a cap was reached"]
    assert harness.live() == []


@in_virtual_time
async def test_a_cluster_dearer_than_agreed_is_given_back(tmp_path: Path) -> None:
    harness = cluster_harness(tmp_path)
    harness.world.faults.switch_on("dearer-than-listed", times=2, factor=1.5)
    with pytest.raises(LauncherError, match="was agreed"):
        await launched(harness)
    assert harness.live() == []


def test_the_first_cap_of_a_run_is_that_on_money_or_its_deadline(tmp_path: Path) -> None:
    @in_virtual_time
    async def check() -> None:
        run = await launched(cluster_harness(tmp_path), max_cost_usd=PRICE)
        assert run.created_at is not None
        assert run.capped_at is not None
        assert (run.capped_at - run.created_at).total_seconds() == pytest.approx(1800)
        assert replace(run, max_cost_usd=100.0).capped_at == run.deadline
        assert replace(run, created_at=None).capped_at == run.deadline

    check()


@pytest.mark.promise("money-cluster")
@in_virtual_time
async def test_another_computer_holds_a_cluster_that_lost_a_pod_to_its_cost_cap(
    tmp_path: Path,
) -> None:
    harness = cluster_harness(tmp_path)
    harness.script.ends_after = None
    await launched(harness, max_cost_usd=PRICE)
    harness.world.act(harness.world.live_pods()[1], "terminate")
    await asyncio.sleep(1900)
    assert whys(await reap(harness.second_home())) == ["a cap was reached"]
    assert harness.live() == []


@in_virtual_time
async def test_a_cluster_whose_other_pod_comes_late_has_the_price_of_both(tmp_path: Path) -> None:
    harness = cluster_harness(tmp_path)
    harness.script.armed_after = 90.0
    harness.world.faults.switch_on("cluster-pods-late", seconds=60.0)
    run = await launched(harness)
    assert run.price_per_hour_usd == pytest.approx(2 * PRICE)


@in_virtual_time
async def test_without_another_node_the_first_has_its_time_to_deliver(tmp_path: Path) -> None:
    harness = cluster_harness(tmp_path)
    harness.script.ends_after = 600.0
    run = await launched(harness)
    await asyncio.sleep(60)
    second = harness.world.live_pods()[1]
    harness.world.act(second, "stop")
    assert (await harness.bench.provider.pod(run.pod_id)).status is PodStatus.EXITED
    ended, why = await seen_to_its_end(harness, run)
    assert (why, ended.end_reason) == ("its run is over", EndReason.FINISHED)
    assert harness.live() == []
    # Its cost is counted for all that was rented, and not as if there had been one pod from the beginning.
    assert ended.price_per_hour_usd == pytest.approx(2 * PRICE)


@pytest.mark.promise("money-cluster")
@in_virtual_time
async def test_whoever_takes_over_after_its_last_word_releases_it(tmp_path: Path) -> None:
    harness = cluster_harness(tmp_path)
    run = await launched(harness)
    async with aclosing(watch(harness.bench, run)) as observations:
        async for seen in observations:
            if isinstance(seen, EventSeen) and isinstance(seen.event.body, Ended):
                break
    run = harness.bench.runs.get("run-01")
    assert (run.end_reason, len(harness.live())) == (EndReason.FINISHED, 2)
    _, why = await seen_to_its_end(harness, run)
    assert (why, harness.live()) == ("its run is over", [])


async def left_when_the_first_is_gone(harness: LauncherHarness, run: Run, first: ExitStack) -> None:
    async with watched(harness.open_bench(), run):
        first.close()
        raise asyncio.CancelledError


@pytest.mark.promise("money-cluster")
@in_virtual_time
async def test_a_second_watcher_releases_it_when_the_first_is_gone(tmp_path: Path) -> None:
    harness = cluster_harness(tmp_path)
    harness.script.ends_after = None
    run = await launched(harness)
    first = ExitStack()
    assert first.enter_context(watch_lock(harness.bench, run.nonce))
    with pytest.raises(Interrupted, match="was released"):
        await left_when_the_first_is_gone(harness, run, first)
    assert harness.live() == []


@in_virtual_time
async def test_who_only_looks_whether_it_is_watched_keeps_nobody_from_watching(
    tmp_path: Path,
) -> None:
    harness = cluster_harness(tmp_path)
    has_begun = threading.Event()

    def look() -> None:
        with watch_lock(harness.bench, "abcdefghij"):
            has_begun.set()
            time.sleep(0.05)

    looking = threading.Thread(target=look)
    looking.start()
    assert has_begun.wait(5)
    with watch_lock(harness.bench, "abcdefghij") as is_ours:
        assert is_ours
    looking.join()


@in_virtual_time
async def test_a_price_that_is_known_only_later_is_held_to_the_agreed_one_too(
    tmp_path: Path,
) -> None:
    harness = cluster_harness(tmp_path)
    harness.world.faults.switch_on("dearer-than-listed", times=2, factor=1.5)
    rent = RunPodProvider.rent

    async def without_price(provider: RunPodProvider, order: PodOrder) -> Pod:
        return replace(await rent(provider, order), price_per_hour_usd=0.0)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(RunPodProvider, "rent", without_price)
        with pytest.raises(LauncherError, match="was agreed"):
            await launched(harness)
    assert harness.live() == []


@in_virtual_time
async def test_a_launch_that_is_interrupted_calls_what_it_gives_back_a_cluster(
    tmp_path: Path,
) -> None:
    harness = cluster_harness(tmp_path)
    harness.script.armed_after = None
    launching = asyncio.ensure_future(launched(harness))
    await asyncio.sleep(60)
    run = harness.bench.runs.get("run-01")
    launching.cancel()
    said = f"{named_pod(run.pod_id, begins=True)} was released after"
    with pytest.raises(Interrupted, match=said):
        await launching
    assert harness.live() == []


@pytest.mark.promise("money-cluster")
@in_virtual_time
async def test_a_clock_that_is_set_back_does_not_keep_it_rented(tmp_path: Path) -> None:
    harness = cluster_harness(tmp_path)
    harness.script.ends_after = 300.0
    clock = LoopClock()
    harness.bench = replace(harness.bench, clock=clock)
    run = await launched(harness)

    def set_back() -> None:
        asyncio.get_running_loop().call_later(100.0, setattr, clock, "skew_seconds", -3600.0)

    ended, why = await seen_to_its_end(harness, run, set_back)
    assert (why, ended.end_reason) == ("its run is over", EndReason.FINISHED)
    assert harness.script.ended_at is not None
    assert now_seconds() - harness.script.ended_at.timestamp() < 90
    assert harness.live() == []
