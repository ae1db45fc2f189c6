"""A run whose pod went while nobody watched: whoever meets it next writes down how, when and at what cost it ended."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from launcher.domain.run import Run, RunState
from launcher.errors import InvalidRequest, NotConfigured, PodGone
from launcher.hub.access import HubAccess
from launcher.services.ending.refresh import refreshed
from launcher.services.ending.release import release
from launcher.services.following.instructions import new_instruction, send
from launcher.services.following.receipts import receipt
from launcher.services.launching.launch import launch
from pod_image.contract.instructions import InstructionName
from pod_image.contract.outcomes import EndReason
from tests.kit.plans import plan
from tests.kit.virtual_time import in_virtual_time
from tests.services.harness import LauncherHarness, at_once

UNWATCHED_SECONDS = 3 * 86_400.0


async def finished_unwatched(harness: LauncherHarness) -> Run:
    """Launched, and left alone for three days."""
    run = await launch(harness.bench, plan(), harness.keys)
    await harness.bench.clock.sleep(UNWATCHED_SECONDS)
    assert harness.live() == []
    return run


def assert_finished(run: Run) -> None:
    """As the pod said it, whenever it was looked up."""
    assert (run.state, run.end_reason) == (RunState.ENDED, EndReason.FINISHED)
    assert (run.detail, run.cost_usd) == ("It is over.", 0.02)
    assert run.created_at is not None
    assert run.ended_at is not None
    assert run.ended_at - run.created_at < timedelta(minutes=3)


@in_virtual_time
async def test_an_abort_of_a_run_that_had_finished_says_that_it_finished(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    run = await finished_unwatched(harness)
    assert_finished(await release(harness.bench, run))
    assert_finished(harness.bench.runs.get("run-01"))
    assert harness.secret_names() == []


@in_virtual_time
async def test_an_abort_of_a_run_that_had_finished_but_could_not_release_itself_says_so_too(
    tmp_path: Path,
) -> None:
    harness = LauncherHarness(tmp_path)
    harness.script.releases = False
    run = await launch(harness.bench, plan(), harness.keys)
    await harness.bench.clock.sleep(600)
    assert harness.live() == [run.pod_id]
    assert_finished(await release(harness.bench, run))
    assert harness.live() == []


@in_virtual_time
async def test_an_abort_does_not_wait_long_for_a_hub_that_has_trouble(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    harness.script.ends_after = None
    run = await launch(harness.bench, plan(), harness.keys)
    harness.core.faults.switch_on("down-for-hours")
    before = harness.bench.clock.now()
    assert (await release(harness.bench, run)).end_reason is EndReason.ABORTED
    assert harness.bench.clock.now() - before < timedelta(seconds=30)


@in_virtual_time
async def test_an_abort_of_a_gone_pod_without_a_token_leaves_its_end_to_who_can_read_it(
    tmp_path: Path,
) -> None:
    harness = LauncherHarness(tmp_path)
    run = await finished_unwatched(harness)
    harness.bench.runs.update(run, deadline=harness.bench.clock.now() + timedelta(hours=1))
    nobody = harness.hub_of(None)
    tokenless = replace(harness.bench, hub=HubAccess(nobody, nobody, run_blocking=at_once))
    with pytest.raises(NotConfigured, match="How it ended is recorded in"):
        await release(tokenless, run)
    assert_finished(await release(harness.bench, run))


@in_virtual_time
async def test_an_abort_with_another_accounts_key_believes_the_pods_word(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    run = await finished_unwatched(harness)
    stranger = harness.open_bench(harness.world.add_key(account=harness.world.add_account()).value)
    assert_finished(await release(stranger, run))


@in_virtual_time
async def test_a_command_to_a_run_that_had_finished_says_how_it_ended(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    run = await finished_unwatched(harness)
    with pytest.raises(InvalidRequest, match=r"it is ended\. .*finished"):
        await send(harness.bench, run, new_instruction(InstructionName.STOP))
    assert_finished(harness.bench.runs.get("run-01"))


@in_virtual_time
async def test_a_look_at_a_run_closes_it_when_its_pod_is_gone_and_only_then(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    run = await launch(harness.bench, plan(), harness.keys)
    now, pod = await refreshed(harness.bench, run)
    assert (now.state, pod is not None) == (RunState.RUNNING, True)
    path = f"/v2/pods/{run.pod_id}"
    harness.world.faults.switch_on("server-errors", times=1, status=404, path=path, method="GET")
    assert (await refreshed(harness.bench, run))[1] is not None
    await harness.bench.clock.sleep(UNWATCHED_SECONDS)
    over, pod = await refreshed(harness.bench, run)
    assert pod is None
    assert_finished(over)


@in_virtual_time
async def test_time_and_phases_end_with_the_run_and_not_with_the_look(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    run, _ = await refreshed(harness.bench, await finished_unwatched(harness))
    found = receipt(harness.bench.runs, run)
    assert found.seconds is not None
    assert found.seconds < 180
    assert sum(part.seconds for part in found.slices) == pytest.approx(found.seconds)
    assert sum(part.cost_usd for part in found.slices) < 0.05


@in_virtual_time
async def test_a_record_alone_says_when_a_run_ended_and_where_its_time_went(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    harness.script.last_word = {"not_delivered": []}
    harness.script.says_ended = False
    run, _ = await refreshed(harness.bench, await finished_unwatched(harness))
    assert (run.end_reason, run.cost_usd) == (EndReason.FINISHED, 0.02)
    assert run.created_at is not None
    assert run.ended_at is not None
    assert run.ended_at - run.created_at < timedelta(minutes=3)
    assert [part.name for part in receipt(harness.bench.runs, run).slices] == [
        "boot",
        "train",
        "idle",
    ]


@in_virtual_time
async def test_a_record_that_does_not_say_what_is_missing_promises_nothing(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    harness.script.says_ended = False
    run, _ = await refreshed(harness.bench, await finished_unwatched(harness))
    assert (run.end_reason, run.cost_usd) == (EndReason.FINISHED, 0.02)
    assert receipt(harness.bench.runs, run).delivery is None


@in_virtual_time
async def test_a_lost_run_ends_with_its_last_sign_of_life(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    harness.script.ends_after = None
    run = await launch(harness.bench, plan(), harness.keys)
    await harness.bench.clock.sleep(60)
    harness.world.kill_host(harness.world.pods[run.pod_id])
    await harness.bench.clock.sleep(UNWATCHED_SECONDS)
    over, _ = await refreshed(harness.bench, run)
    assert over.end_reason is EndReason.LOST
    assert over.ended_at is not None
    assert over.created_at is not None
    assert over.ended_at - over.created_at < timedelta(minutes=3)
    assert over.cost_usd is not None
    assert over.cost_usd < 0.05


@in_virtual_time
async def test_a_look_at_a_run_that_may_be_another_accounts_leaves_it_open(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    harness.script.ends_after = None
    run = await launch(harness.bench, plan(), harness.keys)
    stranger = harness.open_bench(harness.world.add_key(account=harness.world.add_account()).value)
    with pytest.raises(PodGone, match="another account"):
        await refreshed(stranger, run)
    assert harness.bench.runs.get("run-01").state is RunState.RUNNING
