"""Secrets, SSH keys, registries, templates and volumes."""

from typing import Any

import pytest

from launcher.emulator.runpod import ScriptedRunner
from tests.emulator.runpod.conftest import Cloud
from tests.kit.clouds import pod_body

SECRETS = "/v2/account/secrets"


async def secret(cloud: Cloud, name: str = "hub", value: str = "demo-secret-value") -> str:
    reply = await cloud.post(SECRETS, json={"name": name, "value": value})
    assert reply.status_code == 201
    return str(reply.json()["id"])


async def test_a_secrets_value_is_never_answered(cloud: Cloud) -> None:
    made = await secret(cloud)
    replies = [await cloud.get(SECRETS), await cloud.get(f"{SECRETS}/{made}")]
    assert replies[0].json()["secrets"][0].keys() == {
        "id", "name", "description", "createdAt", "valueLastUpdatedAt",
    }  # fmt: skip
    assert all("demo-secret-value" not in reply.text for reply in replies)


async def test_a_placeholder_becomes_the_value_inside_and_nowhere_else(
    cloud: Cloud, runner: ScriptedRunner
) -> None:
    await secret(cloud)
    env = {"TOKEN": "{{ RUNPOD_SECRET_hub }}", "BOTH": "a-{{RUNPOD_SECRET_hub}}-b"}
    pod = await cloud.running(env=env)
    inside = runner.started[0].spec.env
    assert inside["TOKEN"] == "demo-secret-value"
    assert inside["BOTH"] == "a-demo-secret-value-b"
    assert (await cloud.get(f"/v2/pods/{pod.id}")).json()["env"] == env
    assert "demo-secret-value" not in repr(runner.started[0].spec)


async def test_a_pod_whose_secret_is_gone_does_not_start(cloud: Cloud) -> None:
    made = await secret(cloud)
    assert (await cloud.delete(f"{SECRETS}/{made}")).status_code == 204
    pod = await cloud.rent(env={"TOKEN": "{{ RUNPOD_SECRET_hub }}"})
    cloud.advance(1)
    assert pod.status == "ERROR"
    assert pod.log.texts("system")[-1] == "error: secret hub not found"


async def test_a_new_value_takes_effect_at_the_next_start(
    cloud: Cloud, runner: ScriptedRunner
) -> None:
    made = await secret(cloud)
    pod = await cloud.running(env={"TOKEN": "{{ RUNPOD_SECRET_hub }}"})
    cloud.advance(60)
    shown = (await cloud.patch(f"{SECRETS}/{made}", json={"value": "demo-newer"})).json()
    assert shown["valueLastUpdatedAt"] > shown["createdAt"]
    await cloud.post(f"/v2/pods/{pod.id}/action", json={"action": "restart"})
    cloud.advance(3)
    values = [container.spec.env["TOKEN"] for container in runner.started]
    assert values == ["demo-secret-value", "demo-newer"]


async def test_secrets_are_found_by_name(cloud: Cloud) -> None:
    await secret(cloud, "one")
    await secret(cloud, "two")
    found = (await cloud.get(f"{SECRETS}?name=two")).json()["secrets"]
    assert [each["name"] for each in found] == ["two"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"name": "RunPod_key", "value": "x"}, 422),
        ({"name": "1st", "value": "x"}, 422),
        ({"name": "a b", "value": "x"}, 422),
        ({"name": "x" * 192, "value": "x"}, 422),
        ({"name": "no_value"}, 422),
        ({"name": "taken", "value": "x"}, 409),
    ],
)
async def test_a_secrets_name_has_rules(cloud: Cloud, body: dict[str, Any], status: int) -> None:
    await secret(cloud, "taken")
    assert (await cloud.post(SECRETS, json=body)).status_code == status


async def test_an_unknown_secret_is_404(cloud: Cloud) -> None:
    assert (await cloud.get(f"{SECRETS}/nothing")).status_code == 404
    assert (await cloud.delete(f"{SECRETS}/nothing")).status_code == 404


