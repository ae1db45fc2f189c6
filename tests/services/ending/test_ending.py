"""Instructions, stop, release, results and the reaper: what ends a run and what it leaves."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest

from launcher.domain.pod import Pod, PodName
from launcher.domain.run import Run, RunState
from launcher.errors import InvalidRequest, ProviderUnavailable, RentUnclear
from launcher.providers.runpod.provider import RunPodProvider
from launcher.services.common.intents import intents_of
from launcher.services.common.observations import RunEnded
from launcher.services.common.run_secrets import can_make_secrets
from launcher.services.ending.reap import reap
from launcher.services.ending.release import release
from launcher.services.following.delivered_files import download_results, list_results
from launcher.services.following.instructions import Way, new_instruction, send
from launcher.services.following.receipts import costs, receipt
from launcher.services.following.watch import watch
from launcher.services.launching.launch import launch
from pod_image.contract.environment import RUN_VARIABLE
from pod_image.contract.instructions import Instruction, InstructionName
from pod_image.contract.outcomes import EndReason
from pod_image.hub import Repo, read_bytes
from tests.kit.clouds import GPU, RESULTS_REPO
from tests.kit.plans import plan
from tests.kit.virtual_time import in_virtual_time
from tests.services.harness import LauncherHarness


async def running(harness: LauncherHarness, run_id: str = "run-01", **settings: object) -> Run:
    harness.script.ends_after = None
    return await launch(harness.bench, plan(run_id, settings=settings), harness.keys)


async def end_of(harness: LauncherHarness, run: Run) -> Run:
    last = [seen async for seen in watch(harness.bench, run)][-1]
    assert isinstance(last, RunEnded)
    return last.run


# --- instructions


@in_virtual_time
async def test_stop_goes_in_by_exec_and_the_run_keeps_everything(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    run = await running(harness)
    sent = await send(harness.bench, run, new_instruction(InstructionName.STOP))
    assert sent.way is Way.EXEC
    assert (await end_of(harness, run)).end_reason is EndReason.STOPPED


@pytest.mark.parametrize("how", ["refused", "absent"])
def test_where_exec_is_refused_a_command_becomes_the_next_numbered_file(
    tmp_path: Path, how: str
) -> None:
    @in_virtual_time
    async def check() -> None:
        harness = LauncherHarness(tmp_path)
        run = await running(harness)
        if how == "refused":
            harness.world.faults.switch_on("exec-refused")
        else:
            harness.world.extras.switch_off("exec")
        first = new_instruction(InstructionName.SAVE)
        second = new_instruction(InstructionName.SAMPLE, "Hello there.")
        assert (await send(harness.bench, run, first)).way is Way.FILE
        sent = await send(harness.bench, run, second)
        assert sent.way is Way.FILE
        assert sent.detail
        results = harness.bench.results(RESULTS_REPO)
        paths = [file.path for file in await results.files("run-01")]
        assert paths == ["run-01/_control/0001.json", "run-01/_control/0002.json"]
        repo = Repo(RESULTS_REPO, "model")
        content = read_bytes(harness.hub, repo, "run-01/_control/0002.json")
        assert content is not None
        assert Instruction.model_validate_json(content) == sent.instruction
        assert sent.instruction == second.model_copy(update={"nonce": run.nonce})
        assert await list_results(harness.bench, run) == []

    check()


@in_virtual_time
async def test_a_pod_that_answers_with_a_failure_gets_the_command_as_a_file(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    run = await running(harness)
    harness.runner.on_exec = None
    harness.runner.started[0]._on_exec = None
    sent = await send(harness.bench, run, new_instruction(InstructionName.SAVE))
    assert sent.way is Way.FILE
    assert "not found" in sent.detail


@in_virtual_time
async def test_a_command_to_a_pod_that_is_gone_says_so(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    run = await running(harness)
    harness.world.kill_host(harness.world.pods[run.pod_id])
    with pytest.raises(InvalidRequest, match="without saying how it ended"):
        await send(harness.bench, run, new_instruction(InstructionName.STOP))
    over = harness.bench.runs.get("run-01")
    with pytest.raises(InvalidRequest, match="no pod to send an instruction to; it is ended"):
        await send(harness.bench, over, new_instruction(InstructionName.STOP))


def test_a_sample_needs_a_text_that_can_be_said() -> None:
    for text in ("", "   ", "x" * 501):
        with pytest.raises(InvalidRequest, match="1 to 500"):
            new_instruction(InstructionName.SAMPLE, text)
    assert new_instruction(InstructionName.SAMPLE, " Hello. ").text == "Hello."


# --- stop and release


@in_virtual_time
async def test_abort_releases_at_once(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    run = await running(harness)
    ended = await release(harness.bench, run)
    assert (ended.state, ended.end_reason) == (RunState.ENDED, EndReason.ABORTED)
    assert harness.live() == []
    assert harness.secret_names() == []


@in_virtual_time
async def test_release_of_a_pod_that_is_gone_is_silent(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    run = await running(harness)
    harness.world.kill_host(harness.world.pods[run.pod_id])
    assert (await release(harness.bench, run)).state is RunState.ENDED
    again = await release(harness.bench, harness.bench.runs.get("run-01"))
    assert again.state is RunState.ENDED


@in_virtual_time
async def test_release_finds_the_pod_of_an_order_without_answer(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    harness.world.faults.switch_on("create-500-but-rents", times=1)
    harness.world.faults.switch_on("list-lag", seconds=90)
    with pytest.raises(RentUnclear):
        await launch(harness.bench, plan(), harness.keys)
    assert len(harness.live()) == 1
    await harness.bench.clock.sleep(60)
    await release(harness.bench, harness.bench.runs.get("run-01"))
    assert harness.live() == []
    assert intents_of(harness.bench).open() == []


@in_virtual_time
async def test_release_without_any_pod_says_where_to_look(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    run = await running(harness)
    podless = harness.bench.runs.update(run, pod_id="")
    with pytest.raises(InvalidRequest, match="No pod of run"):
        await release(harness.bench, podless)


# --- results


@in_virtual_time
async def test_results_are_listed_and_brought_here_whole(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    run = await launch(harness.bench, plan(), harness.keys)
    end = await end_of(harness, run)
    paths = [file.path for file in await list_results(harness.bench, end)]
    assert paths == ["run-01/events.jsonl", "run-01/run.json", "run-01/voice/voice.onnx"]
    got = await download_results(harness.bench, end, patterns=["voice/**"])
    assert got.folder == harness.config.results_folder / RESULTS_REPO / "run-01"
    assert [path.read_bytes() for path in got.files] == [b"a voice"]
    with pytest.raises(InvalidRequest, match=r"no files in .* that match \*\.wav"):
        await download_results(harness.bench, end, tmp_path / "elsewhere", ["*.wav"])


@in_virtual_time
async def test_the_records_of_a_run_that_delivered_nothing_are_none(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    results = harness.bench.results(RESULTS_REPO)
    assert await results.record("run-01") is None
    assert await results.events("run-01") == []
    assert await results.run_ids() == []
    assert await harness.bench.results("demo/absent").run_ids() == []


# --- the reaper


@in_virtual_time
async def test_reap_leaves_alone_what_may_live_and_what_is_not_ours(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    run = await running(harness)
    body = {"image": "x/y:1", "gpu": {"id": GPU, "count": 1}}
    strangers = [
        harness.world.rent({**body, "name": "a-pod"}),
        harness.world.rent(
            {**body, "name": str(PodName("run-09", 1, "abcdefghij"))}
        ),  # only named like ours
    ]
    report = await reap(harness.bench)
    assert [pod.id for pod in report.kept] == [run.pod_id]
    assert report.released == ()
    assert {run.pod_id, *(pod.id for pod in strangers)} == set(harness.live())


@in_virtual_time
async def test_reap_releases_a_pod_past_its_deadline(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    run = await running(harness, max_hours=0.1)
    await harness.bench.clock.sleep(360 + 301)
    look = await reap(harness.bench, dry_run=True)
    assert [each.why for each in look.released] == ["its deadline has passed"]
    assert harness.live() == [run.pod_id]
    report = await reap(harness.bench)
    assert [each.pod.id for each in report.released] == [run.pod_id]
    assert harness.live() == []
    assert harness.bench.runs.get("run-01").state is RunState.ENDED
    assert harness.secret_names() == []


@in_virtual_time
async def test_reap_knows_a_pod_of_another_machine_by_its_environment(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    run = await running(harness, max_hours=0.1)
    other = LauncherHarness.open_bench(harness)
    other.runs._db.execute("DELETE FROM runs")
    await other.clock.sleep(100)
    assert [pod.id for pod in (await reap(other)).kept] == [run.pod_id]
    await other.clock.sleep(700)
    assert [each.pod.id for each in (await reap(other)).released] == [run.pod_id]
    assert harness.live() == []


@in_virtual_time
async def test_reap_releases_a_pod_whose_run_has_ended_in_the_history(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    run = await running(harness)
    harness.bench.runs.update(run, state=RunState.ENDED, end_reason=EndReason.FINISHED)
    report = await reap(harness.bench)
    assert [each.why for each in report.released] == ["its run is over"]
    assert harness.live() == []


@in_virtual_time
async def test_reap_releases_the_late_pod_of_a_launch_that_gave_up(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    harness.world.faults.switch_on("create-500-but-rents", times=1)
    harness.world.faults.switch_on("list-lag", seconds=90)
    with pytest.raises(RentUnclear):
        await launch(harness.bench, plan(), harness.keys)
    await harness.bench.clock.sleep(60)
    await reap(harness.bench)
    assert harness.live() == []
    assert intents_of(harness.bench).open() == []
    assert harness.secret_names() == []


@in_virtual_time
async def test_reap_releases_what_was_never_armed_and_keeps_what_was(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    armed = await running(harness, "run-01")
    harness.bench.runs.update(armed, state=RunState.LAUNCHING)
    silent = await running(harness, "run-02")
    await harness.bench.clock.sleep(10)
    await harness.bench.provider.pods()  # its steps are said; from here on it is silent
    harness.bench.runs.update(silent, state=RunState.LAUNCHING)
    harness.world.pods[silent.pod_id].log.forget_container()
    await harness.bench.clock.sleep(31 * 60)
    report = await reap(harness.bench)
    assert [(each.pod.id, each.why) for each in report.released] == [
        (silent.pod_id, "it never became ready")
    ]
    assert harness.live() == [armed.pod_id]
    assert harness.bench.runs.get("run-01").state is RunState.RUNNING


@in_virtual_time
async def test_reap_does_not_count_what_only_a_late_list_still_shows(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    run = await running(harness)
    listed = await harness.bench.provider.pods()
    assert [pod.id for pod in listed] == [run.pod_id]
    await release(harness.bench, run)

    async def late() -> list[Pod]:
        return listed

    harness.bench.provider.pods = late  # type: ignore[method-assign]  # planted in this one provider
    report = await reap(harness.bench)
    assert report.released == ()


@in_virtual_time
async def test_an_empty_list_while_pods_live_skips_the_sweep(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    run = await running(harness)
    harness.world.faults.switch_on("list-empty")
    report = await reap(harness.bench)
    assert "lists no pods" in report.skipped
    assert harness.bench.runs.get("run-01").state is RunState.RUNNING
    assert sorted(harness.secret_names()) == sorted(run.secret_names)


@in_virtual_time
async def test_reap_closes_runs_whose_pod_is_gone_and_reads_their_end(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    await launch(harness.bench, plan(), harness.keys)
    await harness.bench.clock.sleep(600)
    report = await reap(harness.bench)
    assert [(run.run_id, run.end_reason) for run in report.settled] == [
        ("run-01", EndReason.FINISHED)
    ]
    assert harness.secret_names() == []


@pytest.mark.promise("secrets-definition")
@in_virtual_time
async def test_reap_keeps_the_secrets_of_a_run_that_is_under_way(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    run = await launch(harness.bench, plan(), harness.keys)
    assert len(run.secret_names) == 2
    assert (await reap(harness.bench)).secrets_removed == ()
    assert sorted(harness.secret_names()) == sorted(run.secret_names)


@pytest.mark.promise("secrets-definition")
@in_virtual_time
async def test_reap_removes_leftover_secrets_and_no_others(tmp_path: Path) -> None:
    from pydantic import SecretStr

    harness = LauncherHarness(tmp_path)
    run = await launch(harness.bench, plan(), harness.keys)
    await end_of(harness, run)
    provider = harness.bench.provider
    value = SecretStr("demo-value")
    await provider.make_secret(f"launcher_{run.nonce}_upload", value)
    await provider.make_secret("launcher_zzzzzzzzzz_upload", value)
    await provider.make_secret("my_own", value)
    await provider.make_secret(f"launcher_{run.nonce}_other", value)
    dry = await reap(harness.bench, dry_run=True)
    assert dry.secrets_removed == (f"launcher_{run.nonce}_upload",)
    assert len(harness.secret_names()) == 4
    await reap(harness.bench)
    assert sorted(harness.secret_names()) == sorted(
        ["launcher_zzzzzzzzzz_upload", "my_own", f"launcher_{run.nonce}_other"]
    )
    await harness.bench.clock.sleep(3700)
    await reap(harness.bench)
    assert sorted(harness.secret_names()) == sorted(["my_own", f"launcher_{run.nonce}_other"])


@in_virtual_time
async def test_reap_goes_on_where_there_are_no_secrets_and_reports_what_it_could_not_end(
    tmp_path: Path,
) -> None:
    harness = LauncherHarness(tmp_path)
    run = await running(harness, max_hours=0.1)
    await harness.bench.clock.sleep(700)
    harness.world.extras.switch_off("secrets")
    harness.world.faults.switch_on("delete-500")
    report = await reap(harness.bench)
    assert [each.pod.id for each in report.released] == [run.pod_id]
    assert "could not be ended" in report.released[0].trouble
    harness.world.faults.switch_off()
    assert (await reap(harness.bench)).released[0].trouble == ""
    assert harness.live() == []


@in_virtual_time
async def test_reap_without_an_answer_changes_nothing(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    run = await running(harness)
    harness.world.faults.switch_on("server-errors")
    with pytest.raises(ProviderUnavailable):
        await reap(harness.bench)
    assert harness.bench.runs.get("run-01").state is run.state


@in_virtual_time
async def test_the_leftover_secrets_of_an_outage_go_with_the_next_launcher(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    run = await launch(harness.bench, plan(), harness.keys)
    harness.world.faults.switch_on("secrets-refused")
    end = await end_of(harness, run)
    assert end.secret_names == run.secret_names
    assert len(harness.secret_names()) == 2
    harness.world.faults.switch_off()
    assert len((await reap(harness.bench)).secrets_removed) == 2
    assert harness.secret_names() == []


# --- secrets of the account, and sums


@in_virtual_time
async def test_whether_secrets_can_be_made_is_found_without_making_one(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    assert await can_make_secrets(harness.bench.provider)
    harness.world.faults.switch_on("secrets-refused", times=1)
    assert not await can_make_secrets(harness.bench.provider)
    harness.world.extras.switch_off("secrets")
    assert not await can_make_secrets(harness.bench.provider)
    harness.world.faults.switch_on("server-errors")
    with pytest.raises(ProviderUnavailable):
        await can_make_secrets(harness.bench.provider)
    assert harness.secret_names() == []


@in_virtual_time
async def test_costs_add_up_and_say_what_is_not_billed_yet(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    for name in ("run-01", "run-02"):
        await end_of(harness, await launch(harness.bench, plan(name), harness.keys))
    runs = harness.bench.runs.runs()
    sums = costs([*runs, harness.bench.runs.update(runs[0], billed_usd=None)][1:])
    assert sums.runs == 2
    assert sums.metered_usd == pytest.approx(0.04)
    assert sums.unbilled_runs == 1
    assert receipt(harness.bench.runs, runs[0]).planned_usd is None


@in_virtual_time
async def test_the_pods_deadline_is_read_from_its_own_environment(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    run = await running(harness)
    provider = harness.bench.provider
    assert isinstance(provider, RunPodProvider)
    pod = await provider.pod(run.pod_id)
    assert pod.deadline is not None
    assert run.deadline is not None
    assert abs(pod.deadline - run.deadline) < timedelta(seconds=1)
    harness.world.pods[run.pod_id].env[RUN_VARIABLE] = "[]"
    assert (await provider.pod(run.pod_id)).deadline is None


# --- what an earlier launch left open


@in_virtual_time
async def test_the_late_pod_of_an_order_is_released_also_when_the_history_was_lost(
    tmp_path: Path,
) -> None:
    harness = LauncherHarness(tmp_path)
    harness.script.ends_after = None
    harness.world.faults.switch_on("create-500-but-rents", times=1)
    harness.world.faults.switch_on("list-lag", seconds=90)
    with pytest.raises(RentUnclear):
        await launch(harness.bench, plan(), harness.keys)
    harness.bench.runs._db.execute("DELETE FROM runs")
    await harness.bench.clock.sleep(60)
    await reap(harness.bench)
    assert harness.live() == []
    assert intents_of(harness.bench).open() == []


@in_virtual_time
async def test_a_run_whose_pod_is_gone_is_closed_and_launched_again(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    first = await running(harness)
    harness.world.kill_host(harness.world.pods[first.pod_id])
    second = await launch(harness.bench, plan(), harness.keys)
    assert second.attempt == 2
    closed = harness.bench.runs.by_nonce(first.nonce)
    assert closed is not None
    assert (closed.state, closed.end_reason) == (RunState.ENDED, EndReason.LOST)
    assert harness.live() == [second.pod_id]


@in_virtual_time
async def test_the_pod_of_a_launch_that_gave_up_is_released_before_the_next_one(
    tmp_path: Path,
) -> None:
    harness = LauncherHarness(tmp_path)
    harness.world.faults.switch_on("create-500-but-rents", times=1)
    harness.world.faults.switch_on("list-lag", seconds=90)
    with pytest.raises(RentUnclear):
        await launch(harness.bench, plan(), harness.keys)
    orphan = harness.live()
    await harness.bench.clock.sleep(60)
    run = await launch(harness.bench, plan(), harness.keys)
    assert len(orphan) == 1
    assert harness.live() == [run.pod_id] != orphan


@in_virtual_time
async def test_reap_while_a_launch_is_under_way_leaves_it_alone(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    harness.script.armed_after = 300.0
    harness.world.faults.switch_on("create-500-but-rents", times=1)
    harness.world.faults.switch_on("list-lag", seconds=30)
    task = asyncio.create_task(launch(harness.bench, plan(), harness.keys))
    other = harness.open_bench()
    for _ in range(5):
        await other.clock.sleep(20)
        report = await reap(other)
        assert report.released == ()
        assert report.secrets_removed == ()
    run = await task
    assert harness.live() == [run.pod_id]


@pytest.mark.promise("money-once")
@in_virtual_time
async def test_never_two_live_pods_through_any_cut_off_launch(tmp_path: Path) -> None:
    """Whatever a create does, launching over and over ends with one pod and one order for each attempt."""
    for fault in ("create-500-but-rents", "create-dropped-but-rents", "create-503-rents-nothing"):
        harness = LauncherHarness(tmp_path / fault)
        harness.script.ends_after = None
        harness.world.faults.switch_on(fault, times=2)
        for _ in range(4):
            with suppress(RentUnclear, InvalidRequest):
                await launch(harness.bench, plan(), harness.keys)
            assert len(harness.live()) <= 1
        assert len(harness.live()) == 1


# --- one absence is no proof


def absent_once(harness: LauncherHarness, run: Run) -> None:
    """The list shows nothing, and the pod itself answers 404 to one reading."""
    harness.world.faults.switch_on("list-empty")
    path = f"/v2/pods/{run.pod_id}"
    harness.world.faults.switch_on("server-errors", times=1, status=404, path=path, method="GET")


@in_virtual_time
async def test_the_reaper_believes_that_a_pod_is_gone_after_two_absent_readings(
    tmp_path: Path,
) -> None:
    harness = LauncherHarness(tmp_path)
    run = await running(harness)
    absent_once(harness, run)
    report = await reap(harness.open_bench())
    assert "lists no pods" in report.skipped
    assert harness.bench.runs.get("run-01").state is RunState.RUNNING


@in_virtual_time
async def test_a_watcher_believes_that_a_pod_is_gone_after_two_absent_looks(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    run = await launch(harness.bench, plan(), harness.keys)
    absent_once(harness, run)
    assert (await end_of(harness, run)).end_reason is EndReason.FINISHED


@in_virtual_time
async def test_a_launch_believes_that_an_earlier_pod_is_gone_after_two_absent_readings(
    tmp_path: Path,
) -> None:
    harness = LauncherHarness(tmp_path)
    run = await running(harness)
    absent_once(harness, run)
    with pytest.raises(InvalidRequest, match="already has a pod"):
        await launch(harness.open_bench(), plan(), harness.keys)
    assert harness.posts() == 1
