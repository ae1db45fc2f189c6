"""RunPod clusters as the place of a simulated run: their pods as one, a training that all share, who watches."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from launcher.domain.run import Run
from launcher.emulator.runpod.pods import Membership, Pod
from launcher.emulator.runpod.runner import Container
from launcher.providers.runpod.clusters import our_id
from launcher.services.common.workbench import Workbench
from launcher.services.ending.watched import watched
from launcher.services.following.watch import watch
from tests.kit.virtual_time import now_seconds
from tests.simulation.strangers import strangers_pods
from tests.simulation.trainer import Machine, ScriptedStage

if TYPE_CHECKING:
    from tests.simulation.homes import Laptop
    from tests.simulation.world import World

MEETING_SECONDS = 1_800.0
"""How long the nodes wait for each other before the first step."""
COLLECTIVE_SECONDS = 600.0
"""How long they wait for one that falls silent in the middle."""
STRANGERS_CLUSTER = "strangers1"


@dataclass(frozen=True)
class RentedCluster:
    """All pods of one cluster with the fields of one, so that both are judged alike; known by the id of the first,
    which alone has results."""

    cluster_id: str
    nodes: tuple[Pod, ...] = field(repr=False)

    @property
    def id(self) -> str:
        return self.nodes[0].id

    @property
    def run_pod_id(self) -> str:
        """As the launcher calls it."""
        return our_id(self.cluster_id)

    @property
    def is_live(self) -> bool:
        """As long as one of them costs money."""
        return any(pod.is_live for pod in self.nodes)

    @property
    def status(self) -> str:
        return next((pod.status for pod in self.nodes if pod.is_live), "TERMINATED")

    @property
    def created_at(self) -> float:
        return self.nodes[0].created_at

    @property
    def started_at(self) -> float | None:
        return self.nodes[0].started_at

    @property
    def name(self) -> str:
        """As it was ordered: each pod is called by that and its number."""
        return self.nodes[0].name.removesuffix("-0")

    @property
    def env(self) -> Mapping[str, str]:
        return self.nodes[0].env

    @property
    def price_usd(self) -> float:
        return sum(pod.price_usd for pod in self.nodes)

    @property
    def container(self) -> Container | None:
        return self.nodes[0].container

    @property
    def headless_since(self) -> float | None:
        """Since when nobody can deliver any more."""
        return None if self.nodes[0].is_live else self.nodes[0].gone_at

    @property
    def broken_since(self) -> float | None:
        """Since when one of them is gone, while others live."""
        gone = [pod.gone_at for pod in self.nodes if not pod.is_live and pod.gone_at is not None]
        return min(gone) if gone and self.is_live else None


@dataclass
class ClusterPlace:
    """What clusters are in a world of the emulated cloud."""

    world: World

    def rented(self) -> list[RentedCluster]:
        """Every cluster that the person's computers ordered, whatever became of it."""
        members: dict[str, list[Pod]] = {}
        for pod in self.world.cloud.pods.values():
            if pod.membership is not None and pod.id in self.world.owner_of:
                members.setdefault(pod.membership.cluster_id, []).append(pod)
        return [RentedCluster(cluster_id, tuple(pods)) for cluster_id, pods in members.items()]

    def rent_strangers(self) -> None:
        """A colleague's, who uses the same program in the same account."""
        world = self.world.cloud
        order = strangers_pods()[-1]
        world.clusters[STRANGERS_CLUSTER] = {
            "id": STRANGERS_CLUSTER,
            "account": world.account.id,
            "name": order["name"],
            "type": "TRAINING",
            "compute": {},
            "createdAt": "2026-01-01T00:00:00Z",
        }
        for rank in range(2):
            told = {"NUM_NODES": "2", "NODE_RANK": str(rank)}
            member = Membership(STRANGERS_CLUSTER, rank, f"10.65.1.{rank + 2}", told)
            named = {**order, "name": f"{order['name']}-{rank}"}
            self.world.strangers.add(world.rent(named, member=member).id)

    def others(self, pod_id: str) -> list[Machine]:
        """The machines of the other nodes of its cluster."""
        mine = next(each for each in self.rented() if pod_id in [pod.id for pod in each.nodes])
        return [self.world.machine(pod.id) for pod in mine.nodes if pod.id != pod_id]


class NodeStage(ScriptedStage):
    """A stage of one node. The training of all is one: they meet before each step, and none goes on alone."""

    def __init__(self, others: list[Machine], *parts: Any) -> None:
        self._others = others
        self.reached = 0
        super().__init__(*parts)

    @property
    def _is_first(self) -> bool:
        return self.spec.environment["NODE_RANK"] == "0"

    async def _train(self) -> int:
        await self._meet()
        return await super()._train()

    async def _command(self) -> int:
        await self._meet()
        return await super()._command()

    async def _one_step(self, step: int) -> None:
        await super()._one_step(step)
        await self._meet()

    async def _obeys_for(self, seconds: float) -> bool:
        is_to_stop = await super()._obeys_for(seconds)
        if not is_to_stop:
            await self._meet()
        return is_to_stop or any(other.has_stopped for other in self._peers())

    def _obey(self, step: int, save: Any) -> bool:
        is_to_stop = super()._obey(step, save)
        return is_to_stop or any(other.has_stopped for other in self._peers())

    def _save(self, step: int) -> None:
        if self._is_first:
            super()._save(step)

    async def _meet(self) -> None:
        """Go on once all the others have come as far. Raises ConnectionError for one that will not."""
        self.reached += 1
        patience = MEETING_SECONDS if self.reached == 1 else COLLECTIVE_SECONDS
        give_up_at = now_seconds() + patience
        while True:
            peers = self._peers()
            if any(peer.has_failed for peer in peers):
                raise ConnectionResetError("Connection closed by a peer: another node is gone")
            if any(peer.has_stopped for peer in peers):
                return
            is_whole = len(peers) == len(self._others)
            if is_whole and all(peer.reached >= self.reached for peer in peers):
                return
            if now_seconds() >= give_up_at:
                raise ConnectionAbortedError("Timed out waiting for another node")
            await asyncio.sleep(1.0)

    def _peers(self) -> list[NodeStage]:
        """Those of the others that have come to this stage."""
        found = []
        for machine in self._others:
            same = [each for each in machine.stages if each.spec.argv[-1] == self.spec.argv[-1]]
            found += [each for each in same[-1:] if isinstance(each, NodeStage)]
        return found

    @property
    def has_stopped(self) -> bool:
        """It came to its end in order: at the last step, or because somebody asked it to."""
        return self._code.done() and self._code.result() == 0

    @property
    def has_failed(self) -> bool:
        return self.process.is_dead or (self._code.done() and self._code.result() != 0)


async def stay_with(
    world: World, command: Laptop, bench: Workbench, run: Run, *, is_starter: bool
) -> None:
    """Watch a run on several nodes as a command does that ends it when it leaves."""
    async with (
        watched(bench, run, is_starter=is_starter),
        aclosing(watch(bench, run)) as observations,
    ):
        async for seen in observations:
            if command.terminal is not None:
                raise command.terminal
            world.said_here.append(repr(seen))
