"""A cluster is one pod to everybody above: ordered, found, looked at, listened to, priced and ended as a whole."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Generator
from contextlib import aclosing
from datetime import UTC, datetime

import pytest

from launcher.domain.planned_request import PlannedRequest
from launcher.domain.pod import NONCE_VARIABLE, PodOrder, PodStatus
from launcher.emulator.runpod import ScriptedContainer
from launcher.errors import InvalidRequest, NoCapacity, PodGone, RentUnclear
from launcher.providers.runpod.answers import pod_of
from launcher.providers.runpod.clusters import cluster_of
from launcher.providers.runpod.wire import PodWire
from pod_image.contract.common_settings import Cloud
from pod_image.contract.environment import RUN_VARIABLE
from tests.kit.clouds import GPU
from tests.kit.virtual_time import in_virtual_time
from tests.providers.runpod.harness import ProviderHarness, order

NAME = "launcher-run-01-a1-abcdefghij"
TOLD = json.dumps(
    {
        "run_id": "run-01",
        "attempt": {"number": 1, "nonce": "abcdefghij"},
        "deadline": "2030-01-01T00:00:00+00:00",
    }
)


def of_two(**changes: object) -> PodOrder:
    environment = {NONCE_VARIABLE: "abcdefghij", RUN_VARIABLE: TOLD}
    return order(**{"name": NAME, "nodes": 2, "environment": environment, **changes})


def say_who(container: ScriptedContainer) -> Generator[float, None, int | None]:
    for number in range(3):
        container.log(f"node {container.spec.env['NODE_RANK']} line {number}")
        yield 1.0
    yield 1e9
    return 0


@in_virtual_time
async def test_a_cluster_is_one_order_and_one_pod_with_the_price_of_all() -> None:
    harness = ProviderHarness()
    offers = await harness.provider.offers(2, Cloud.ANY, (), nodes=2)
    one = next(
        each for each in await harness.provider.offers(2, Cloud.SECURE, ()) if each.gpu_type == GPU
    )
    offer = next(each for each in offers if each.gpu_type == GPU)
    assert (offer.nodes, offer.cloud) == (2, Cloud.SECURE)
    assert offer.price_per_hour_usd == pytest.approx(2 * one.price_per_hour_usd)
    pod = await harness.provider.rent(of_two(gpu_count=2))
    assert pod.is_cluster
    assert (pod.name, pod.nodes, pod.gpu_count) == (NAME, 2, 2)
    assert pod.price_per_hour_usd == pytest.approx(offer.price_per_hour_usd)
    (cluster,) = harness.world.clusters.values()
    assert (cluster["type"], cluster["name"]) == ("TRAINING", NAME)
    await asyncio.sleep(120)
    (listed,) = await harness.provider.pods()
    assert listed == await harness.provider.pod(pod.id) == await harness.provider.find(NAME)
    assert (listed.status, listed.nonce) == (PodStatus.RUNNING, "abcdefghij")
    assert listed.deadline == datetime(2030, 1, 1, tzinfo=UTC)


@in_virtual_time
async def test_what_is_shown_before_is_what_is_sent() -> None:
    harness = ProviderHarness()
    (planned,) = harness.provider.planned_requests(of_two(start_command=("a b", "c")), {})
    assert isinstance(planned, PlannedRequest)
    assert planned.url.endswith("/v2/clusters")
    assert planned.json["compute"] == {"gpuTypeId": GPU, "gpuCountPerPod": 1, "podCount": 2}
    assert planned.json["args"] == "'a b' c"
    assert not {"cloud", "registry", "gpu"} & set(planned.json)


@in_virtual_time
async def test_releasing_it_ends_every_one_of_its_pods_and_a_second_time_is_silent() -> None:
    harness = ProviderHarness()
    alone = await harness.provider.rent(order(name="launcher-run-02-a1-abcdefghij"))
    pod = await harness.provider.rent(of_two())
    harness.world.faults.switch_on("delete-ignored", times=1)
    await harness.provider.release(pod.id)
    await harness.provider.release(pod.id)
    assert [each.id for each in harness.world.live_pods()] == [alone.id]
    with pytest.raises(PodGone):
        await harness.provider.pod(pod.id)


@in_virtual_time
async def test_its_log_is_that_of_its_first_node() -> None:
    harness = ProviderHarness()
    harness.runner.program = say_who
    pod = await harness.provider.rent(of_two())
    said = []
    async with aclosing(harness.provider.log(pod.id)) as lines:
        async for line in lines:
            if line.source == "container":
                said.append(line.text)
            if len(said) == 3:
                break
    assert said == [f"node 0 line {number}" for number in range(3)]
    await harness.provider.release(pod.id)
    async with aclosing(harness.provider.log(pod.id)) as lines:
        with pytest.raises(PodGone):
            await anext(lines)


@in_virtual_time
async def test_without_any_of_its_nodes_it_is_still_there_to_be_released() -> None:
    harness = ProviderHarness()
    pod = await harness.provider.rent(of_two())
    await asyncio.sleep(120)
    first, second = harness.world.live_pods()
    harness.world.kill_host(second)
    seen = await harness.provider.pod(pod.id)
    assert (seen.status, seen.nodes) == (PodStatus.RUNNING, 1)
    harness.world.kill_host(first)
    seen = await harness.provider.pod(pod.id)
    assert (seen.status, seen.nodes) == (PodStatus.PROVISIONING, 0)
    await harness.provider.release(pod.id)
    assert harness.world.clusters == {}


@in_virtual_time
async def test_without_its_first_node_it_is_in_error_beside_those_that_run() -> None:
    harness = ProviderHarness()
    pod = await harness.provider.rent(of_two())
    await asyncio.sleep(120)
    harness.world.kill_host(harness.world.live_pods()[0])
    seen = await harness.provider.pod(pod.id)
    assert (seen.status, seen.nodes, seen.is_headless) == (PodStatus.ERROR, 1, True)
    assert await harness.provider.pods() == [seen]


@in_virtual_time
async def test_an_order_without_a_clear_answer_is_found_by_its_name() -> None:
    harness = ProviderHarness()
    harness.world.faults.switch_on("create-500-but-rents", times=1)
    with pytest.raises(RentUnclear):
        await harness.provider.rent(of_two())
    found = await harness.provider.find(NAME)
    assert found is not None
    assert found.is_cluster
    assert await harness.provider.find("launcher-run-09-a1-abcdefghij") is None


@in_virtual_time
async def test_one_that_has_no_pods_yet_is_found_too() -> None:
    harness = ProviderHarness()
    await harness.provider.rent(of_two())
    harness.world.pods.clear()
    found = await harness.provider.find(NAME)
    assert found is not None
    assert (found.status, found.nodes) == (PodStatus.PROVISIONING, 0)
    assert await harness.provider.pod(found.id) == found


@in_virtual_time
async def test_it_is_billed_as_a_whole() -> None:
    harness = ProviderHarness()
    pod = await harness.provider.rent(of_two())
    await asyncio.sleep(3600)
    billed = await harness.provider.billed_usd(pod.id)
    assert billed == pytest.approx(pod.price_per_hour_usd, rel=0.05)


@in_virtual_time
async def test_what_a_cluster_cannot_have_is_refused_before_anything_is_sent() -> None:
    harness = ProviderHarness()
    for wrong in (of_two(registry="r"), of_two(cloud=Cloud.COMMUNITY)):
        with pytest.raises(InvalidRequest):
            await harness.provider.rent(wrong)
    harness.world.faults.switch_on("no-capacity")
    with pytest.raises(NoCapacity):
        await harness.provider.rent(of_two())
    assert await harness.provider.offers(1, Cloud.COMMUNITY, (), nodes=2) == []
    assert await harness.provider.offers(1, Cloud.ANY, (), nodes=9) == []
    assert harness.world.clusters == {}


def test_a_cluster_that_has_not_counted_its_pods_is_not_in_error() -> None:
    wires = [
        PodWire.model_validate(
            {"id": f"p{n}", "status": "STARTING", "cluster": {"id": "c", "rank": None}}
        )
        for n in range(2)
    ]
    assert cluster_of("c", wires, [pod_of(each) for each in wires]).status is PodStatus.STARTING
    begun = [
        PodWire.model_validate(
            {"id": "p1", "status": "PROVISIONING", "cluster": {"id": "c", "rank": 1}}
        )
    ]
    placing = cluster_of("c", begun, [pod_of(each) for each in begun])
    assert placing.status is PodStatus.PROVISIONING
    counted = [
        PodWire.model_validate({"id": "p1", "status": "RUNNING", "cluster": {"id": "c", "rank": 1}})
    ]
    assert cluster_of("c", counted, [pod_of(each) for each in counted]).status is PodStatus.ERROR


@pytest.mark.parametrize(
    ("first", "second", "is_headless"),
    [
        ("RUNNING", "PROVISIONING", False),
        ("RUNNING", "EXITED", False),
        ("STARTING", "ERROR", False),
        ("EXITED", "RUNNING", True),
        ("ERROR", "STARTING", True),
    ],
)
def test_only_its_first_pod_decides_whether_it_can_deliver(
    first: str, second: str, is_headless: bool
) -> None:
    wires = [
        PodWire.model_validate({"id": f"p{n}", "status": status, "cluster": {"id": "c", "rank": n}})
        for n, status in enumerate((first, second))
    ]
    assert cluster_of("c", wires, [pod_of(each) for each in wires]).is_headless is is_headless


@in_virtual_time
async def test_pods_of_it_that_have_ended_are_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    harness = ProviderHarness()
    pod = await harness.provider.rent(of_two())
    ended: list[dict[str, object]] = [
        {"id": f"p{n}", "status": "TERMINATED", "cluster": {"id": "c", "rank": n}} for n in range(2)
    ]

    async def as_ended(*_: object) -> list[dict[str, object]]:
        return ended

    monkeypatch.setattr("launcher.providers.runpod.client.RunPodClient.pods", as_ended)
    monkeypatch.setattr("launcher.providers.runpod.client.RunPodClient.cluster_pods", as_ended)
    assert await harness.provider.pods() == []
    assert (await harness.provider.pod(pod.id)).nodes == 0
