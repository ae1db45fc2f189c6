"""Many runs followed by one process: what is asked of the cloud for them, and what is known of each."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from launcher.cli.terminal.fleet_view import fleet_text
from launcher.domain.run import Run, RunState
from launcher.domain.run_picture import RunPicture
from launcher.emulator.runpod import Gateway
from launcher.errors import NotConfigured
from launcher.open_http import open_http
from launcher.providers.call_budget import CALLS_A_MINUTE
from launcher.providers.runpod.limits import Pace
from launcher.services.common.workbench import Workbench
from launcher.services.launching.launch import launch
from launcher.services.live import whole_fleet as whole_fleet_module
from launcher.services.live.fleet import SILENT, spent_usd
from launcher.services.live.whole_fleet import MOST_MEASURED, whole_fleet
from pod_image.contract.next_steps import Said
from pod_image.contract.outcomes import Phase
from pod_image.contract.places import Provider
from tests.bench.fleet_pods import fill, speaking
from tests.kit.clocks import NOW
from tests.kit.plans import offer, plan
from tests.kit.runs import new_run, run
from tests.kit.virtual_time import StreamingTransport, in_patient_time
from tests.services.harness import LauncherHarness

RUNS = 60
"""Beyond the burst that is opened at once; `tests.bench.fleet` has a hundred."""


def word(said: Said) -> str:
    return str(said)


def at_a_slow_cloud(folder: Path) -> LauncherHarness:
    """Its log streams look for new lines every thirty seconds only: a hundred of them are polled on one loop here."""
    harness = LauncherHarness(folder)

    async def rest(seconds: float) -> None:
        await asyncio.sleep(max(seconds, 30.0))

    harness.transport = StreamingTransport(Gateway(harness.world, in_process=True, sleep=rest))
    harness.bench = harness.open_bench()
    harness.runner.program = speaking(step_seconds=30.0)
    fill(harness.world, RUNS)
    return harness


def most_calls_in_a_minute(harness: LauncherHarness) -> int:
    moments = [each.at for each in harness.world.requests]
    return max(sum(at <= each < at + 60 for each in moments) for at in moments)


@in_patient_time
async def test_many_runs_are_followed_within_sixty_calls_a_minute_whatever_their_streams_do(
    tmp_path: Path,
) -> None:
    harness = at_a_slow_cloud(tmp_path)
    async with whole_fleet(harness.bench, harness.keys, word) as whole:
        await asyncio.sleep(180)
        fleet = whole.now
        assert len(fleet.rows) == RUNS
        assert not fleet.silent
        assert all(row.step and row.total_steps for row in fleet.rows)
        before = len(harness.world.requests)
        await asyncio.sleep(100)
        # One list a minute for what other computers begin; the pods tell everything else.
        assert len(harness.world.requests) - before <= 3
        harness.world.stream_seconds = 0.0  # the server ends every stream
        await asyncio.sleep(40)
        harness.world.stream_seconds = None
        await asyncio.sleep(90)
        assert len(harness.world.requests) - before > RUNS
    assert most_calls_in_a_minute(harness) <= CALLS_A_MINUTE


@in_patient_time
async def test_what_another_computer_began_is_seen_too_and_nothing_is_ended_by_leaving(
    tmp_path: Path,
) -> None:
    harness = LauncherHarness(tmp_path)
    harness.script.ends_after, harness.script.heartbeat_seconds = None, 30.0
    here = await launch(harness.bench, plan("run-01"), harness.keys)
    async with whole_fleet(harness.bench, harness.keys, word) as whole:
        await launch(harness.second_home(), plan("run-02"), harness.keys)
        await asyncio.sleep(75)
        seen = whole.now
    assert {row.run.run_id for row in seen.rows} == {"run-01", "run-02"}
    assert {row.phase for row in seen.rows} == {Phase.TRAIN}
    assert all(row.run.state is RunState.RUNNING for row in seen.rows)
    assert seen.cost_per_minute_usd == pytest.approx(2 * 0.69 / 60)
    assert seen.cap_usd == pytest.approx(2 * here.most_usd)
    assert len(harness.live()) == 2
    harness.script.stopping = True


@in_patient_time
async def test_a_run_that_ends_meanwhile_leaves_the_table_and_is_named(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    await launch(harness.bench, plan("run-01"), harness.keys)
    async with whole_fleet(harness.bench, harness.keys, word) as whole:
        assert len((await whole.heard()).rows) == 1
        await asyncio.sleep(180)
        assert whole.now.rows == ()
        assert [each.run_id for each in whole.ended] == ["run-01"]


@in_patient_time
async def test_a_cloud_that_does_not_answer_is_told_and_one_that_refuses_every_key_is_an_error(
    tmp_path: Path,
) -> None:
    harness = LauncherHarness(tmp_path)
    harness.script.ends_after, harness.script.heartbeat_seconds = None, 30.0
    await launch(harness.bench, plan("run-01"), harness.keys)
    await asyncio.sleep(
        harness.config.poll_seconds + 1
    )  # what was listed just now is not asked for again
    harness.world.faults.switch_on("server-errors")
    async with whole_fleet(harness.bench, harness.keys, word) as whole:
        assert [row.run.run_id for row in whole.now.rows] == ["run-01"]
        assert "RunPod" in whole.troubles
        harness.world.faults.switch_off()
        await asyncio.sleep(90)
        assert whole.troubles == {}
    refused = harness.open_bench("no-such-key")
    with pytest.raises(NotConfigured):
        async with whole_fleet(refused, harness.keys, word):
            raise AssertionError("nothing can be seen with it")
    harness.script.stopping = True


@in_patient_time
async def test_a_pod_that_says_nothing_is_waited_for_only_so_long(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    harness.script.ends_after = None
    await launch(harness.bench, plan("run-01"), harness.keys)
    await asyncio.sleep(SILENT.total_seconds() + 60)
    async with whole_fleet(harness.bench, harness.keys, word) as whole:
        began = harness.loop.time()
        seen = await whole.heard()
        assert 9 < harness.loop.time() - began < 12
        assert [row.run.run_id for row in seen.silent] == ["run-01"]
    harness.script.stopping = True


def test_a_pod_costs_by_its_age_and_never_less_than_it_says_itself() -> None:
    assert spent_usd(run(cost_usd=0.01), NOW) == pytest.approx(0.36 * 40 / 60)
    assert spent_usd(run(cost_usd=0.9), NOW) == 0.9
    assert spent_usd(new_run(), NOW) == 0.0


@in_patient_time
async def test_a_pod_past_its_deadline_is_a_problem_that_is_said(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    harness.script.ends_after, harness.script.heartbeat_seconds = None, 30.0
    known: Run = await launch(harness.bench, plan("run-01"), harness.keys)
    async with whole_fleet(harness.bench, harness.keys, word) as whole:
        await whole.heard()
        assert [row.problem for row in whole.now.rows] == [""]
        late = whole.bench.provider_now() - timedelta(minutes=3)
        harness.bench.runs.update(known, deadline=late)
        whole.live.refresh()
        assert "Past its deadline" in whole.now.rows[0].problem
    harness.script.stopping = True


def test_a_pace_gives_a_burst_and_then_one_at_a_time_and_rests_when_nobody_asks() -> None:
    pace = Pace(burst=3, seconds_between=4.0)
    assert [pace.take(100.0) for _ in range(5)] == [0.0, 0.0, 0.0, 4.0, 8.0]
    assert pace.take(104.0) == 8.0
    assert [pace.take(1_000.0) for _ in range(4)] == [0.0, 0.0, 0.0, 4.0]


async def test_a_further_call_gets_through_beside_more_than_a_hundred_open_streams() -> None:
    answering: set[asyncio.Task[None]] = set()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        answering.add(task)
        asked = await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nyes\r\n")
        if b"/stream" in asked:
            await reader.read()  # until the client leaves
        else:
            writer.write(b"0\r\n\r\n")
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        async with open_http(base_url=url, timeout=5.0) as http:
            streams = [
                await http.send(http.build_request("GET", "/stream"), stream=True)
                for _ in range(110)
            ]
            assert (await http.get("/list")).text == "yes"
            for stream in streams:
                await stream.aclose()
        await asyncio.gather(*answering)


@in_patient_time
async def test_the_gpu_use_of_a_job_that_tells_nothing_is_what_its_place_measures(
    tmp_path: Path,
) -> None:
    harness = LauncherHarness(tmp_path, with_jobs=True)
    harness.script.ends_after = None
    at_jobs = plan(
        "run-01", offer("l4x1", "L4 (l4x1)", 0.8), settings={"provider": Provider.HF_JOBS}
    )
    await launch(harness.bench, at_jobs, harness.keys)
    harness.core.jobs.gpu_percent = 35
    async with whole_fleet(harness.bench, harness.keys, word) as whole:
        await asyncio.sleep(30)
        (row,) = whole.now.rows
        assert (row.gpu_use_percent, row.is_measured_by_place) == (None, False)
        await asyncio.sleep(300)
        (row,) = whole.now.rows
        assert (row.gpu_use_percent, row.is_measured_by_place) == (35.0, True)
        shown = fleet_text(whole.now, {}, ())
    assert "35%*" in shown
    assert "* GPU use as the provider measures it." in shown
    harness.script.stopping = True


@in_patient_time
async def test_a_run_at_a_place_that_this_release_does_not_know_hides_no_other(
    tmp_path: Path,
) -> None:
    harness = LauncherHarness(tmp_path)
    harness.script.ends_after = None
    await launch(harness.bench, plan("run-01"), harness.keys)
    newer = run(nonce="kkkkkkkkkk", run_id="run-02", place="moonbase", pod_id="m1")
    harness.bench.runs.add(replace(newer, state=RunState.RUNNING))
    async with whole_fleet(harness.bench, harness.keys, word) as whole:
        fleet = await whole.heard()
    assert {row.run.run_id for row in fleet.rows} == {"run-01", "run-02"}
    harness.script.stopping = True


@in_patient_time
async def test_places_that_are_slow_to_measure_are_waited_for_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    harness = LauncherHarness(tmp_path)
    for number in range(MOST_MEASURED):
        of_it = {
            "nonce": f"kkkkkkkkk{number}",
            "run_id": f"run-{number:02}",
            "pod_id": f"m{number}",
        }
        harness.bench.runs.add(run(**of_it, state=RunState.RUNNING))

    async def measured(bench: Workbench, run: Run, told: RunPicture) -> None:
        await asyncio.sleep(10.0)

    monkeypatch.setattr(whole_fleet_module, "measured_by_place", measured)
    async with whole_fleet(harness.bench, harness.keys, word) as whole:
        before = asyncio.get_running_loop().time()
        await whole.heard(0.0)
    assert asyncio.get_running_loop().time() - before < 15.0