async def test_ssh_keys_are_replaced_as_a_whole_and_reach_pods_that_ask(
    cloud: Cloud, runner: ScriptedRunner
) -> None:
    path = "/v2/account/ssh-keys"
    await cloud.call("PUT", path, json={"keys": ["ssh-ed25519 AAAA one", "ssh-rsa BBBB"]})
    await cloud.call("PUT", path, json={"keys": ["ssh-ed25519 CCCC"]})
    assert (await cloud.get(path)).json() == {"keys": ["ssh-ed25519 CCCC"]}
    refused = await cloud.call("PUT", path, json={"keys": ["not a key"]})
    assert refused.status_code == 422
    await cloud.running(startSsh=True, startJupyter=True)
    await cloud.running()
    assert runner.started[0].spec.env["PUBLIC_KEY"] == "ssh-ed25519 CCCC"
    assert runner.started[0].spec.env["JUPYTER_PASSWORD"]
    assert not {"PUBLIC_KEY", "JUPYTER_PASSWORD"} & set(runner.started[1].spec.env)


async def test_a_registry_in_use_cannot_be_deleted_and_templates_lose_it(cloud: Cloud) -> None:
    login = {"name": "hub", "username": "someone", "password": "demo-password"}
    made = await cloud.post("/v2/registries", json=login)
    registry = made.json()["id"]
    assert made.json() == {"id": registry, "name": "hub"}
    assert (await cloud.post("/v2/registries", json=login)).status_code == 400
    template = (
        await cloud.post("/v2/templates", json={"name": "t", "image": "i", "registry": registry})
    ).json()
    pod = await cloud.running(registry=registry)
    assert (await cloud.delete(f"/v2/registries/{registry}")).status_code == 400
    await cloud.delete(f"/v2/pods/{pod.id}")
    assert (await cloud.delete(f"/v2/registries/{registry}")).status_code == 204
    assert (await cloud.get(f"/v2/templates/{template['id']}")).json()["registry"] is None
    assert (await cloud.get("/v2/registries")).json()["registries"] == []
    assert (await cloud.get(f"/v2/registries/{registry}")).status_code == 404


async def test_delegations_are_not_taken_for_a_registry(cloud: Cloud) -> None:
    path = "/v2/registries/delegations"
    arn = {"resource": "arn:aws:ecr:us-east-1:123456789012:repository/train"}
    made = await cloud.post(path, json=arn)
    assert (made.status_code, made.json()["repository"]) == (201, "train")
    assert len((await cloud.get(path)).json()["delegations"]) == 1
    assert (await cloud.delete(f"{path}/{made.json()['id']}")).status_code == 204
    assert (await cloud.delete(f"{path}/{made.json()['id']}")).status_code == 404
    assert (await cloud.post(path, json={"resource": "train"})).status_code == 400


async def test_templates_are_made_changed_and_deleted(cloud: Cloud) -> None:
    made = (await cloud.post("/v2/templates", json={"name": "t", "image": "i"})).json()
    assert (made["startSsh"], made["startJupyter"], made["category"]) == (True, True, "NVIDIA")
    path = f"/v2/templates/{made['id']}"
    assert (await cloud.patch(path, json={"disk": 7})).json()["disk"] == 7
    assert [t["id"] for t in (await cloud.get("/v2/templates")).json()["templates"]] == [made["id"]]
    assert (await cloud.patch(path, json={"registry": "nobody"})).status_code == 400
    assert (await cloud.delete(path)).status_code == 204
    assert (await cloud.get(path)).status_code == 404


