"""With the key of another account every pod is "not found": that ends no run, and rents no second pod."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

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
from tests.kit.virtual_time import in_virtual_time
from tests.services.sky import REPO, Sky, at_once, plan


def strangers_bench(sky: Sky) -> Workbench:
    """The same person and history, with the key of another account."""
    account = sky.world.add_account()
    return sky.open_bench(sky.world.add_key(account=account).value)


async def running(sky: Sky, **options: object) -> Run:
    sky.script.ends_after = None
    return await launch(sky.bench, plan(**options), sky.keys)


async def end_of(bench: Workbench, run: Run) -> Run:
    last = [seen async for seen in watch(bench, run)][-1]
    assert isinstance(last, RunEnded)
    return last.run


@in_virtual_time
async def test_watching_with_another_accounts_key_leaves_the_run_open(tmp_path: Path) -> None:
    sky = Sky(tmp_path)
    run = await running(sky)
    with pytest.raises(PodGone, match="not found with this RunPod key") as caught:
        await end_of(strangers_bench(sky), run)
    assert "Use the key that launched it" in caught.value.hint
    assert sky.bench.runs.get("run-01").state is RunState.RUNNING
    assert sky.live() == [run.pod_id]
    assert len(sky.secret_names()) == 2


@in_virtual_time
async def test_reaping_with_another_accounts_key_names_the_run_and_leaves_it(
    tmp_path: Path,
) -> None:
    sky = Sky(tmp_path)
    run = await running(sky)
    report = await reap(strangers_bench(sky))
    assert report.settled == ()
    assert [each.run.run_id for each in report.left_open] == ["run-01"]
    assert sky.bench.runs.get("run-01").state is RunState.RUNNING
    assert sky.live() == [run.pod_id]


@in_virtual_time
async def test_an_abort_with_another_accounts_key_does_not_count_as_one(tmp_path: Path) -> None:
    sky = Sky(tmp_path)
    run = await running(sky)
    with pytest.raises(PodGone, match="may be another account's"):
        await release(strangers_bench(sky), run)
    assert sky.bench.runs.get("run-01").state is RunState.RUNNING
    assert sky.live() == [run.pod_id]


@in_virtual_time
async def test_no_second_pod_of_a_run_is_rented_in_another_account(tmp_path: Path) -> None:
    sky = Sky(tmp_path)
    run = await running(sky)
    with pytest.raises(PodGone):
        await launch(strangers_bench(sky), plan(), sky.keys)
    assert sky.posts() == 1
    assert sky.live() == [run.pod_id]


@pytest.mark.parametrize("proof", ["secrets", "account"])
def test_a_pod_of_this_account_that_is_gone_is_lost_also_for_a_process_that_never_saw_it(
    tmp_path: Path, proof: str
) -> None:
    @in_virtual_time
    async def check() -> None:
        sky = Sky(tmp_path)
        if proof == "account":
            sky.world.extras.switch_off("secrets")
            options = {"account_id": sky.world.account.id, "secrets_in_plain": True}
        else:
            options = {}
        run = await running(sky, **options)
        assert bool(run.secret_names) is (proof == "secrets")
        sky.world.kill_host(sky.world.pods[run.pod_id])
        assert (await end_of(sky.open_bench(), run)).end_reason is EndReason.LOST

    check()


@in_virtual_time
async def test_where_nothing_proves_the_account_the_deadline_decides(tmp_path: Path) -> None:
    sky = Sky(tmp_path)
    sky.world.extras.switch_off("secrets")
    run = await running(sky, secrets_in_plain=True)
    sky.world.kill_host(sky.world.pods[run.pod_id])
    other = sky.open_bench()
    with pytest.raises(PodGone):
        await end_of(other, run)
    await other.clock.sleep(3_600 + 300)
    assert (await end_of(other, run)).end_reason is EndReason.LOST


@in_virtual_time
async def test_what_the_pod_delivered_of_its_end_is_believed_with_any_key(tmp_path: Path) -> None:
    sky = Sky(tmp_path)
    run = await launch(sky.bench, plan(), sky.keys)
    await sky.bench.clock.sleep(600)
    assert (await end_of(strangers_bench(sky), run)).end_reason is EndReason.FINISHED


@in_virtual_time
async def test_without_a_token_that_reads_the_results_a_run_is_not_taken_for_lost(
    tmp_path: Path,
) -> None:
    sky = Sky(tmp_path)
    run = await launch(sky.bench, plan(), sky.keys)
    await sky.bench.clock.sleep(120)
    assert sky.live() == []
    sky.world.pods[run.pod_id].log.forget_container()
    nobody = sky.hub_of(None)
    tokenless = replace(sky.bench, hub=HubAccess(nobody, nobody, run_blocking=at_once))
    with pytest.raises(NotConfigured, match=f"How it ended stands in {REPO}") as caught:
        await end_of(tokenless, run)
    assert "hf-upload" in caught.value.hint
    assert [each.run.run_id for each in (await reap(tokenless)).left_open] == ["run-01"]
    assert (await end_of(sky.open_bench(), run)).end_reason is EndReason.FINISHED
