"""A machine that failed its trial is remembered: left out where there are others, given back when it comes again."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from launcher.cli.terminal.next_steps import in_terminal
from launcher.domain.offer import Offer
from launcher.domain.run import Run
from launcher.errors import RunFailed
from launcher.services.common.observations import EventSeen
from launcher.services.common.record_observation import note
from launcher.services.common.run_secrets import TokenEnvironment
from launcher.services.launching.bad_hosts import bad_hosts, findings_on_bad_hosts, steered
from launcher.services.launching.launch import launch
from launcher.services.launching.orders import new_attempt, pod_order
from launcher.stores.runs import RecordKind
from pod_image.contract.bodies import ArmedReport
from pod_image.contract.events import stamped
from pod_image.contract.outcomes import EndReason
from tests.kit.clouds import GPU, RESULTS_REPO
from tests.kit.plans import offer, plan
from tests.kit.virtual_time import in_virtual_time
from tests.services.harness import LauncherHarness

SECOND = offer("NVIDIA RTX A5000", "RTX A5000", 0.27)


def places(harness: LauncherHarness) -> tuple[str, ...]:
    """Where the first GPU is free, the fullest first: there the cloud puts a pod that names no place."""
    return tuple(harness.world.catalogue.places(GPU, 1, "SECURE", []))


def here(harness: LauncherHarness, *names: str) -> Offer:
    return offer(data_centers=names or places(harness))


async def failed_once(harness: LauncherHarness, *candidates: Offer) -> Run:
    """The failing attempt of a launch that found its pod in the first place."""
    harness.script.lame_in = {places(harness)[0]}
    await launch(harness.bench, plan("run-01", *candidates), harness.keys)
    return harness.bench.runs.attempts(RESULTS_REPO, "run-01")[-1]


@in_virtual_time
async def test_after_a_bad_machine_the_same_gpu_is_tried_in_another_data_centre(
    tmp_path: Path,
) -> None:
    harness = LauncherHarness(tmp_path)
    bad = await failed_once(harness, here(harness), SECOND)
    run = harness.bench.runs.get("run-01")
    assert (run.attempt, run.gpu_name) == (2, "RTX 4090")
    assert harness.live() == [run.pod_id]
    assert bad.end_reason is EndReason.BOOT_FAILED
    assert "0.2 TFLOP/s" in bad.detail
    first, second = (harness.world.pods[each].centre_id for each in (bad.pod_id, run.pod_id))
    assert first == places(harness)[0] != second


@in_virtual_time
async def test_what_the_machine_was_is_kept_with_its_attempt(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    bad = await failed_once(harness, here(harness), SECOND)
    (host,) = bad_hosts(harness.bench)
    place = places(harness)[0]
    assert (host.gpu_name, host.data_center, host.ids) == (
        "RTX 4090",
        place,
        frozenset({f"GPU-of-{place}"}),
    )
    assert host.why == "gpu: 0.2 TFLOP/s; it should do over 1"
    assert harness.bench.runs.kept(bad, RecordKind.MACHINE) is not None


@in_virtual_time
async def test_a_later_launch_orders_around_the_bad_machine_and_its_plan_says_so(
    tmp_path: Path,
) -> None:
    harness = LauncherHarness(tmp_path)
    await failed_once(harness, here(harness), SECOND)
    bad = bad_hosts(harness.bench)
    (steered_one,) = steered([here(harness)], bad)
    place = places(harness)[0]
    assert steered_one.avoids == (place,)
    assert place not in steered_one.data_centers
    (finding,) = findings_on_bad_hosts([steered_one], bad)
    assert in_terminal(finding.message).startswith(
        f"{place} is not used for RTX 4090: a machine with RTX 4090"
    )
    wanted = plan("run-02", steered_one)
    order = pod_order(
        harness.bench, wanted, new_attempt(harness.bench, wanted), steered_one, TokenEnvironment()
    )
    assert order.data_centers == steered_one.data_centers


@in_virtual_time
async def test_a_gpu_that_is_free_nowhere_else_comes_last(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    await failed_once(harness, here(harness), SECOND)
    bad = bad_hosts(harness.bench)
    only = here(harness, places(harness)[0])
    assert steered([only, SECOND], bad) == (SECOND, only)
    (finding,) = findings_on_bad_hosts([SECOND, only], bad)
    assert "is tried last" in in_terminal(finding.message)
    assert steered([offer()], bad) == (offer(),)  # a provider that names no place


@in_virtual_time
async def test_the_same_machine_again_is_given_back_at_once_for_the_next_offer(
    tmp_path: Path,
) -> None:
    harness = LauncherHarness(tmp_path)
    await failed_once(harness, here(harness), SECOND)
    harness.script.lame_in = set()  # it does well now, and nobody trusts it
    wanted = plan("run-02", offer(), SECOND)  # as a plan made before the other launch
    run = await launch(harness.bench, wanted, harness.keys)
    assert (run.attempt, run.gpu_name) == (2, "RTX A5000")
    first = harness.bench.runs.attempts(RESULTS_REPO, "run-02")[-1]
    assert "the same machine again" in first.detail
    assert run.pod_id in harness.live()
    assert first.pod_id not in harness.live()


@in_virtual_time
async def test_where_there_is_nothing_else_a_machine_that_does_well_now_will_do(
    tmp_path: Path,
) -> None:
    harness = LauncherHarness(tmp_path)
    await failed_once(harness, here(harness), SECOND)
    harness.script.lame_in = set()
    run = await launch(harness.bench, plan("run-02", offer()), harness.keys)
    assert run.attempt == 1
    assert harness.world.pods[run.pod_id].centre_id == places(harness)[0]


@in_virtual_time
async def test_bad_machines_everywhere_end_the_launch_with_nothing_rented(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    harness.script.lame_in = set(places(harness))
    with pytest.raises(RunFailed, match="cannot do the run: gpu"):
        await launch(harness.bench, plan("run-01", here(harness)), harness.keys)
    assert len(harness.world.pods) == 3
    assert harness.live() == []


@in_virtual_time
async def test_a_bad_machine_is_forgotten_after_a_week_and_a_good_one_never_remembered(
    tmp_path: Path,
) -> None:
    harness = LauncherHarness(tmp_path)
    bad = await failed_once(harness, here(harness), SECOND)
    assert len(bad_hosts(harness.bench)) == 1
    harness.bench.runs.update(bad, planned_at=bad.planned_at - timedelta(days=8))
    assert bad_hosts(harness.bench) == ()


def test_a_finding_is_made_for_offers_that_are_steered_alone() -> None:
    assert findings_on_bad_hosts([offer(), replace(offer(), avoids=("EU-RO-1",))], ()) == ()


@in_virtual_time
async def test_a_container_that_is_started_again_does_not_wipe_out_what_the_trial_said(
    tmp_path: Path,
) -> None:
    harness = LauncherHarness(tmp_path)
    run = await launch(harness.bench, plan(), harness.keys)
    before = harness.bench.runs.kept(run, RecordKind.MACHINE)
    again = stamped(ArmedReport(works=True), at=harness.bench.clock.now(), run_id="run-01", seq=99)
    note(harness.bench, run, EventSeen(again))
    assert harness.bench.runs.kept(run, RecordKind.MACHINE) == before
    assert before is not None
    assert before["tried"] == {"gpu": "55 TFLOP/s"}
