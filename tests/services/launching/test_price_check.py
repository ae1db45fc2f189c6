"""A pod that costs more than was agreed is given back at once; the next agreed offer may be tried."""

from __future__ import annotations

from pathlib import Path

import pytest

from launcher.cli.terminal.next_steps import in_terminal
from launcher.domain.run import RunState
from launcher.errors import NothingAvailable, OverLimit, RunFailed
from launcher.providers.registry import default_place
from launcher.services.launching.launch import launch
from launcher.services.launching.price_check import DearerThanAgreed, check_price
from launcher.services.launching.progress import Progress, Stage
from pod_image.contract.outcomes import EndReason
from tests.kit.plans import offer, plan
from tests.kit.virtual_time import in_virtual_time
from tests.services.harness import LauncherHarness, Lethal, killed

A5000 = offer("NVIDIA RTX A5000", "RTX A5000", 0.27)
SAID = (
    "RunPod charges $1.03 an hour for this RTX 4090, but $0.69 was agreed. It is released at once."
)


@pytest.mark.promise("money-launch")
@in_virtual_time
async def test_a_pod_more_expensive_than_agreed_is_released_at_once_and_the_run_says_so(
    tmp_path: Path,
) -> None:
    harness = LauncherHarness(tmp_path)
    harness.world.faults.switch_on("dearer-than-listed")
    told: list[Progress] = []
    with pytest.raises(NothingAvailable) as caught:
        await launch(harness.bench, plan(), harness.keys, told.append)
    assert in_terminal(caught.value.message).startswith(SAID)
    assert "plan again" in in_terminal(caught.value.hint)
    assert harness.live() == []
    assert harness.loop.time() < 10
    run = harness.bench.runs.get("run-01")
    assert (run.state, run.end_reason) == (RunState.ENDED, EndReason.BOOT_FAILED)
    assert run.detail == SAID
    assert run.price_per_hour_usd == pytest.approx(1.035)
    assert any(SAID in each.text for each in told if each.stage is Stage.REFUSED)


@in_virtual_time
async def test_the_next_candidate_of_the_plan_is_tried_at_its_own_price(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    harness.world.faults.switch_on("dearer-than-listed", times=1)
    run = await launch(harness.bench, plan("run-01", offer(), A5000), harness.keys)
    assert (run.gpu_name, run.price_per_hour_usd, run.attempt) == ("RTX A5000", 0.27, 2)
    assert harness.live() == [run.pod_id]
    assert harness.posts() == 2


@in_virtual_time
async def test_a_dearer_pod_whose_order_had_no_answer_is_found_and_released(
    tmp_path: Path,
) -> None:
    harness = LauncherHarness(tmp_path)
    harness.world.faults.switch_on("dearer-than-listed")
    harness.world.faults.switch_on("create-500-but-rents", times=1)
    with pytest.raises(NothingAvailable, match="was agreed"):
        await launch(harness.bench, plan(), harness.keys)
    assert harness.live() == []


@in_virtual_time
async def test_the_pod_of_a_launch_that_was_cut_off_is_held_to_the_price_too(
    tmp_path: Path,
) -> None:
    harness = LauncherHarness(tmp_path)
    await killed(harness, Lethal(Stage.RENTED))
    (pod_id,) = harness.live()
    harness.world.pods[pod_id].price_usd = 2.0
    run = harness.bench.runs.get("run-01")
    harness.bench.runs.update(run, price_per_hour_usd=2.0)
    with pytest.raises(RunFailed, match="was agreed"):
        await launch(harness.open_bench(), plan(), harness.keys)
    assert harness.live() == []


@pytest.mark.parametrize("price", [0.0, 0.5, 0.69, 0.694, 0.6944 + 0.10 * 20 / 720])
def test_a_price_that_is_untold_lower_or_within_disk_and_rounding_is_as_agreed(
    price: float,
) -> None:
    settings = plan(settings={"disk_gb": 20}).settings
    check_price(price, offer(), settings, default_place())


def test_a_cent_more_is_more() -> None:
    settings = plan(settings={"disk_gb": 20}).settings
    with pytest.raises(DearerThanAgreed):
        check_price(0.70, offer(), settings, default_place())


@in_virtual_time
async def test_an_order_over_the_accounts_limit_goes_on_with_what_is_cheaper_alone(
    tmp_path: Path,
) -> None:
    harness = LauncherHarness(tmp_path)
    harness.world.account.spend_limit_usd = 0.5
    dearer = offer("NVIDIA H100 80GB HBM3", "H100", 2.69)
    run = await launch(harness.bench, plan("run-01", offer(), dearer, A5000), harness.keys)
    assert (run.gpu_name, run.attempt) == ("RTX A5000", 1)
    assert harness.posts() == 2  # the dearer one was not asked for


@pytest.mark.parametrize("limit", ["spend", "pods"])
def test_an_order_that_no_candidate_brings_within_the_limit_ends_with_where_to_ask(
    tmp_path: Path, limit: str
) -> None:
    @in_virtual_time
    async def check() -> None:
        harness = LauncherHarness(tmp_path)
        if limit == "spend":
            harness.world.account.spend_limit_usd = 0.1
        else:
            harness.world.account.most_pods = 0
        with pytest.raises(OverLimit) as caught:
            await launch(harness.bench, plan("run-01", offer(), A5000), harness.keys)
        assert "runpod.io/contact" in in_terminal(caught.value.hint)
        assert "Nothing was rented" in in_terminal(caught.value.message)
        assert harness.posts() == (2 if limit == "spend" else 1)
        assert harness.live() == []

    check()
