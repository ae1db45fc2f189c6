"""Every place's half in the pod, held to what any has to do; and whole lives at places that are not RunPod."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from launcher.cli.terminal.next_steps import in_terminal
from launcher.emulator.runpod.pods import Membership, container_spec
from launcher.emulator.runpod.runner import ContainerSpec
from pod_image.agent.boot import limits_of
from pod_image.agent.guard import guard
from pod_image.agent.places import _FROM_ENVIRONMENT, _FROM_TOLD
from pod_image.agent.places.base import OwnPod, PodReading
from pod_image.agent.release import release_for_ever
from pod_image.contract.contract_error import ContractError
from pod_image.contract.environment import RUN_VARIABLE, RunDocument
from pod_image.contract.outcomes import EndReason
from pod_image.contract.places import PLACES
from tests.kit.clocks import MachineClock
from tests.kit.run_documents import run_document
from tests.kit.virtual_time import in_virtual_time, now_seconds
from tests.pod_image.agent.harness import TIMING, AgentContainer, AgentHarness, SeenAgent, training
from tests.pod_image.agent.places.conformance import PodPlaceConformance, PodStage
from tests.pod_image.agent.places.made_up import YARD, YardPod, YardStage, build_yard


class RunPodStage:
    """A pod of the emulated cloud that no agent lives in."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        self._harness = AgentHarness(folder, training(steps=1))
        self._harness.world.faults.switch_on("stuck-provisioning")
        self._pod = self._harness.rent()
        self.environment: Mapping[str, str] = {
            **self._pod.env,
            "RUNPOD_POD_ID": self._pod.id,
            "RUNPOD_API_KEY": self._pod.key.value,
        }

    def http(self) -> httpx.AsyncClient:
        return self._harness.http()

    @property
    def is_paid(self) -> bool:
        return self._pod.rate().total > self._pod.price_usd / 10

    def remove(self) -> None:
        del self._harness.world.pods[self._pod.id]

    def silence(self) -> None:
        self.http = _unreachable  # type: ignore[method-assign]  # planted in this one pod
        self._harness.http = _unreachable  # type: ignore[method-assign]  # planted in this one pod


def _unreachable() -> httpx.AsyncClient:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("no route")

    return httpx.AsyncClient(transport=httpx.MockTransport(refuse))


class TestRunPod(PodPlaceConformance):
    place = "runpod"

    def stage(self, folder: Path) -> PodStage:
        return RunPodStage(folder)

    @in_virtual_time
    async def test_a_silent_place_is_worth_another_try_and_takes_no_way(
        self, tmp_path: Path
    ) -> None:
        stage = self.stage(tmp_path)
        stage.silence()
        pod = self.pod(stage)
        assert not any([await pod.take(way.name) for way in pod.ways])

    @in_virtual_time
    async def test_a_pod_without_a_key_says_why_it_cannot_end_itself(self, tmp_path: Path) -> None:
        stage = RunPodStage(tmp_path)
        stage.environment = {**stage.environment, "RUNPOD_API_KEY": ""}
        assert self.pod(stage).powerless == "the platform injected no key"


class MemberStage(RunPodStage):
    """The first of two pods of a cluster."""

    ends_all = False

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        world, alone = self._harness.world, self._pod
        cluster = {"id": "c1", "account": world.account.id, "name": alone.name}
        world.clusters["c1"] = cluster
        body = {"name": alone.name, "image": alone.image, "env": alone.env}
        gpu = {"gpu": {"id": alone.gpu_id, "count": 1}}
        world.act(alone, "terminate")
        pods = []
        for rank in range(2):
            told = {"NUM_NODES": "2", "NODE_RANK": str(rank)}
            member = Membership("c1", rank, f"10.65.0.{rank + 2}", told)
            pods.append(world.rent({**body, **gpu}, member=member))
        self._pod = pods[0]
        self._members = pods
        if self.ends_all:
            world.faults.switch_on("members-delete-cluster")
        self.environment = container_spec(self._pod, world.account).env

    @property
    def is_paid(self) -> bool:
        """As long as one of them is."""
        return any(pod.rate().total > pod.price_usd / 10 for pod in self._members)


class MemberThatEndsAllStage(MemberStage):
    ends_all = True


class TestFirstNodeOfACluster(TestRunPod):
    """Its key may not end the cluster: it goes on trying, and whoever watches ends it."""

    ends_its_price = False

    def stage(self, folder: Path) -> PodStage:
        return MemberStage(folder)

    @in_virtual_time
    async def test_a_pod_reads_when_it_was_made_and_what_it_costs(self, tmp_path: Path) -> None:
        """Caps are counted for all of them."""
        stage = MemberStage(tmp_path)
        reading = await self.pod(stage).read()
        assert reading.price_per_hour_usd == pytest.approx(
            sum(pod.price_usd for pod in stage._members)
        )
        assert "the program that watches its cluster releases it" in self.pod(stage).proof