async def test_a_volume_grows_and_is_kept_while_a_pod_uses_it(cloud: Cloud) -> None:
    wanted = {"name": "v", "size": 50, "dataCenter": "EU-RO-1", "type": "HIGH_PERFORMANCE"}
    volume = (await cloud.post("/v2/network-volumes", json=wanted)).json()
    path = f"/v2/network-volumes/{volume['id']}"
    assert (await cloud.patch(path, json={"size": 40})).status_code == 400
    assert (await cloud.patch(path, json={"size": 60, "name": "w"})).json()["size"] == 60
    pod = await cloud.running(mounts={"network": [{"volumeId": volume["id"], "path": "/v"}]})
    assert pod.centre_id == "EU-RO-1"
    assert (await cloud.delete(path)).status_code == 400
    await cloud.delete(f"/v2/pods/{pod.id}")
    assert (await cloud.get(path)).json()["name"] == "w"
    assert (await cloud.delete(path)).status_code == 204
    assert (await cloud.get("/v2/network-volumes")).json()["networkVolumes"] == []


async def test_a_data_centre_without_storage_names_those_with_it(cloud: Cloud) -> None:
    wanted = {"name": "v", "size": 50, "dataCenter": "AP-JP-1"}
    reply = await cloud.post("/v2/network-volumes", json=wanted)
    assert reply.status_code == 400
    assert "EU-RO-1" in reply.json()["detail"]


async def test_a_pod_cannot_mount_a_volume_that_is_not_there(cloud: Cloud) -> None:
    mounts = {"network": [{"volumeId": "nothing", "path": "/v"}]}
    assert (await cloud.post("/v2/pods", json=pod_body(mounts=mounts))).status_code == 400


# --- figures and limits of the account


async def test_the_account_tells_its_figures_each_by_a_scope_of_its_own(cloud: Cloud) -> None:
    await cloud.running()
    assert (await cloud.get("/v2/account")).json()["id"] == cloud.world.account.id
    limits = (await cloud.get("/v2/account/limits")).json()
    assert limits["spendRate"]["limit"] == 80.0
    assert limits["spendRate"]["current"] == pytest.approx(0.69, rel=0.02)
    assert "pods" not in limits
    balance = (await cloud.get("/v2/billing/balance")).json()
    assert (round(balance["balanceAmount"]), balance["billingMode"]) == (25, "PREPAID")


@pytest.mark.parametrize(
    ("path", "scope"),
    [("/v2/account/limits", "account:read"), ("/v2/billing/balance", "billing:read")],
)
async def test_a_key_without_the_scope_is_refused_that_figure_alone(
    cloud: Cloud, path: str, scope: str
) -> None:
    weak = cloud.world.add_key(kind="restricted", without={scope}).value
    assert (await cloud.get(path, key=weak)).status_code == 403
    query = {"query": "{ myself { clientBalance spendLimit } }"}
    assert (await cloud.post("/graphql", key=weak, json=query)).json()["data"]["myself"]
    assert (await cloud.get("/v2/pods", key=weak)).status_code == 200


async def test_a_pod_over_the_hourly_limit_of_the_account_is_refused(cloud: Cloud) -> None:
    cloud.world.account.spend_limit_usd = 1.0
    assert (await cloud.post("/v2/pods", json=pod_body())).status_code == 201
    refused = await cloud.post("/v2/pods", json=pod_body())
    assert "spend limit of $1.00 per hour" in refused.json()["detail"]
    assert len(cloud.world.live_pods()) == 1


async def test_a_pod_more_than_the_account_may_have_is_refused(cloud: Cloud) -> None:
    cloud.world.account.most_pods = 1
    await cloud.rent()
    limits = (await cloud.get("/v2/account/limits")).json()
    assert limits["pods"] == {"limit": 1, "current": 1}
    refused = await cloud.post("/v2/pods", json=pod_body())
    assert "maximum number of pods" in refused.json()["detail"]


async def test_an_account_that_is_invoiced_rents_and_goes_on_without_a_balance(
    cloud: Cloud,
) -> None:
    cloud.world.account.billing_mode = "POSTPAID"
    cloud.world.account.balance_usd = 0.0
    pod = await cloud.running()
    cloud.advance(3600)
    assert pod.is_live
    assert cloud.world.account.balance_usd < 0
