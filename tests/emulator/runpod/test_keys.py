"""Which key may do what; above all the one that a pod is given."""

import pytest

from launcher.emulator.runpod.accounts import RIGHTS
from launcher.emulator.runpod.calls import OPERATIONS
from tests.emulator.runpod.conftest import Cloud
from tests.kit.clouds import pod_body


async def test_a_pods_key_reads_and_ends_its_own_pod(cloud: Cloud) -> None:
    pod = await cloud.running()
    key = pod.key.value
    assert (await cloud.get(f"/v2/pods/{pod.id}", key=key)).status_code == 200
    body = {"action": "stop"}
    assert (await cloud.post(f"/v2/pods/{pod.id}/action", key=key, json=body)).status_code == 200
    assert (await cloud.delete(f"/v2/pods/{pod.id}", key=key)).status_code == 204
    cloud.advance(2)
    assert (await cloud.get(f"/v2/pods/{pod.id}", key=key)).status_code == 404


async def test_a_pods_key_does_nothing_else(cloud: Cloud) -> None:
    pod, other = await cloud.running(), await cloud.running()
    key = pod.key.value
    refused = [
        await cloud.get("/v2/pods", key=key),
        await cloud.get(f"/v2/pods/{other.id}", key=key),
        await cloud.delete(f"/v2/pods/{other.id}", key=key),
        await cloud.post(f"/v2/pods/{other.id}/action", key=key, json={"action": "stop"}),
        await cloud.post("/v2/pods", key=key, json=pod_body()),
        await cloud.patch(f"/v2/pods/{pod.id}", key=key, json={"name": "x"}),
        await cloud.get(f"/v2/pods/{pod.id}/logs", key=key),
        await cloud.get("/v2/account/secrets", key=key),
        await cloud.get("/v2/catalog/gpus", key=key),
    ]
    assert {reply.status_code for reply in refused} == {403}
    assert other.status == "RUNNING"


async def test_a_pods_key_cannot_ask_for_the_balance(cloud: Cloud) -> None:
    pod = await cloud.running()
    query = {"query": "query { myself { clientBalance } }"}
    reply = await cloud.post("/graphql", key=pod.key.value, json=query)
    assert reply.json()["errors"][0]["extensions"]["code"] == "UNAUTHORIZED"


async def test_a_read_only_key_reads_and_rents_nothing(cloud: Cloud) -> None:
    key = cloud.world.add_key(kind="read-only").value
    assert (await cloud.get("/v2/pods", key=key)).status_code == 200
    refused = await cloud.post("/v2/pods", key=key, json=pod_body())
    assert refused.json() == {"title": "Forbidden", "status": 403, "detail": "access denied"}


async def test_a_key_without_the_right_to_secrets_rents_all_the_same(cloud: Cloud) -> None:
    key = cloud.world.add_key(kind="restricted", without={"secrets:write"}).value
    secret = {"name": "hub", "value": "demo-secret"}
    assert (await cloud.post("/v2/account/secrets", key=key, json=secret)).status_code == 403
    assert (await cloud.post("/v2/pods", key=key, json=pod_body())).status_code == 201


async def test_another_account_sees_nothing_of_ours(cloud: Cloud) -> None:
    pod = await cloud.running()
    key = cloud.world.add_key(cloud.world.add_account()).value
    assert (await cloud.get("/v2/pods", key=key)).json()["pods"] == []
    assert (await cloud.get(f"/v2/pods/{pod.id}", key=key)).status_code == 404
    assert (await cloud.delete(f"/v2/pods/{pod.id}", key=key)).status_code == 404


@pytest.mark.parametrize("right", sorted(RIGHTS))
def test_every_right_is_needed_by_something(right: str) -> None:
    assert any(operation.right == right for operation in OPERATIONS)


def test_every_operation_needs_a_right_that_exists() -> None:
    assert {operation.right for operation in OPERATIONS} <= RIGHTS


async def test_the_pod_gets_the_platforms_variables_and_its_own_key(cloud: Cloud) -> None:
    env = {"RUNPOD_API_KEY": "demo-key", "MINE": "1"}
    pod = await cloud.running(env=env, ports=["22/tcp", "70001/tcp"])
    inside = cloud.world.runner.started[0].spec.env  # type: ignore[attr-defined]  # a scripted runner
    assert inside["RUNPOD_POD_ID"] == pod.id
    assert inside["RUNPOD_DC_ID"] == pod.centre_id
    assert inside["RUNPOD_API_KEY"] == pod.key.value
    assert inside["MINE"] == "1"
    assert (inside["RUNPOD_GPU_COUNT"], inside["RUNPOD_GPU_NAME"]) == (
        "1",
        "NVIDIA GeForce RTX 4090",
    )
    shown = (await cloud.get(f"/v2/pods/{pod.id}")).json()["runtime"]["ports"]
    assert inside["RUNPOD_TCP_PORT_22"] == str(shown[0]["public"])
    assert inside["RUNPOD_TCP_PORT_70001"] == "70001"