class TestFirstNodeThatMayEndItsCluster(TestFirstNodeOfACluster):
    ends_its_price = True

    def stage(self, folder: Path) -> PodStage:
        return MemberThatEndsAllStage(folder)


class JobStage:
    """A job, as its container sees itself: nobody is asked but for the time, and it ends with its container."""

    date: Mapping[str, str] = {"date": "Sun, 22 Nov 2026 10:00:00 GMT"}

    def __init__(self, folder: Path) -> None:
        self.environment: Mapping[str, str] = {
            "JOB_ID": f"job-{folder.name}",
            RUN_VARIABLE: '{"place": "hf-jobs"}',
        }
        self.is_paid = True

    def http(self) -> httpx.AsyncClient:
        def answer(request: httpx.Request) -> httpx.Response:
            assert str(request.url) == "https://huggingface.co/api/jobs/hardware"
            assert "authorization" not in request.headers
            return httpx.Response(200, headers=self.date, json=[])

        return httpx.AsyncClient(transport=httpx.MockTransport(answer))

    def remove(self) -> None:
        self.is_paid = False

    def silence(self) -> None:
        self.http = _unreachable  # type: ignore[method-assign]  # planted in this one pod


class TestHuggingFaceJobs(PodPlaceConformance):
    place = "hf-jobs"

    def stage(self, folder: Path) -> PodStage:
        return JobStage(folder)

    @in_virtual_time
    async def test_a_pod_reads_when_it_was_made_and_what_it_costs(self, tmp_path: Path) -> None:
        """No token of its own: the deadline that the launcher sent stands, and the Hub's time-out behind it."""
        reading = await self.pod(self.stage(tmp_path)).read()
        assert (reading.created_at, reading.price_per_hour_usd) == (None, None)

    @in_virtual_time
    async def test_a_pod_that_is_gone_is_told_so_for_good(self, tmp_path: Path) -> None:
        """Its container is gone with it: there is nobody who could be told, and no way that could be tried."""
        pod = self.pod(self.stage(tmp_path))
        assert pod.ways == ()
        assert not await pod.take("delete")

    @in_virtual_time
    async def test_the_release_ends_the_price_and_returns_only_where_the_container_ends_the_pod(
        self, tmp_path: Path
    ) -> None:
        said = list[str]()
        assert await _ends_with_its_container(self.pod(self.stage(tmp_path)), said)
        assert "ends with this container" in said[0]


def _job(stage: JobStage) -> OwnPod:
    return _FROM_ENVIRONMENT["hf-jobs"](stage.environment, stage.http)


@in_virtual_time
async def test_a_job_counts_its_caps_by_the_hubs_clock(tmp_path: Path) -> None:
    stage = JobStage(tmp_path)
    assert (await _job(stage).read()).server_time == 1_795_341_600.0
    stage.date = {**stage.date, "age": "90"}
    assert (await _job(stage).read()).server_time == 1_795_341_690.0
    stage.date = {}
    assert (await _job(stage).read()).server_time is None


@in_virtual_time
async def test_a_job_whose_hub_is_silent_keeps_its_own_time(tmp_path: Path) -> None:
    stage = JobStage(tmp_path)
    stage.silence()
    assert await _job(stage).read() == PodReading(None, None, None)


class OwnMachineStage(JobStage):
    """A run as its first process sees itself: nobody is asked, and it ends with that."""

    def __init__(self, folder: Path, place: str) -> None:
        super().__init__(folder)
        self.environment = {
            PLACES[place].pod_id: f"run-{folder.name}",
            RUN_VARIABLE: f'{{"place": "{place}"}}',
            "CUDA_VISIBLE_DEVICES": "GPU-1,GPU-2",
        }


class TestThisComputer(TestHuggingFaceJobs):
    place = "local"

    def stage(self, folder: Path) -> PodStage:
        return OwnMachineStage(folder, self.place)

    @in_virtual_time
    async def test_it_knows_how_many_gpus_were_lent_to_it_and_is_no_machine_to_choose(
        self, tmp_path: Path
    ) -> None:
        pod = self.pod(self.stage(tmp_path))
        assert (await pod.read()).gpu_count == 2
        assert not pod.is_rented


class TestAMachineBySsh(TestThisComputer):
    place = "ssh"


