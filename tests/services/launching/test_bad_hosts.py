"""A machine that failed its trial is remembered: left out where there are others, given back when it comes again."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from launcher.domain.offer import Offer
from launcher.domain.run import Run
from launcher.errors import RunFailed
from launcher.services.common.observations import EventSeen
from launcher.services.common.record_observation import note
from launcher.services.common.run_secrets import TokenEnvironment
from launcher.services.launching.bad_hosts import bad_hosts, remarks_on_bad_hosts, steered
from launcher.services.launching.launch import launch
from launcher.services.launching.orders import new_attempt, pod_order
from launcher.stores.runs import RecordKind
from pod_image.contract.events import ArmedEvent
from pod_image.contract.outcomes import EndReason
from tests.kit.virtual_time import in_virtual_time
from tests.services.sky import GPU, REPO, Sky, offer, plan

SECOND = offer("NVIDIA RTX A5000", "RTX A5000", 0.27)


def places(sky: Sky) -> tuple[str, ...]:
    """Where the first GPU is free, the fullest first: there the cloud puts a pod that names no place."""
    return tuple(sky.world.catalogue.places(GPU, 1, "SECURE", []))


def here(sky: Sky, *names: str) -> Offer:
    return offer(data_centers=names or places(sky))


async def failed_once(sky: Sky, *candidates: Offer) -> Run:
    """The failing attempt of a launch that found its pod in the first place."""
    sky.script.lame_in = {places(sky)[0]}
    await launch(sky.bench, plan("run-01", *candidates), sky.keys)
    return sky.bench.runs.attempts(REPO, "run-01")[-1]


@in_virtual_time
async def test_after_a_bad_machine_the_same_gpu_is_tried_in_another_data_centre(
    tmp_path: Path,
) -> None:
    sky = Sky(tmp_path)
    bad = await failed_once(sky, here(sky), SECOND)
    run = sky.bench.runs.get("run-01")
    assert (run.attempt, run.gpu_name) == (2, "RTX 4090")
    assert sky.live() == [run.pod_id]
    assert bad.end_reason is EndReason.BOOT_FAILED
    assert "0.2 TFLOP/s" in bad.detail
    first, second = (sky.world.pods[each].centre_id for each in (bad.pod_id, run.pod_id))
    assert first == places(sky)[0] != second


@in_virtual_time
async def test_what_the_machine_was_is_kept_with_its_attempt(tmp_path: Path) -> None:
    sky = Sky(tmp_path)
    bad = await failed_once(sky, here(sky), SECOND)
    (host,) = bad_hosts(sky.bench)
    place = places(sky)[0]
    assert (host.gpu_name, host.data_center, host.ids) == (
        "RTX 4090",
        place,
        {f"GPU-of-{place}"},
    )
    assert host.why == "gpu: 0.2 TFLOP/s; it should do over 1"
    assert sky.bench.runs.kept(bad, RecordKind.MACHINE) is not None


@in_virtual_time
async def test_a_later_launch_orders_around_the_bad_machine_and_its_plan_says_so(
    tmp_path: Path,
) -> None:
    sky = Sky(tmp_path)
    await failed_once(sky, here(sky), SECOND)
    bad = bad_hosts(sky.bench)
    (steered_one,) = steered([here(sky)], bad)
    place = places(sky)[0]
    assert steered_one.avoids == (place,)
    assert place not in steered_one.data_centers
    (remark,) = remarks_on_bad_hosts([steered_one], bad)
    assert remark.message.startswith(f"{place} is left out for RTX 4090: a machine with RTX 4090")
    wanted = plan("run-02", steered_one)
    order = pod_order(
        sky.bench, wanted, new_attempt(sky.bench, wanted), steered_one, TokenEnvironment()
    )
    assert order.data_centers == steered_one.data_centers


@in_virtual_time
async def test_a_gpu_that_is_free_nowhere_else_comes_last(tmp_path: Path) -> None:
    sky = Sky(tmp_path)
    await failed_once(sky, here(sky), SECOND)
    bad = bad_hosts(sky.bench)
    only = here(sky, places(sky)[0])
    assert steered([only, SECOND], bad) == (SECOND, only)
    (remark,) = remarks_on_bad_hosts([SECOND, only], bad)
    assert "is tried last" in remark.message
    assert steered([offer()], bad) == (offer(),)  # a provider that names no place


@in_virtual_time
async def test_the_same_machine_again_is_given_back_at_once_for_the_next_offer(
    tmp_path: Path,
) -> None:
    sky = Sky(tmp_path)
    await failed_once(sky, here(sky), SECOND)
    sky.script.lame_in = set()  # it does well now, and nobody trusts it
    wanted = plan("run-02", offer(), SECOND)  # as a plan made before the other launch
    run = await launch(sky.bench, wanted, sky.keys)
    assert (run.attempt, run.gpu_name) == (2, "RTX A5000")
    first = sky.bench.runs.attempts(REPO, "run-02")[-1]
    assert "the same machine again" in first.detail
    assert run.pod_id in sky.live()
    assert first.pod_id not in sky.live()


@in_virtual_time
async def test_where_there_is_nothing_else_a_machine_that_does_well_now_will_do(
    tmp_path: Path,
) -> None:
    sky = Sky(tmp_path)
    await failed_once(sky, here(sky), SECOND)
    sky.script.lame_in = set()
    run = await launch(sky.bench, plan("run-02", offer()), sky.keys)
    assert run.attempt == 1
    assert sky.world.pods[run.pod_id].centre_id == places(sky)[0]


@in_virtual_time
async def test_bad_machines_everywhere_end_the_launch_with_nothing_rented(tmp_path: Path) -> None:
    sky = Sky(tmp_path)
    sky.script.lame_in = set(places(sky))
    with pytest.raises(RunFailed, match="not fit for the run: gpu"):
        await launch(sky.bench, plan("run-01", here(sky)), sky.keys)
    assert len(sky.world.pods) == 3
    assert sky.live() == []


@in_virtual_time
async def test_a_bad_machine_is_forgotten_after_a_week_and_a_good_one_never_remembered(
    tmp_path: Path,
) -> None:
    sky = Sky(tmp_path)
    bad = await failed_once(sky, here(sky), SECOND)
    assert len(bad_hosts(sky.bench)) == 1
    sky.bench.runs.update(bad, planned_at=bad.planned_at - timedelta(days=8))
    assert bad_hosts(sky.bench) == ()


def test_a_remark_is_made_for_offers_that_are_steered_alone() -> None:
    assert remarks_on_bad_hosts([offer(), replace(offer(), avoids=("EU-RO-1",))], ()) == ()


@in_virtual_time
async def test_a_container_that_is_started_again_does_not_wipe_out_what_the_trial_said(
    tmp_path: Path,
) -> None:
    sky = Sky(tmp_path)
    run = await launch(sky.bench, plan(), sky.keys)
    before = sky.bench.runs.kept(run, RecordKind.MACHINE)
    again = ArmedEvent(at=sky.bench.clock.now(), run_id="run-01", seq=99, works=True)
    note(sky.bench, run, EventSeen(again))
    assert sky.bench.runs.kept(run, RecordKind.MACHINE) == before
    assert before is not None
    assert before["tried"] == {"gpu": "55 TFLOP/s"}
