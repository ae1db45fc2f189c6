"""Several pods that come and go together."""

from typing import Any

import pytest

from launcher.emulator.runpod import ScriptedRunner
from launcher.emulator.runpod.problems import NO_CAPACITY
from tests.emulator.runpod.conftest import Cloud
from tests.kit.clouds import GPU


def cluster_body(**changes: Any) -> dict[str, Any]:
    compute = {"gpuTypeId": GPU, "gpuCountPerPod": 2, "podCount": 3}
    return {"name": "c", "type": "TRAINING", "image": "acme/train:1", "compute": compute, **changes}


async def test_a_cluster_is_pods_with_ranks_in_one_data_centre(
    cloud: Cloud, runner: ScriptedRunner
) -> None:
    made = await cloud.post("/v2/clusters", json=cluster_body())
    assert made.status_code == 201
    cloud.advance(1)
    cluster = (await cloud.get(f"/v2/clusters/{made.json()['id']}")).json()
    assert cluster["pods"] == {"total": 3, "byStatus": {"RUNNING": 3}}
    pods = (await cloud.get(f"/v2/clusters/{cluster['id']}/pods")).json()["pods"]
    assert [pod["cluster"]["rank"] for pod in pods] == [0, 1, 2]
    assert {pod["dataCenterId"] for pod in pods} == {cluster["dataCenterId"]}
    assert cluster["primary"]["podId"] == pods[0]["id"]
    inside = runner.started[2].spec.env
    assert (inside["NODE_RANK"], inside["NUM_NODES"], inside["NUM_TRAINERS"]) == ("2", "3", "2")
    assert inside["WORLD_SIZE"] == "6"
    assert inside["MASTER_ADDR"] == inside["PRIMARY_ADDR"]
    assert not {"RANK", "LOCAL_RANK"} & set(inside)


async def test_members_are_listed_only_on_request_and_cannot_be_touched_alone(cloud: Cloud) -> None:
    await cloud.post("/v2/clusters", json=cluster_body())
    assert (await cloud.get("/v2/pods")).json()["pods"] == []
    pods = (await cloud.get("/v2/pods?includeClusterPods=true")).json()["pods"]
    assert len(pods) == 3
    path = f"/v2/pods/{pods[0]['id']}"
    assert (await cloud.delete(path)).status_code == 409
    assert (await cloud.patch(path, json={"name": "x"})).status_code == 409
    action = {"action": "terminate"}
    assert (await cloud.post(f"{path}/action", json=action)).status_code == 409


async def test_deleting_a_cluster_frees_all_its_pods(cloud: Cloud) -> None:
    made = (await cloud.post("/v2/clusters", json=cluster_body())).json()
    renamed = await cloud.patch(f"/v2/clusters/{made['id']}", json={"name": "d"})
    assert renamed.json()["name"] == "d"
    assert len((await cloud.get("/v2/clusters")).json()["clusters"]) == 1
    cloud.advance(3600)
    billed = (await cloud.get("/v2/billing/clusters")).json()["metadata"]
    assert billed["totals"]["gpuAmount"] == pytest.approx(6 * 0.69)
    assert (await cloud.delete(f"/v2/clusters/{made['id']}")).status_code == 204
    assert cloud.world.live_pods() == []
    assert (await cloud.get(f"/v2/clusters/{made['id']}")).status_code == 404


async def test_a_cluster_that_cannot_be_placed_rents_nothing(cloud: Cloud) -> None:
    compute = {"gpuTypeId": GPU, "gpuCountPerPod": 8, "podCount": 2}
    reply = await cloud.post("/v2/clusters", json=cluster_body(compute=compute))
    assert (reply.status_code, reply.json()["detail"]) == (400, NO_CAPACITY)
    assert cloud.world.pods == {}


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"compute": {"gpuTypeId": GPU, "gpuCountPerPod": 1, "podCount": 1}}, 422),
        ({"compute": {"gpuTypeId": "RTX 4090", "gpuCountPerPod": 1, "podCount": 2}}, 400),
        ({"registry": "r"}, 422),
        ({"type": "BEOWULF"}, 422),
    ],
)
async def test_a_bad_cluster_is_refused(cloud: Cloud, changes: dict[str, Any], status: int) -> None:
    assert (await cloud.post("/v2/clusters", json=cluster_body(**changes))).status_code == status


async def test_a_cluster_needs_money_for_all_of_it(cloud: Cloud) -> None:
    cloud.world.account.balance_usd = 3 * 0.69
    assert (await cloud.post("/v2/clusters", json=cluster_body())).status_code == 402
    assert cloud.world.pods == {}


async def test_a_create_that_is_not_answered_may_have_made_a_cluster(cloud: Cloud) -> None:
    cloud.world.faults.switch_on("create-503-rents-nothing", times=1)
    assert (await cloud.post("/v2/clusters", json=cluster_body())).status_code == 503
    assert cloud.world.clusters == {}
    cloud.world.faults.switch_on("create-500-but-rents", times=1)
    assert (await cloud.post("/v2/clusters", json=cluster_body())).status_code == 500
    assert len(cloud.world.clusters) == 1


async def test_a_cluster_whose_first_pod_is_gone_has_no_primary(cloud: Cloud) -> None:
    made = (await cloud.post("/v2/clusters", json=cluster_body())).json()
    cloud.world.kill_host(cloud.world.live_pods()[0])
    cluster = (await cloud.get(f"/v2/clusters/{made['id']}")).json()
    assert cluster["pods"]["total"] == 2
    assert "primary" not in cluster