def test_a_pod_that_cannot_ask_when_it_was_made_is_as_old_as_its_order() -> None:
    """Its image took ten minutes to come, and its place bills them: the cap on money counts them too."""
    document = run_document()
    ordered_at = document.deadline.timestamp() - document.settings.max_hours * 3600
    nothing = PodReading(None, None, None)
    assert limits_of(document, nothing, ordered_at + 600).created_at == ordered_at
    assert limits_of(document, nothing, ordered_at - 5).created_at == ordered_at - 5


async def _ends_with_its_container(pod: OwnPod, said: list[str]) -> bool:
    async with asyncio.timeout(TIMING.gone_seconds):
        await release_for_ever(pod, MachineClock(), TIMING, said.append)
    return True


@pytest.fixture
def _yard(monkeypatch: pytest.MonkeyPatch) -> None:
    build_yard(monkeypatch)


@pytest.mark.usefixtures("_yard")
class TestABarnWithAGate(PodPlaceConformance):
    place = "barn"

    def stage(self, folder: Path) -> PodStage:
        return YardStage("barn", folder)


@pytest.mark.usefixtures("_yard")
class TestAShedWhereThePodEndsWithItsProgram(PodPlaceConformance):
    place = "shed"

    def stage(self, folder: Path) -> PodStage:
        return YardStage("shed", folder)


def test_every_place_of_the_contract_has_its_half_in_the_pod() -> None:
    assert set(PLACES) == set(_FROM_ENVIRONMENT) == set(_FROM_TOLD)


def test_a_place_that_the_image_does_not_know_is_refused_in_a_sentence() -> None:
    with pytest.raises(ContractError, match="does not know the provider") as caught:
        RunDocument.from_json('{"contract": 1, "place": "nowhere"}')
    assert "same release" in in_terminal(caught.value.hint)


def _lived(harness: AgentHarness, place: str) -> AgentContainer:
    """The real agent in a container of the yard, with a whole run to do."""
    harness.world.faults.switch_on("stuck-provisioning")
    rented = harness.rent()  # for the tokens and the clips alone
    name = f"{place.upper()}_POD"
    document = {**json.loads(harness.document().to_json()), "place": place}
    environment = {
        **{key: text for key, text in rented.env.items() if not key.startswith("RUNPOD")},
        RUN_VARIABLE: json.dumps(document),
        name: "yard-1",
    }
    YARD.is_silent = False
    YARD.made_at["yard-1"] = now_seconds()
    spec = ContainerSpec("yard-1", "image", (), None, environment)
    return AgentContainer(harness, spec, lambda line: None)


@pytest.mark.usefixtures("_yard")
@in_virtual_time
async def test_a_whole_run_in_a_shed_delivers_and_then_lets_its_container_end(
    tmp_path: Path,
) -> None:
    harness = AgentHarness(tmp_path, training(steps=5))
    container = _lived(harness, "shed")
    assert await asyncio.wait_for(container._task, 48 * 3600) == 0
    assert harness.ended["reason"] == EndReason.FINISHED
    (armed,) = harness.events("armed")
    assert armed["works"]
    assert {"name": "release", "works": True, "detail": "looked around"}.items() <= armed["arms"][
        0
    ].items()


@pytest.mark.usefixtures("_yard")
@in_virtual_time
async def test_a_whole_run_in_a_barn_delivers_and_leaves_by_the_gate(tmp_path: Path) -> None:
    harness = AgentHarness(tmp_path, training(steps=5))
    container = _lived(harness, "barn")
    while "yard-1" in YARD.made_at:
        assert not container._task.done()
        await asyncio.sleep(1.0)
    assert harness.ended["reason"] == EndReason.FINISHED
    container.kill()


@pytest.mark.usefixtures("_yard")
@pytest.mark.parametrize("place", ["barn", "shed"])
@in_virtual_time
async def test_the_guard_of_an_agent_past_its_time_ends_the_pod_the_way_of_its_place(
    tmp_path: Path, place: str
) -> None:
    stage = YardStage(place, tmp_path)
    harness = AgentHarness(tmp_path, training(steps=1))
    lines, agent = asyncio.StreamReader(), SeenAgent()
    told = YardPod(place, f"{place}-{tmp_path.name}").as_told()
    orders = {"pod": dict(told), "folder": str(tmp_path), "caps": None}

    def agent_of(orders: Mapping[str, Any]) -> SeenAgent:
        return agent

    lines.feed_data(json.dumps(orders).encode() + b"\n")
    lines.feed_data(b'{"release_in_seconds": -10000}\n')
    watching = asyncio.ensure_future(
        guard(lines, stage.http, harness.clock, TIMING, lambda text: None, agent_of)
    )
    await asyncio.wait([watching], timeout=60.0)
    assert bool(agent.killed) is (place == "shed")
    assert stage.is_paid is (place == "shed")
    watching.cancel()
