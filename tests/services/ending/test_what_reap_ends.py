"""What reap releases, closes and removes by what the account has now, and what it leaves alone."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from launcher.domain.pod import Pod, PodName
from launcher.domain.run import RunState
from launcher.errors import ProviderUnavailable, RentUnclear
from launcher.providers.runpod.provider import RunPodProvider
from launcher.services.common.intents import intents_of
from launcher.services.ending.reap import reap
from launcher.services.ending.release import release
from launcher.services.launching.launch import launch
from pod_image.contract.environment import RUN_VARIABLE
from pod_image.contract.outcomes import EndReason
from tests.kit.clouds import GPU
from tests.kit.plans import plan
from tests.kit.virtual_time import in_virtual_time
from tests.services.harness import LauncherHarness
from tests.services.living import end_of, running


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
