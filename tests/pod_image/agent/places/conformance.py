"""The pod's half of a place: what any has to do, whatever it is. A new place brings a stage and inherits the tests."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Protocol

import httpx
import pytest

from pod_image.agent.places import own_pod, told_pod
from pod_image.agent.places.base import OwnPod, PodUnreadable
from pod_image.agent.release import release_for_ever
from pod_image.agent.timing import Timing
from pod_image.contract.environment import RUN_VARIABLE
from pod_image.contract.places import PLACES, is_pod
from tests.kit.clocks import MachineClock
from tests.kit.virtual_time import in_virtual_time, now_seconds

TIMING = Timing()


class PodStage(Protocol):
    """One pod at the place, in a stand-in for it. Made inside a loop of virtual time."""

    environment: Mapping[str, str]
    """As its container gets it."""

    def http(self) -> httpx.AsyncClient: ...

    @property
    def is_paid(self) -> bool:
        """Whether the pod still costs what a running one does."""
        ...

    def remove(self) -> None:
        """The pod is gone, by another hand."""
        ...

    def silence(self) -> None:
        """The place does not answer from now on."""
        ...


class PodPlaceConformance:
    """Inherit, name the place, and say how a stage of it is made."""

    place: str
    ends_its_price = True
    """Its ways are taken. Else nobody has shown that they are, and somebody else has to end it."""

    def stage(self, folder: Path) -> PodStage:
        raise NotImplementedError

    def pod(self, stage: PodStage) -> OwnPod:
        return own_pod(stage.environment, stage.http)

    @in_virtual_time
    async def test_a_pod_knows_where_it_is_and_who(self, tmp_path: Path) -> None:
        stage = self.stage(tmp_path)
        pod = self.pod(stage)
        assert is_pod(stage.environment)
        assert pod.pod_id
        assert pod.as_told()["place"] == self.place
        assert pod.title
        assert not pod.powerless

    @in_virtual_time
    async def test_every_name_of_the_protocol_is_there(self, tmp_path: Path) -> None:
        pod = self.pod(self.stage(tmp_path))
        names = [name for name in vars(OwnPod) if not name.startswith("_")]
        assert len(names) > 8
        assert [name for name in names if not hasattr(pod, name)] == []

    @in_virtual_time
    async def test_a_pod_that_was_not_told_its_place_finds_it_by_its_environment(
        self, tmp_path: Path
    ) -> None:
        stage = self.stage(tmp_path)
        for document in ("", "no JSON", "[]", '{"place": 3}', '{"place": "nowhere"}'):
            environment = {**stage.environment, RUN_VARIABLE: document}
            assert own_pod(environment, stage.http).as_told()["place"] == self.place

    @in_virtual_time
    async def test_what_is_no_pod_has_no_id(self, tmp_path: Path) -> None:
        stage = self.stage(tmp_path)
        marker = PLACES[self.place].pod_id
        bare = {name: text for name, text in stage.environment.items() if name != marker}
        assert not is_pod(bare)
        assert not own_pod(bare, stage.http).pod_id

    @in_virtual_time
    async def test_a_pod_reads_when_it_was_made_and_what_it_costs(self, tmp_path: Path) -> None:
        reading = await self.pod(self.stage(tmp_path)).read()
        assert reading.created_at is not None
        assert abs(reading.created_at - now_seconds()) < 60
        assert reading.price_per_hour_usd is None or reading.price_per_hour_usd >= 0
        assert reading.server_time is None or abs(reading.server_time - now_seconds()) < 60

    @in_virtual_time
    async def test_a_pod_that_is_gone_is_told_so_for_good(self, tmp_path: Path) -> None:
        stage = self.stage(tmp_path)
        pod = self.pod(stage)
        stage.remove()
        with pytest.raises(PodUnreadable) as caught:
            await pod.read()
        assert caught.value.is_final
        assert all([await pod.take(way.name) for way in pod.ways])

    @in_virtual_time
    async def test_a_silent_place_is_worth_another_try_and_takes_no_way(
        self, tmp_path: Path
    ) -> None:
        stage = self.stage(tmp_path)
        pod = self.pod(stage)
        stage.silence()
        if pod.ways:
            with pytest.raises(PodUnreadable) as caught:
                await pod.read()
            assert not caught.value.is_final
        assert not any([await pod.take(way.name) for way in pod.ways])

    @in_virtual_time
    async def test_each_way_ends_the_price(self, tmp_path: Path) -> None:
        for number in range(len(self.pod(self.stage(tmp_path / "a")).ways)):
            stage = self.stage(tmp_path / str(number))
            pod = self.pod(stage)
            way = pod.ways[number]
            assert stage.is_paid
            assert await pod.take(way.name) is self.ends_its_price
            assert stage.is_paid is not self.ends_its_price

    @in_virtual_time
    async def test_the_first_way_leaves_nothing(self, tmp_path: Path) -> None:
        ways = self.pod(self.stage(tmp_path)).ways
        assert not any(way.leaves_something for way in ways[:1])
        assert len({way.name for way in ways}) == len(ways)

    @in_virtual_time
    async def test_another_process_is_told_the_pod_and_can_do_the_same(
        self, tmp_path: Path
    ) -> None:
        stage = self.stage(tmp_path)
        pod = self.pod(stage)
        over_a_pipe = json.loads(json.dumps(dict(pod.as_told())))
        told = told_pod(over_a_pipe, stage.http)
        assert told.as_told() == pod.as_told()
        assert await told.read() == await pod.read()
        for way in told.ways[:1]:
            assert await told.take(way.name) is self.ends_its_price
            assert stage.is_paid is not self.ends_its_price

    @in_virtual_time
    async def test_no_key_is_shown(self, tmp_path: Path) -> None:
        stage = self.stage(tmp_path)
        key = stage.environment.get(PLACES[self.place].key or "no such variable")
        assert key is None or key not in repr(self.pod(stage))

    @in_virtual_time
    async def test_the_release_ends_the_price_and_returns_only_where_the_container_ends_the_pod(
        self, tmp_path: Path
    ) -> None:
        stage, said = self.stage(tmp_path), list[str]()
        pod = self.pod(stage)
        has_returned = await _released(pod, said.append)
        assert has_returned is not bool(pod.ways)
        if not self.ends_its_price:
            assert "The pod could not be released yet" in said[0]
            assert len(said) > 3  # it goes on trying
            assert stage.is_paid
            return
        assert "The pod is released" in said[0]
        assert stage.is_paid is has_returned


async def _released(pod: OwnPod, say: Callable[[str], None]) -> bool:
    """Whether it came back within some minutes."""
    with suppress(TimeoutError):
        async with asyncio.timeout(TIMING.gone_seconds / 2):
            await release_for_ever(pod, MachineClock(), TIMING, say)
            return True
    return False
