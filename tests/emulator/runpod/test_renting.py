"""What POST /v2/pods takes, refuses and answers."""

from typing import Any

import pytest

from launcher.emulator.runpod.problems import NO_CAPACITY
from tests.emulator.runpod.conftest import Cloud
from tests.kit.clouds import GPU, pod_body


async def test_a_new_pod_is_provisioning_and_shows_its_placeholders(cloud: Cloud) -> None:
    env = {"RUN": "1", "TOKEN": "{{ RUNPOD_SECRET_hub }}"}
    reply = await cloud.post("/v2/pods", json=pod_body(env=env, ports=["22/tcp"], disk=60))
    pod = reply.json()
    assert reply.status_code == 201
    assert (pod["status"], pod["actions"]) == ("PROVISIONING", ["stop", "terminate"])
    assert pod["env"] == env
    assert (pod["cost"], pod["runtime"], pod["startedAt"]) == (0.69, None, None)
    assert pod["ssh"] == {"proxy": None, "direct": None}
    assert pod["createdAt"] == "2026-11-22T10:00:00.000Z"


async def test_a_running_pod_shows_runtime_ports_and_ssh(cloud: Cloud) -> None:
    pod = await cloud.running(ports=["22/tcp", "8888/http"])
    cloud.advance(41)
    shown = (await cloud.get(f"/v2/pods/{pod.id}")).json()
    assert shown["status"] == "RUNNING"
    assert shown["runtime"]["uptime"] == 41
    assert [port["type"] for port in shown["runtime"]["ports"]] == ["tcp", "http"]
    assert shown["ssh"]["direct"]["port"] == shown["runtime"]["ports"][0]["public"]
    assert shown["actions"] == ["stop", "restart", "terminate"]


async def test_an_unknown_key_is_refused_in_rest_v2s_words(cloud: Cloud) -> None:
    reply = await cloud.post("/v2/pods", json=pod_body(imageName="x"))
    assert reply.status_code == 422
    assert reply.headers["content-type"] == "application/problem+json"
    assert reply.json() == {
        "title": "Unprocessable Entity",
        "status": 422,
        "detail": "Request validation failed.",
        "errors": ["$: additional properties 'imageName' not allowed"],
    }


async def test_a_missing_key_comes_first_and_drags_valid_ones_along(cloud: Cloud) -> None:
    reply = await cloud.post("/v2/pods", json=pod_body(name=None))
    errors = reply.json()["errors"]
    assert errors[0] == "$: missing property 'name'"
    assert errors[1] == "$: additional properties 'gpu' not allowed"


@pytest.mark.parametrize(
    ("changes", "finding"),
    [
        ({"image": None}, "$: missing property 'image'"),
        ({"name": ""}, "$.name: minLength: got 0, want 1"),
        ({"disk": 0}, "$.disk: minimum: got 0, want 1"),
        ({"disk": "20"}, "$.disk: got string, want integer"),
        ({"disk": True}, "$.disk: got boolean, want integer"),
        ({"cloud": "ALL"}, "$.cloud: value must be one of 'SECURE', 'COMMUNITY'"),
        ({"env": {"A": 1}}, "$.env.A: got number, want string"),
        ({"gpu": {"count": 1}}, "$.gpu: missing property 'id'"),
        ({"gpu": {"id": GPU, "count": 0}}, "$.gpu.count: minimum: got 0, want 1"),
        ({"mounts": {"persistent": {"size": 20}}}, "$.mounts.persistent: missing property 'path'"),
        ({"ports": "22/tcp"}, "$.ports: got string, want array"),
    ],
)
async def test_a_body_against_the_schema_is_refused_with_its_place(
    cloud: Cloud, changes: dict[str, Any], finding: str
) -> None:
    reply = await cloud.post("/v2/pods", json=pod_body(**changes))
    assert reply.status_code == 422
    assert finding in reply.json()["errors"]
    assert cloud.world.pods == {}


@pytest.mark.parametrize(
    ("changes", "detail"),
    [
        ({"gpu": None}, "exactly one of gpu or cpu is required"),
        ({"cpu": {"id": "cpu3c", "vcpuCount": 2}}, "exactly one of gpu or cpu is required"),
        (
            {
                "gpu": {
                    "id": GPU,
                    "count": 1,
                    "minCudaVersion": "12.8",
                    "allowedCudaVersions": ["12.8"],
                }
            },
            "gpu.allowedCudaVersions and gpu.minCudaVersion are mutually exclusive",
        ),
        (
            {
                "mounts": {
                    "persistent": {"size": 20, "path": "/workspace"},
                    "network": [{"volumeId": "v", "path": "/volume"}],
                }
            },
            "mounts.persistent and mounts.network are mutually exclusive",
        ),
        ({"gpu": {"id": "H100 SXM", "count": 1}}, "gpu type not found"),
        ({"registry": "nobody"}, "registry credential not found"),
        (
            {"env": {f"V{n}": "x" for n in range(51)}},
            "a pod can have at most 50 environment variables",
        ),
    ],
)
async def test_a_rule_beyond_the_schema_is_a_400(
    cloud: Cloud, changes: dict[str, Any], detail: str
) -> None:
    reply = await cloud.post("/v2/pods", json=pod_body(**changes))
    assert (reply.status_code, reply.json()["detail"]) == (400, detail)
    assert cloud.world.pods == {}


