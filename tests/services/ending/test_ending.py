"""Instructions, stop, release and results: what ends a run and what it leaves."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest

from launcher.domain.run import RunState
from launcher.errors import InvalidRequest, ProviderUnavailable, RentUnclear
from launcher.services.common.intents import intents_of
from launcher.services.common.run_secrets import can_make_secrets
from launcher.services.ending.release import release
from launcher.services.following.delivered_files import download_results, list_results
from launcher.services.following.instructions import Way, new_instruction, send
from launcher.services.following.receipts import costs, receipt
from launcher.services.launching.launch import launch
from pod_image.contract.instructions import Instruction, InstructionName
from pod_image.contract.outcomes import EndReason
from pod_image.hub import Repo, read_bytes
from tests.kit.clouds import RESULTS_REPO
from tests.kit.plans import plan
from tests.kit.virtual_time import in_virtual_time
from tests.services.harness import LauncherHarness
from tests.services.living import end_of, running

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


# --- what an earlier launch left open


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
