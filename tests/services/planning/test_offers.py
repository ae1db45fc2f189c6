"""Offers of several places, and how long one is waited for."""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from launcher.domain.offer import Offer
from launcher.errors import NotConfigured, NothingAvailable
from launcher.providers.base import Provider
from launcher.providers.local.provider import LocalProvider
from launcher.providers.registry import place_named
from launcher.providers.ssh.provider import NoHost
from launcher.services.common.boot_budget import start_seconds
from launcher.services.common.observations import RunEnded
from launcher.services.common.workbench import NoProvider
from launcher.services.following.watch import watch
from launcher.services.launching.launch import launch
from launcher.services.planning.compose import compose
from launcher.services.planning.offers import look_for_offers, wait_for_stock
from tests.kit.clocks import LoopClock
from tests.kit.plans import plan
from tests.kit.virtual_time import in_virtual_time
from tests.providers.meadow import MEADOW, Meadow, MeadowProvider
from tests.providers.own_stage import OwnStage
from tests.services.harness import LauncherHarness

COMMAND: dict[str, Any] = {"recipe": "command", "argv": ["true"]}


@in_virtual_time
async def test_a_machine_of_ones_own_ends_no_waiting_for_one_to_rent(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    harness.world.catalogue.stock = {}
    bench = replace(harness.bench, others={"meadow": MeadowProvider(Meadow())})  # always free
    settings = compose(None, {"recipe": "command", "argv": ["true"]}, check_required=False).settings
    with pytest.raises(NothingAvailable):
        await wait_for_stock(bench, settings, (), timedelta(minutes=1))
    found = await wait_for_stock(bench, settings, ("meadow",), timedelta(minutes=1))
    assert [each.place.name for each in found.fitting] == ["meadow"]


@in_virtual_time
async def test_a_key_that_is_refused_elsewhere_ends_no_waiting(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    bench = replace(harness.bench, others={"vault": Vault(Meadow())})
    settings = compose(None, COMMAND, check_required=False).settings
    found = await wait_for_stock(bench, settings, (), timedelta(minutes=1))
    assert {each.place.name for each in found.fitting} == {"runpod"}
    assert [str(each) for each in found.troubles] == ["the vault: It refused the key."]
    with pytest.raises(NotConfigured):
        await wait_for_stock(bench, settings, ("vault",), timedelta(minutes=1))
    alone = replace(bench, provider=bench.others["vault"], others={})
    with pytest.raises(NotConfigured):
        await wait_for_stock(alone, settings, (), timedelta(minutes=1))


@in_virtual_time
async def test_what_was_found_while_waiting_is_not_asked_for_again(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    settings = compose(None, COMMAND, check_required=False).settings
    meadow = CountingMeadow(Meadow())
    bench = replace(harness.bench, others={"meadow": meadow})
    await wait_for_stock(bench, settings, ("meadow",), timedelta(minutes=1))
    assert meadow.looks == 1


@in_virtual_time
async def test_this_computer_is_offered_before_anything_ran_there_and_is_not_in_use_by_that(
    tmp_path: Path,
) -> None:
    harness = LauncherHarness(tmp_path)
    stage = own_machine(tmp_path)
    bench = replace(harness.bench, others={"local": stage.provider, "ssh": NoHost()})
    settings = compose(None, COMMAND, check_required=False).settings
    found = await look_for_offers(bench, settings)
    first = found.fitting[0]
    assert (first.place.name, first.offer.gpu_type, first.most_usd) == ("local", "cpu", 0.0)
    assert {each.place.name for each in found.offers} == {"local", "runpod"}
    assert found.troubles == ()
    assert [each.place.name for each in bench.everywhere()] == ["runpod"]
    (told,) = found.notes
    assert told.place.name == "local"
    assert {"runs_as_you", "own_machine"} <= {str(each.code) for each in told.findings}


@in_virtual_time
async def test_a_computer_without_a_gpu_does_not_count_as_a_free_gpu(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    bench = replace(harness.bench, others={"local": own_machine(tmp_path).provider})
    settings = compose(None, COMMAND, check_required=False).settings
    assert (await look_for_offers(bench, settings)).has_gpu
    harness.world.catalogue.stock = {}
    found = await look_for_offers(bench, settings)
    assert [each.place.name for each in found.fitting] == ["local"]
    assert not found.has_gpu


@in_virtual_time
async def test_who_has_no_key_sees_this_computer_and_what_is_missing(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    nobody = cast(Provider, NoProvider(harness.bench.place))
    own = {"local": own_machine(tmp_path).provider}
    settings = compose(None, COMMAND, check_required=False).settings
    found = await look_for_offers(replace(harness.bench, provider=nobody, others=own), settings)
    assert [each.place.name for each in found.offers] == ["local"]
    assert "RunPod: There is no" in str(found.troubles[0])
    with pytest.raises(NotConfigured):
        await look_for_offers(replace(harness.bench, provider=nobody, others={}), settings)


@in_virtual_time
async def test_a_command_is_estimated_by_ones_own_finished_run_of_it(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    settings = compose(None, COMMAND, check_required=False).settings
    before = await look_for_offers(harness.bench, settings)
    assert {each.estimate for each in before.offers} == {None}
    run = await launch(harness.bench, plan(), harness.keys)
    async with aclosing(watch(harness.bench, run)) as observations:
        seen = [each async for each in observations]
    end = seen[-1]
    assert isinstance(end, RunEnded)
    found = await look_for_offers(harness.bench, settings)
    same = [each for each in found.fitting if each.offer.gpu_name == end.run.gpu_name]
    assert same
    lasted = end.run.lasted_seconds()
    for each in same:
        assert each.estimate is not None
        assert each.estimate.hours * 3600 == pytest.approx(lasted)
        assert "your run run-01 with the same settings" in each.estimate.basis
    other = compose(None, {**COMMAND, "argv": ["false"]}, check_required=False).settings
    assert {each.estimate for each in (await look_for_offers(harness.bench, other)).offers} == {
        None
    }


def test_the_time_to_start_goes_by_the_place_and_the_image() -> None:
    settings = compose(None, COMMAND, check_required=False).settings
    rented, own = (start_seconds(settings, place_named(name)) for name in ("runpod", "local"))
    assert own == 30.0  # no image is fetched
    # Half of what the slowest machine takes.
    assert rented == pytest.approx((4 + 2.75 * 1000 / 10 / 60) * 60 / 2)
    assert start_seconds(settings, place_named("runpod"), 10.0) > rented


class CountingMeadow(MeadowProvider):
    looks = 0

    async def offers(self, *asked: Any, **named: Any) -> list[Offer]:
        self.looks += 1
        return await super().offers(*asked, **named)


class Vault(MeadowProvider):
    """Refuses its key, and tells its stock to those whose key it takes."""

    place = replace(
        MEADOW, name="vault", title="the vault", key=place_named("runpod").key, tells_stock=True
    )

    async def offers(self, *asked: Any, **named: Any) -> list[Offer]:
        raise NotConfigured("It refused the key.", hint="Give another one.")


def own_machine(folder: Path) -> OwnStage:
    """This computer without a GPU, where nothing of ours ever ran."""
    stage = OwnStage(
        folder / "own",
        lambda machine: LocalProvider(runs=folder / "never", machine=machine, clock=LoopClock()),
    )
    stage.machine.without_gpus()
    return stage
