"""What any place does with an order of several nodes: all that it does with one, and what only clusters are asked.

A cluster promises less than a pod, and what it does not is declared here and tested as such.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

import pytest

from launcher.domain.pod import PodStatus
from launcher.errors import InvalidRequest, ProviderUnavailable, RentUnclear
from pod_image.agent.places.base import OwnPod
from pod_image.contract.common_settings import Cloud
from tests.kit.virtual_time import in_virtual_time
from tests.providers.conformance import NAME, ProviderConformance, ProviderStage


class ClusterStage(ProviderStage, Protocol):
    """`paid` counts clusters of which anything is left."""

    def members(self, pod_id: str) -> Sequence[OwnPod]:
        """Its pods, the first node first, each as its own container sees it."""
        ...

    def lose(self, pod_id: str, rank: int) -> None:
        """The machine of that node dies."""
        ...

    def place_late(self, *, is_first: bool) -> None:
        """Of the next cluster one half is in no list for a minute: that with the first node, or the other."""
        ...

    def let_members_end_all(self) -> None:
        """From now on the key of a member may end its cluster."""
        ...


class ClusterConformance(ProviderConformance):
    """Inherit, and say how a stage is made."""

    nodes = 2
    alone: tuple[str, ...] = ("delete", "terminate", "stop")
    """Ways in which a pod by itself ends, and no member of a cluster does."""
    together = "delete cluster"
    """The way in which a member tries to end all of them; nobody has shown yet that it may."""
    cannot_have: tuple[Mapping[str, Any], ...] = ({"registry": "acme"}, {"cloud": Cloud.COMMUNITY})
    """Of an order: refused before anything is sent."""

    def stage(self) -> ClusterStage:
        raise NotImplementedError

    @in_virtual_time
    async def test_its_price_is_that_of_all_its_pods(self) -> None:
        stage = self.stage()
        offer = (await stage.provider.offers(1, Cloud.ANY, (), nodes=self.nodes))[0]
        pod = await self.rented(stage)
        assert pod.is_cluster
        assert pod.price_per_hour_usd == pytest.approx(offer.price_per_hour_usd)
        each = [await member.read() for member in stage.members(pod.id)]
        # A member tells the price of all as well: the caps are counted for all of them.
        assert [reading.price_per_hour_usd for reading in each] == pytest.approx(
            [offer.price_per_hour_usd] * self.nodes
        )

    @in_virtual_time
    async def test_no_member_ends_by_itself(self) -> None:
        stage = self.stage()
        pod = await self.rented(stage)
        for member in stage.members(pod.id):
            assert [await member.take(way) for way in self.alone] == [False] * len(self.alone)
            assert [way.name for way in member.ways] == [self.together]
        assert (await stage.provider.pod(pod.id)).nodes == self.nodes

    @pytest.mark.parametrize("may", [False, True])
    @in_virtual_time
    async def test_a_member_ends_all_of_them_or_leaves_them_to_be_released(self, may: bool) -> None:
        stage = self.stage()
        other = await self.rented(stage, f"{NAME[:-1]}k")
        pod = await self.rented(stage)
        if may:
            stage.let_members_end_all()
        assert await stage.members(pod.id)[0].take(self.together) is may
        assert stage.paid == 1 + (not may)
        await stage.provider.release(pod.id)
        assert [each.id for each in await stage.provider.pods()] == [other.id]
        assert stage.paid == 1

    @in_virtual_time
    async def test_without_a_further_node_it_still_speaks_and_is_released_as_a_whole(self) -> None:
        stage = self.stage()
        pod = await self.rented(stage)
        await asyncio.sleep(60.0)
        stage.lose(pod.id, self.nodes - 1)
        seen = await stage.provider.pod(pod.id)
        assert (seen.nodes, seen.is_headless) == (self.nodes - 1, False)
        assert (await stage.provider.execute(pod.id, ("true",))).exit_code == 0
        await stage.provider.release(pod.id)
        assert stage.paid == 0

    @in_virtual_time
    async def test_without_its_first_node_it_is_headless_and_is_released_as_a_whole(self) -> None:
        stage = self.stage()
        pod = await self.rented(stage)
        await asyncio.sleep(60.0)
        stage.lose(pod.id, 0)
        seen = await stage.provider.pod(pod.id)
        assert (seen.status, seen.is_headless) == (PodStatus.ERROR, True)
        with pytest.raises(ProviderUnavailable):
            await stage.provider.execute(pod.id, ("true",))
        await stage.provider.release(pod.id)
        assert stage.paid == 0

    @in_virtual_time
    async def test_without_any_node_it_is_there_until_it_is_released(self) -> None:
        stage = self.stage()
        pod = await self.rented(stage)
        for rank in range(self.nodes):
            stage.lose(pod.id, rank)
        found = await stage.provider.find(NAME)
        assert found is not None
        assert (found.id, found.nodes, stage.paid) == (pod.id, 0, 1)
        await stage.provider.release(pod.id)
        assert stage.paid == 0

    @pytest.mark.parametrize("is_first", [False, True])
    @in_virtual_time
    async def test_pods_that_are_placed_late_are_of_it_from_the_beginning(
        self, is_first: bool
    ) -> None:
        stage = self.stage()
        stage.place_late(is_first=is_first)
        stage.lose_the_next_answer()
        with pytest.raises(RentUnclear):
            await self.rented(stage)
        begun = await stage.provider.find(NAME)
        assert begun is not None
        assert (begun.nodes, begun.is_headless) == (1, is_first)
        assert begun.status is not PodStatus.ERROR
        await asyncio.sleep(90.0)
        whole = await stage.provider.find(NAME)
        assert whole is not None
        assert (whole.id, whole.nodes, whole.is_headless) == (begun.id, self.nodes, False)
        late = await self.rented(stage, f"{NAME[:-1]}k")
        await stage.provider.release(late.id)
        assert stage.paid == 1

    @in_virtual_time
    async def test_what_a_cluster_cannot_have_is_refused_before_anything_is_sent(self) -> None:
        stage = self.stage()
        order = await self.order(stage)
        before = stage.asked
        for wrong in self.cannot_have:
            with pytest.raises(InvalidRequest):
                await stage.provider.rent(replace(order, **wrong))
            with pytest.raises(InvalidRequest):
                stage.provider.planned_requests(replace(order, **wrong), {})
        assert (stage.asked, stage.paid) == (before, 0)
