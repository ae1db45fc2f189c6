"""Watching: every event once, and an end that is true."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from launcher.domain.run import Run, RunState
from launcher.errors import InvalidRequest, NotConfigured
from launcher.providers.base import LogLine
from launcher.services.common.observations import (
    EventSeen,
    LogSeen,
    Observation,
    PodSeen,
    ReleasedHere,
    RestartSeen,
    RunEnded,
)
from launcher.services.common.workbench import Workbench
from launcher.services.following.receipts import receipt
from launcher.services.following.watch import watch
from launcher.services.launching.launch import launch
from pod_image.contract.bodies import Ended
from pod_image.contract.environment import RUN_VARIABLE, RunDocument
from pod_image.contract.outcomes import EndReason
from tests.kit.plans import plan
from tests.kit.virtual_time import in_virtual_time, now_seconds
from tests.services.harness import LauncherHarness


async def seen_to_the_end(bench: Workbench, run: Run, **options: bool) -> list[Observation]:
    return [seen async for seen in watch(bench, run, **options)]


def kind_of(seen: EventSeen) -> str:
    return seen.event.event


def kinds(observations: list[Observation]) -> list[str]:
    return [kind_of(seen) for seen in observations if isinstance(seen, EventSeen)]


def seqs(observations: list[Observation]) -> list[int]:
    return [seen.event.seq for seen in observations if isinstance(seen, EventSeen)]


def ending(observations: list[Observation]) -> Run:
    assert isinstance(observations[-1], RunEnded)
    return observations[-1].run


@in_virtual_time
async def test_a_run_is_followed_from_armed_to_its_end(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    run = await launch(harness.bench, plan(), harness.keys)
    observations = await seen_to_the_end(harness.bench, run)
    assert kinds(observations) == ["phase", "step", "step", "step", "phase", "ended"]
    end = ending(observations)
    assert (end.state, end.end_reason, end.cost_usd) == (RunState.ENDED, EndReason.FINISHED, 0.02)
    assert harness.live() == []
    assert harness.secret_names() == []
    assert end.secret_names == ()
    assert end.provider_calls > run.provider_calls
    assert harness.bench.runs.get("run-01") == end


@pytest.mark.parametrize("ends_after", [41.0, 42.5, 44.0])
def test_the_watching_ends_within_five_seconds_of_the_release(
    tmp_path: Path, ends_after: float
) -> None:
    @in_virtual_time
    async def the_story() -> None:
        harness = LauncherHarness(tmp_path)
        harness.script.ends_after = ends_after
        run = await launch(harness.bench, plan(), harness.keys)
        before = len(harness.world.requests)
        await seen_to_the_end(harness.bench, run)
        pod = harness.world.pods[run.pod_id]
        assert pod.gone_at is not None
        released_at = pod.gone_at - harness.world.timing.gone_seconds
        assert now_seconds() - released_at <= 5.0
        looks = [
            each for each in harness.world.requests[before:] if each.path == f"/v2/pods/{pod.id}"
        ]
        assert len(looks) <= 8  # its last moments, and no hail of requests

    the_story()


@in_virtual_time
async def test_a_pod_that_stays_after_its_last_word_is_looked_at_as_rarely_as_any_other_soon(
    tmp_path: Path,
) -> None:
    harness = LauncherHarness(tmp_path)
    harness.script.releases = False
    run = await launch(harness.bench, plan(), harness.keys)
    harness.world.faults.switch_on("delete-500")
    task = asyncio.create_task(seen_to_the_end(harness.bench, run))
    await asyncio.sleep(1_000)
    before = len(harness.world.requests)
    await asyncio.sleep(60)
    looks = [each for each in harness.world.requests[before:] if each.method == "GET"]
    assert len(looks) <= 60
    harness.world.faults.switch_off()
    await task
    assert harness.live() == []


@in_virtual_time
async def test_events_are_seen_once_and_in_order_although_the_stream_is_cut(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    harness.script.steps = 40
    run = await launch(harness.bench, plan(), harness.keys)
    harness.world.faults.switch_on("log-stream-cuts", lines=3)
    observations = await seen_to_the_end(harness.bench, run)
    found = seqs(observations)
    assert found == list(range(run.last_seq + 1, 46))
    assert ending(observations).end_reason is EndReason.FINISHED


@in_virtual_time
async def test_an_event_that_the_log_says_twice_is_seen_once(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    run = await launch(harness.bench, plan(), harness.keys)
    log = harness.bench.provider.log

    async def repeating(*asked: Any, **options: Any) -> AsyncGenerator[LogLine, None]:
        async for line in log(*asked, **options):
            yield line
            yield line

    provider: Any = harness.bench.provider
    provider.log = repeating
    found = seqs(await seen_to_the_end(harness.bench, run))
    assert len(found) > 3
    assert found == sorted(set(found))


@pytest.mark.parametrize("style", ["time", "time/serial"])
def test_a_second_watcher_goes_on_where_the_first_stopped(tmp_path: Path, style: str) -> None:
    @in_virtual_time
    async def check() -> None:
        harness = LauncherHarness(tmp_path)
        harness.world.log_ids = style
        harness.script.steps = 20
        run = await launch(harness.bench, plan(), harness.keys)
        first: list[Observation] = []
        async with aclosing(watch(harness.bench, run)) as observations:
            async for seen in observations:
                first.append(seen)
                if len(seqs(first)) == 8:
                    break
        other = harness.open_bench()
        rest = await seen_to_the_end(other, other.runs.get("run-01"))
        assert seqs(first) + seqs(rest) == list(range(run.last_seq + 1, 26))

    check()


@in_virtual_time
async def test_watching_from_the_start_shows_the_whole_log_again(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    run = await launch(harness.bench, plan(), harness.keys)
    observations = await seen_to_the_end(harness.bench, run, from_start=True)
    assert seqs(observations) == list(range(1, 9))
    texts = [seen.text for seen in observations if isinstance(seen, LogSeen)]
    assert "container is up" in texts
    assert any(text.startswith("create container") for text in texts)


@in_virtual_time
async def test_events_missing_from_the_log_come_from_the_results_repo(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    run = await launch(harness.bench, plan(), harness.keys)
    await harness.bench.clock.sleep(30)
    pod = harness.world.pods[run.pod_id]
    harness.script.deliver(document_of(harness, run))
    pod.log.forget_container()  # the log service has lost what was said so far
    observations = await seen_to_the_end(harness.bench, run)
    assert seqs(observations) == list(range(run.last_seq + 1, 9))


@in_virtual_time
async def test_a_pod_that_is_gone_is_read_from_the_results_repo(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    run = await launch(harness.bench, plan(), harness.keys)
    await harness.bench.clock.sleep(600)
    assert harness.live() == []
    observations = await seen_to_the_end(harness.bench, run)
    assert kinds(observations)[-1] == "ended"
    assert ending(observations).end_reason is EndReason.FINISHED


@in_virtual_time
async def test_a_pod_that_died_without_a_word_is_lost(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    harness.script.ends_after = None
    run = await launch(harness.bench, plan(), harness.keys)
    await harness.bench.clock.sleep(20)
    harness.world.kill_host(harness.world.pods[run.pod_id])
    end = ending(await seen_to_the_end(harness.bench, run))
    assert end.end_reason is EndReason.LOST
    assert end.cost_usd is not None
    assert end.cost_usd > 0
    assert harness.secret_names() == []


@in_virtual_time
async def test_a_lost_pod_with_the_hub_down_says_that_the_results_could_not_be_read(
    tmp_path: Path,
) -> None:
    harness = LauncherHarness(tmp_path)
    harness.script.ends_after = None
    run = await launch(harness.bench, plan(), harness.keys)
    harness.world.kill_host(harness.world.pods[run.pod_id])
    harness.core.faults.switch_on("down-for-hours")
    end = ending(await seen_to_the_end(harness.bench, run))
    assert end.end_reason is EndReason.LOST
    assert "could not be read" in end.detail


@in_virtual_time
async def test_an_earlier_attempts_events_do_not_end_a_later_one(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    first = await launch(harness.bench, plan(), harness.keys)
    await seen_to_the_end(harness.bench, first)
    await harness.bench.clock.sleep(600)
    harness.script.ends_after = None
    second = await launch(harness.bench, plan(resume=True), harness.keys)
    assert second.attempt == 2
    harness.world.kill_host(harness.world.pods[second.pod_id])
    assert ending(await seen_to_the_end(harness.bench, second)).end_reason is EndReason.LOST


@in_virtual_time
async def test_the_record_tells_the_end_where_the_last_event_is_missing(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    harness.script.says_ended = False
    harness.script.reason = "cost_cap"
    run = await launch(harness.bench, plan(), harness.keys)
    end = ending(await seen_to_the_end(harness.bench, run))
    assert (end.end_reason, end.cost_usd) == (EndReason.COST_CAP, 0.02)


@pytest.mark.promise("money-release")
@in_virtual_time
async def test_a_pod_that_outstays_its_run_is_released_from_here(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    harness.script.releases = False
    run = await launch(harness.bench, plan(), harness.keys)
    observations: list[Observation] = []
    said_at = released_at = 0.0
    async for seen in watch(harness.bench, run):
        observations.append(seen)
        if isinstance(seen, EventSeen) and isinstance(seen.event.body, Ended):
            said_at = harness.loop.time()
        if isinstance(seen, ReleasedHere):
            released_at = harness.loop.time()
    assert said_at < released_at < said_at + 60
    released = [seen for seen in observations if isinstance(seen, ReleasedHere)]
    assert [seen.why for seen in released] == ["its run is over"]
    assert harness.live() == []
    assert ending(observations).end_reason is EndReason.FINISHED


@in_virtual_time
async def test_a_pod_past_its_deadline_is_released_from_here(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    harness.script.ends_after = None
    run = await launch(harness.bench, plan(settings={"max_hours": 0.1}), harness.keys)
    observations = await seen_to_the_end(harness.bench, run)
    released = [seen for seen in observations if isinstance(seen, ReleasedHere)]
    assert [seen.why for seen in released] == ["its deadline has passed"]
    assert 360 < harness.loop.time() < 360 + 240


@in_virtual_time
async def test_a_container_that_restarts_is_noticed_by_its_uptime(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    run = await launch(harness.bench, plan(), harness.keys)
    restarts: list[RestartSeen] = []
    async with aclosing(watch(harness.bench, run)) as observations:
        async for seen in observations:
            if isinstance(seen, EventSeen) and seen.event.seq == 6:
                await harness.bench.clock.sleep(10)
                harness.runner.started[0].kill()
            if isinstance(seen, RestartSeen):
                restarts.append(seen)
                break
    assert len(restarts) == 1


def last_word_of_a_bootstrap(run: Run, detail: str) -> str:
    """As `pod_image.bootstrap` says it: it never knows how far an earlier life had counted."""
    word = {"event": "ended", "run_id": run.run_id, "seq": 1, "at": "2026-11-22T12:00:00Z"}
    return json.dumps({**word, "reason": "boot_failed", "detail": detail})


@in_virtual_time
async def test_a_pod_that_could_not_become_an_agent_again_has_the_last_word_all_the_same(
    tmp_path: Path,
) -> None:
    harness = LauncherHarness(tmp_path)
    harness.script.ends_after = None
    run = await launch(harness.bench, plan(), harness.keys)
    observations: list[Observation] = []
    async with aclosing(watch(harness.bench, run)) as followed:
        async for seen in followed:
            observations.append(seen)
            if isinstance(seen, EventSeen) and seen.event.seq == 6:
                harness.runner.started[0].log(last_word_of_a_bootstrap(run, "The wheel is gone."))
                await harness.bench.clock.sleep(5)
                harness.world.act(harness.world.pods[run.pod_id], "terminate")
    end = ending(observations)
    assert (end.end_reason, end.detail) == (EndReason.BOOT_FAILED, "The wheel is gone.")
    assert seqs(observations) == sorted(set(seqs(observations)))
    assert kinds(observations)[-1] == "ended"


@in_virtual_time
async def test_a_second_last_word_does_not_replace_the_first(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    harness.script.releases = False
    run = await launch(harness.bench, plan(), harness.keys)
    observations: list[Observation] = []
    async with aclosing(watch(harness.bench, run)) as followed:
        async for seen in followed:
            observations.append(seen)
            if isinstance(seen, EventSeen) and kind_of(seen) == "ended":
                late = last_word_of_a_bootstrap(run, "Started again after the end.")
                harness.runner.started[0].log(late)
    assert kinds(observations).count("ended") == 1
    assert ending(observations).end_reason is EndReason.FINISHED


@in_virtual_time
async def test_status_changes_are_told_with_what_was_before(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    run = await launch(harness.bench, plan(), harness.keys)
    observations = await seen_to_the_end(harness.bench, run)
    changes = [seen for seen in observations if isinstance(seen, PodSeen)]
    assert [(seen.before, seen.pod.status.value) for seen in changes] == [(None, "running")]


@in_virtual_time
async def test_outages_of_the_cloud_do_not_end_the_watching(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    run = await launch(harness.bench, plan(), harness.keys)
    harness.world.faults.switch_on("server-errors", times=30)
    harness.world.faults.switch_on("logs-unavailable", times=4)
    assert ending(await seen_to_the_end(harness.bench, run)).end_reason is EndReason.FINISHED


@in_virtual_time
async def test_an_empty_list_is_no_proof_that_the_pod_is_gone(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    run = await launch(harness.bench, plan(), harness.keys)
    harness.world.faults.switch_on("list-empty")
    observations = await seen_to_the_end(harness.bench, run)
    assert ending(observations).end_reason is EndReason.FINISHED
    assert kinds(observations)[-1] == "ended"


@in_virtual_time
async def test_a_run_that_is_over_ends_at_once_and_one_without_pod_is_refused(
    tmp_path: Path,
) -> None:
    harness = LauncherHarness(tmp_path)
    run = await launch(harness.bench, plan(), harness.keys)
    end = ending(await seen_to_the_end(harness.bench, run))
    calls = harness.bench.provider.calls
    assert await seen_to_the_end(harness.bench, end) == [RunEnded(end)]
    assert harness.bench.provider.calls == calls
    podless = harness.bench.runs.update(end, state=RunState.LAUNCHING, pod_id="")
    with pytest.raises(InvalidRequest, match="no pod yet"):
        await seen_to_the_end(harness.bench, podless)


@in_virtual_time
async def test_two_runs_watched_together_share_their_list_calls(tmp_path: Path) -> None:
    import asyncio

    harness = LauncherHarness(tmp_path)
    runs = [await launch(harness.bench, plan(name), harness.keys) for name in ("run-01", "run-02")]
    before = len([seen for seen in harness.world.requests if seen.path == "/v2/pods"])
    started = harness.loop.time()
    await asyncio.gather(*(seen_to_the_end(harness.bench, run) for run in runs))
    lists = len([seen for seen in harness.world.requests if seen.path == "/v2/pods"]) - before
    polls = (harness.loop.time() - started) / harness.config.poll_seconds
    assert lists <= polls + 2


@in_virtual_time
async def test_the_receipt_splits_the_time_and_names_all_three_figures(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    run = await launch(harness.bench, plan(), harness.keys)
    end = ending(await seen_to_the_end(harness.bench, run))
    paper = receipt(harness.bench.runs, end)
    assert paper.metered_usd == 0.02
    assert paper.billed_usd is not None
    assert paper.worst_case_usd == pytest.approx(0.69)
    assert [part.name for part in paper.slices] == ["boot", "train", "idle"]
    assert paper.seconds is not None
    assert sum(part.seconds for part in paper.slices) == pytest.approx(paper.seconds)
    named = list(paper.time_line)
    order = ["planned", "created", "boot", "armed", "train", "first_step", "deliver"]
    assert [name for name in named if name in order] == order
    assert "container" in named
    assert named[-1] == "gone"


def document_of(harness: LauncherHarness, run: Run) -> RunDocument:

    return RunDocument.from_json(harness.world.pods[run.pod_id].env[RUN_VARIABLE])


@in_virtual_time
async def test_a_key_that_is_refused_meanwhile_ends_the_watching_and_not_the_run(
    tmp_path: Path,
) -> None:
    harness = LauncherHarness(tmp_path)
    harness.script.ends_after = None
    run = await launch(harness.bench, plan(), harness.keys)
    harness.world.keys.pop(harness.world.api_key)
    with pytest.raises(NotConfigured, match="refused the key"):
        await seen_to_the_end(harness.bench, run)
    assert harness.live() == [run.pod_id]
    assert harness.bench.runs.get("run-01").state is RunState.RUNNING


@in_virtual_time
async def test_a_fault_of_ours_behind_the_stream_is_raised_and_never_waited_for(
    tmp_path: Path,
) -> None:
    harness = LauncherHarness(tmp_path)
    harness.script.ends_after = None
    run = await launch(harness.bench, plan(), harness.keys)

    async def breaks(pod_id: str) -> None:
        raise ZeroDivisionError

    harness.bench.pod_list.look = breaks  # type: ignore[method-assign,assignment]  # planted in this one list
    with pytest.raises(ZeroDivisionError):
        await seen_to_the_end(harness.bench, run)