@pytest.mark.parametrize(
    "changes",
    [
        {"gpu": {"id": GPU}},
        {"gpu": {"id": GPU, "count": 99}},
        {"gpu": {"id": GPU, "count": 1}, "dataCenterIds": ["US-TX-3"]},
        {"gpu": {"id": GPU, "count": 1}, "dataCenterIds": ["eu-ro-1"]},
        {"gpu": {"id": "NVIDIA B200", "count": 1}, "cloud": "COMMUNITY"},
        {"gpu": {"id": GPU, "count": 1, "minCudaVersion": "14.0"}},
        {"gpu": {"id": GPU, "count": 1, "allowedCudaVersions": ["11.8"]}},
        {"gpu": {"id": GPU, "count": 1, "minRamPerGpu": 4000}},
    ],
    ids=[
        "no count",
        "too many",
        "sold out there",
        "wrong case",
        "not in that cloud",
        "driver too old",
        "other driver",
        "host too small",
    ],
)
async def test_what_cannot_be_placed_has_one_sentence_and_no_code(
    cloud: Cloud, changes: dict[str, Any]
) -> None:
    reply = await cloud.post("/v2/pods", json=pod_body(**changes))
    assert (reply.status_code, reply.json()["detail"]) == (400, NO_CAPACITY)


async def test_a_named_data_centre_is_enforced_and_the_first_with_stock_wins(cloud: Cloud) -> None:
    pod = await cloud.rent(dataCenterIds=["US-TX-3", "EU-SE-1"])
    assert pod.centre_id == "EU-SE-1"


async def test_renting_takes_from_the_stock_and_every_end_gives_back(cloud: Cloud) -> None:
    def free() -> int:
        return cloud.world.catalogue.free(GPU, "US-KS-2", "SECURE")

    assert free() == 1
    pod = await cloud.running(dataCenterIds=["US-KS-2"])
    assert free() == 0
    second = await cloud.post("/v2/pods", json=pod_body(dataCenterIds=["US-KS-2"]))
    assert second.json()["detail"] == NO_CAPACITY
    await cloud.post(f"/v2/pods/{pod.id}/action", json={"action": "stop"})
    assert free() == 1
    await cloud.post(f"/v2/pods/{pod.id}/action", json={"action": "terminate"})
    assert free() == 1


async def test_less_than_an_hour_of_credit_rents_nothing(cloud: Cloud) -> None:
    cloud.world.account.balance_usd = 0.68
    reply = await cloud.post("/v2/pods", json=pod_body())
    assert (reply.status_code, reply.json()["detail"]) == (402, "insufficient balance")
    assert cloud.world.pods == {}


async def test_community_is_cheaper(cloud: Cloud) -> None:
    pod = await cloud.rent(cloud="COMMUNITY")
    assert pod.price_usd == 0.34


async def test_a_cpu_pod_has_cpu_and_no_gpu(cloud: Cloud) -> None:
    cpu = {"id": "cpu3c", "vcpuCount": 4}
    shown = (await cloud.post("/v2/pods", json=pod_body(gpu=None, cpu=cpu))).json()
    assert shown["cpu"] == {"id": "cpu3c", "vcpuCount": 4, "memory": 8}
    assert "gpu" not in shown
    assert shown["cost"] == pytest.approx(0.12)


async def test_a_template_fills_in_and_the_body_wins(cloud: Cloud) -> None:
    made = await cloud.post(
        "/v2/templates",
        json={"name": "t", "image": "acme/base:2", "disk": 33, "env": {"A": "1", "B": "2"}},
    )
    pod = await cloud.rent(image=None, templateId=made.json()["id"], env={"B": "3"})
    assert (pod.image, pod.disk_gb, pod.env) == ("acme/base:2", 33, {"A": "1", "B": "3"})
    assert (await cloud.get(f"/v2/pods/{pod.id}")).json()["template"] is None


async def test_an_unknown_template_is_404_and_a_serverless_one_422(cloud: Cloud) -> None:
    absent = await cloud.post("/v2/pods", json=pod_body(templateId="nothing"))
    assert absent.status_code == 404
    made = await cloud.post("/v2/templates", json={"name": "t", "image": "i", "serverless": True})
    refused = await cloud.post("/v2/pods", json=pod_body(templateId=made.json()["id"]))
    assert refused.status_code == 422


async def test_a_body_over_the_limit_is_413_even_without_a_key(cloud: Cloud) -> None:
    reply = await cloud.post("/v2/pods", key=None, json=pod_body(args="x" * 102_400))
    assert reply.status_code == 413


async def test_a_body_that_is_no_json_is_a_400(cloud: Cloud) -> None:
    headers = {"Content-Type": "application/json"}
    reply = await cloud.post("/v2/pods", content=b"{", headers=headers)
    assert reply.status_code == 400


async def test_a_body_nested_without_end_is_a_400(cloud: Cloud) -> None:
    headers = {"Content-Type": "application/json"}
    reply = await cloud.post("/v2/pods", content=b"[" * 100_000, headers=headers)
    assert reply.status_code == 400
    # Nor can the judge of the description read it.
    cloud.app.exchanges.clear()
