"""The emulated cloud as a stage for what any place has to do: of pods, and of clusters."""

from __future__ import annotations

import asyncio

import httpx
from pydantic import SecretStr

from launcher.emulator.runpod import ExecOutcome, Gateway, RunPodWorld, ScriptedRunner
from launcher.emulator.runpod.pods import Pod, container_spec
from launcher.providers.runpod.client import RunPodClient
from launcher.providers.runpod.clusters import their_id
from launcher.providers.runpod.provider import RunPodProvider
from pod_image.agent.places.runpod import RunPodPod
from pod_image.contract.places import PLACES
from tests.kit.clocks import WorldClock
from tests.kit.virtual_time import StreamingTransport, VirtualLoop
from tests.providers.job_stage import counting

CLOUD_URL = "https://cloud"


class RunPodStage:
    """The emulated cloud, and the real client before it."""

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        answer = lambda container, command: ExecOutcome(0, " ".join(command), "", False)  # noqa: E731
        runner = ScriptedRunner(counting, answer)
        self._world = RunPodWorld(WorldClock(loop), runner)
        self._transport = StreamingTransport(Gateway(self._world, in_process=True))
        self.provider = self._with_key(self._world.api_key)

    def _with_key(self, key: str) -> RunPodProvider:
        return RunPodProvider(RunPodClient(SecretStr(key), CLOUD_URL, transport=self._transport))

    @property
    def paid(self) -> int:
        return len(self._world.live_pods())

    @property
    def asked(self) -> int:
        return len(self._world.requests)

    def with_bad_key(self) -> RunPodProvider:
        return self._with_key("rpa_nobody_has_this_one")

    def lose_the_next_answer(self) -> None:
        self._world.faults.switch_on("create-dropped-but-rents", times=1)

    def sell_out(self) -> None:
        self._world.faults.switch_on("no-capacity")

    def silence(self) -> None:
        self._world.faults.switch_on("server-errors")

    def remove(self, pod_id: str) -> None:
        self._world.act(self._world.pods[pod_id], "terminate")

    def take_away_exec(self) -> None:
        self._world.extras.switch_off("exec")

    def take_away_secrets(self) -> None:
        self._world.extras.switch_off("secrets")


class RunPodClusterStage(RunPodStage):
    """The same, of which clusters are asked: whatever is left of one costs money."""

    @property
    def paid(self) -> int:
        lives = {
            pod.membership.cluster_id if pod.membership else pod.id
            for pod in self._world.live_pods()
        }
        return len(lives | set(self._world.clusters))

    def remove(self, pod_id: str) -> None:
        for pod in self._members(pod_id):
            self._world.act(pod, "terminate")
        del self._world.clusters[their_id(pod_id)]

    def lose(self, pod_id: str, rank: int) -> None:
        self._world.kill_host(next(pod for pod in self._members(pod_id) if _rank(pod) == rank))

    def place_late(self, *, is_first: bool) -> None:
        self._world.faults.switch_on("cluster-pods-late", seconds=60.0, first=is_first)

    def let_members_end_all(self) -> None:
        self._world.faults.switch_on("members-delete-cluster")

    def members(self, pod_id: str) -> list[RunPodPod]:
        account = self._world.account
        told = {PLACES["runpod"].url: CLOUD_URL}
        environments = [container_spec(pod, account).env for pod in self._members(pod_id)]
        return [RunPodPod.from_environment({**each, **told}, self._http) for each in environments]

    def _http(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=self._transport)

    def _members(self, pod_id: str) -> list[Pod]:
        cluster_id = their_id(pod_id)
        live = [pod for pod in self._world.live_pods() if pod.membership]
        mine = [pod for pod in live if pod.membership and pod.membership.cluster_id == cluster_id]
        return sorted(mine, key=_rank)


def _rank(pod: Pod) -> int:
    assert pod.membership is not None
    return pod.membership.rank
