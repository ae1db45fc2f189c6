"""With the key of another account every pod is "not found": that ends no run, and rents no second pod."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from launcher.cli.terminal.next_steps import in_terminal
from launcher.domain.run import Run, RunState
from launcher.errors import NotConfigured, PodGone
from launcher.hub.access import HubAccess
from launcher.services.common.observations import RunEnded
from launcher.services.common.workbench import Workbench
from launcher.services.ending.reap import reap
from launcher.services.ending.release import release
from launcher.services.following.watch import watch
from launcher.services.launching.launch import launch
from pod_image.contract.outcomes import EndReason
from tests.kit.clouds import RESULTS_REPO
from tests.kit.plans import plan
from tests.kit.virtual_time import in_virtual_time
from tests.services.harness import LauncherHarness, at_once


def strangers_bench(harness: LauncherHarness) -> Workbench:
    """The same person and history, with the key of another account."""
    account = harness.world.add_account()
    return harness.open_bench(harness.world.add_key(account=account).value)


async def running(harness: LauncherHarness, **options: Any) -> Run:
    harness.script.ends_after = None
    return await launch(harness.bench, plan(**options), harness.keys)


async def end_of(bench: Workbench, run: Run) -> Run:
    last = [seen async for seen in watch(bench, run)][-1]
    assert isinstance(last, RunEnded)
    return last.run


@in_virtual_time
async def test_watching_with_another_accounts_key_leaves_the_run_open(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    run = await running(harness)
    with pytest.raises(PodGone, match="not found with this RunPod key") as caught:
        await end_of(strangers_bench(harness), run)
    assert "Use the key that launched it" in in_terminal(caught.value.hint)
    assert harness.bench.runs.get("run-01").state is RunState.RUNNING
    assert harness.live() == [run.pod_id]
    assert len(harness.secret_names()) == 2


@in_virtual_time
async def test_reaping_with_another_accounts_key_names_the_run_and_leaves_it(
    tmp_path: Path,
) -> None:
    harness = LauncherHarness(tmp_path)
    run = await running(harness)
    report = await reap(strangers_bench(harness))
    assert report.settled == ()
    assert [each.run.run_id for each in report.left_open] == ["run-01"]
    assert harness.bench.runs.get("run-01").state is RunState.RUNNING
    assert harness.live() == [run.pod_id]


@in_virtual_time
async def test_an_abort_with_another_accounts_key_does_not_count_as_one(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    run = await running(harness)
    with pytest.raises(PodGone, match="may belong to another account"):
        await release(strangers_bench(harness), run)
    assert harness.bench.runs.get("run-01").state is RunState.RUNNING
    assert harness.live() == [run.pod_id]


@in_virtual_time
async def test_no_second_pod_of_a_run_is_rented_in_another_account(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    run = await running(harness)
    with pytest.raises(PodGone):
        await launch(strangers_bench(harness), plan(), harness.keys)
    assert harness.posts() == 1
    assert harness.live() == [run.pod_id]


@pytest.mark.parametrize("proof", ["secrets", "account"])
def test_a_pod_of_this_account_that_is_gone_is_lost_also_for_a_process_that_never_saw_it(
    tmp_path: Path, proof: str
) -> None:
    @in_virtual_time
    async def check() -> None:
        harness = LauncherHarness(tmp_path)
        if proof == "account":
            harness.world.extras.switch_off("secrets")
            options = {"account_id": harness.world.account.id, "secrets_in_plain": True}
        else:
            options = {}
        run = await running(harness, **options)
        assert bool(run.secret_names) is (proof == "secrets")
        harness.world.kill_host(harness.world.pods[run.pod_id])
        assert (await end_of(harness.open_bench(), run)).end_reason is EndReason.LOST

    check()


@in_virtual_time
async def test_where_nothing_proves_the_account_the_deadline_decides(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    harness.world.extras.switch_off("secrets")
    run = await running(harness, secrets_in_plain=True)
    harness.world.kill_host(harness.world.pods[run.pod_id])
    other = harness.open_bench()
    with pytest.raises(PodGone):
        await end_of(other, run)
    await other.clock.sleep(3_600 + 300)
    assert (await end_of(other, run)).end_reason is EndReason.LOST


@in_virtual_time
async def test_what_the_pod_delivered_of_its_end_is_believed_with_any_key(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    run = await launch(harness.bench, plan(), harness.keys)
    await harness.bench.clock.sleep(600)
    assert (await end_of(strangers_bench(harness), run)).end_reason is EndReason.FINISHED


@in_virtual_time
async def test_without_a_token_that_reads_the_results_a_run_is_not_taken_for_lost(
    tmp_path: Path,
) -> None:
    harness = LauncherHarness(tmp_path)
    run = await launch(harness.bench, plan(), harness.keys)
    await harness.bench.clock.sleep(120)
    assert harness.live() == []
    harness.world.pods[run.pod_id].log.forget_container()
    nobody = harness.hub_of(None)
    tokenless = replace(harness.bench, hub=HubAccess(nobody, nobody, run_blocking=at_once))
    with pytest.raises(
        NotConfigured, match=f"How it ended is recorded in {RESULTS_REPO}"
    ) as caught:
        await end_of(tokenless, run)
    assert "hf-upload" in in_terminal(caught.value.hint)
    assert [each.run.run_id for each in (await reap(tokenless)).left_open] == ["run-01"]
    assert (await end_of(harness.open_bench(), run)).end_reason is EndReason.FINISHED
