"""Clusters over HTTP: several pods that come and go together, with the variables that torchrun needs."""

import socket
from typing import Any

from starlette.responses import Response

from launcher.emulator.runpod import bodies
from launcher.emulator.runpod.accounts import new_id
from launcher.emulator.runpod.calls import Call, gone, ok, operation, page
from launcher.emulator.runpod.clock import rfc3339
from launcher.emulator.runpod.pods import Membership, Pod
from launcher.emulator.runpod.problems import (
    Problem,
    bad_request,
    forbidden,
    no_capacity,
    not_found,
)
from launcher.emulator.runpod.routes_pods import answer_to_create, refuse_before_create

LOOPBACK = "127.0.0.1"
"""Members are processes of one machine here, so their primary is found on the loopback."""


def _members(call: Call, cluster_id: str) -> list[Pod]:
    pods = call.world.live_pods()
    return [pod for pod in pods if pod.membership and pod.membership.cluster_id == cluster_id]


def _shown_members(call: Call, cluster_id: str) -> list[Pod]:
    now = call.world.clock.now()
    return [pod for pod in _members(call, cluster_id) if not call.world.is_placed_late(pod, now)]


def _own_cluster(call: Call) -> dict[str, Any]:
    cluster = call.world.clusters.get(call.params["id"])
    if cluster is None or cluster["account"] != call.account.id:
        raise not_found("cluster")
    return cluster


def _wire(call: Call, cluster: dict[str, Any]) -> dict[str, Any]:
    members = _shown_members(call, cluster["id"])
    by_status: dict[str, int] = {}
    for pod in members:
        by_status[pod.status] = by_status.get(pod.status, 0) + 1
    wire = {key: cluster[key] for key in ("id", "name", "type", "compute", "createdAt")}
    wire["pods"] = {"total": len(members), "byStatus": by_status}
    wire["network"] = {"cidr": "10.65.0.0/24"}
    if members:
        wire["dataCenterId"] = members[0].centre_id
    if members and members[0].membership and members[0].membership.rank == 0:
        wire["primary"] = {"podId": members[0].id, "status": members[0].status}
    return wire


@operation("GET", "/v2/clusters", "pods:read")
def list_clusters(call: Call) -> Response:
    mine = [each for each in call.world.clusters.values() if each["account"] == call.account.id]
    return page(call, "clusters", [_wire(call, cluster) for cluster in mine])


@operation("POST", "/v2/clusters", "pods:write", bodies.CREATE_CLUSTER)
def create_cluster(call: Call) -> Response:
    """All pods in one data centre, or none at all."""
    if "image" not in call.body:
        raise bad_request("image is required")
    refuse_before_create(call.world.faults)
    compute = call.body["compute"]
    centre_id = _centre_for_all(call)
    cluster_id = new_id()
    call.world.check_balance(call.account, _price_usd(call))
    port = _free_port()
    for rank in range(int(compute["podCount"])):
        member = Membership(cluster_id, rank, f"10.65.0.{rank + 2}", _rank_env(call, rank, port))
        call.world.rent(_member_body(call.body, rank, centre_id), call.account, member)
    call.world.clusters[cluster_id] = {
        "id": cluster_id,
        "account": call.account.id,
        "name": call.body["name"],
        "type": call.body["type"],
        "compute": compute,
        "createdAt": rfc3339(call.world.clock.now() + call.world.skew_seconds),
    }
    return answer_to_create(call.world.faults, _wire(call, call.world.clusters[cluster_id]))


def _price_usd(call: Call) -> float:
    compute = call.body["compute"]
    gpu = call.world.catalogue.gpu(compute["gpuTypeId"])
    if gpu is None:
        raise bad_request("gpu type not found")
    return gpu.secure_usd * int(compute["gpuCountPerPod"]) * int(compute["podCount"])


def _centre_for_all(call: Call) -> str:
    compute = call.body["compute"]
    per_pod, pods = int(compute["gpuCountPerPod"]), int(compute["podCount"])
    gpu = call.world.catalogue.gpu(compute["gpuTypeId"])
    if gpu is None:
        raise bad_request("gpu type not found")
    wanted = list(call.body.get("dataCenterIds", []))
    places = call.world.catalogue.places(gpu.id, per_pod * pods, "SECURE", wanted)
    centre_id = next(places, None)
    if centre_id is None or per_pod > gpu.max_secure or call.world.faults.feel("no-capacity"):
        raise no_capacity()
    return centre_id


def _member_body(body: dict[str, Any], rank: int, centre_id: str) -> dict[str, Any]:
    shared = ("image", "args", "disk", "env", "ports", "mounts", "startSsh", "startJupyter")
    compute = body["compute"]
    return {
        **{key: body[key] for key in shared if key in body},
        "name": f"{body['name']}-{rank}",
        "gpu": {"id": compute["gpuTypeId"], "count": int(compute["gpuCountPerPod"])},
        "dataCenterIds": [centre_id],
    }


def _free_port() -> str:
    """Where the first pod can be met: all clusters of all worlds share this computer's ports."""
    with socket.create_server((LOOPBACK, 0)) as listening:
        return str(listening.getsockname()[1])


def _rank_env(call: Call, rank: int, port: str) -> dict[str, str]:
    """What each node gets. RANK and LOCAL_RANK are torchrun's to set."""
    compute = call.body["compute"]
    nodes, trainers = int(compute["podCount"]), int(compute["gpuCountPerPod"])
    return {
        "PRIMARY_ADDR": LOOPBACK,
        "MASTER_ADDR": LOOPBACK,
        "PRIMARY_PORT": port,
        "MASTER_PORT": port,
        "NODE_ADDR": LOOPBACK,
        "NODE_RANK": str(rank),
        "NUM_NODES": str(nodes),
        "NUM_TRAINERS": str(trainers),
        "HOST_NODE_ADDR": f"{LOOPBACK}:{port}",
        "WORLD_SIZE": str(nodes * trainers),
    }


@operation("GET", "/v2/clusters/{id}", "pods:read")
def get_cluster(call: Call) -> Response:
    return ok(_wire(call, _own_cluster(call)))


@operation("PATCH", "/v2/clusters/{id}", "pods:write", bodies.UPDATE_CLUSTER)
def rename_cluster(call: Call) -> Response:
    cluster = _own_cluster(call)
    cluster["name"] = call.body.get("name", cluster["name"])
    return ok(_wire(call, cluster))


@operation("DELETE", "/v2/clusters/{id}", "pods:write", pod_key=True)
def delete_cluster(call: Call) -> Response:
    """Ends all its pods. Nobody knows whether a member's own key may: it may not, unless the fault says so."""
    cluster = _own_cluster(call)
    if call.key.kind == "pod" and not call.world.faults.feel("members-delete-cluster"):
        raise forbidden()
    if call.world.faults.take("delete-500"):
        raise Problem(500, "internal server error")
    if call.world.faults.take("delete-404"):
        raise not_found("cluster")
    if call.world.faults.take("delete-ignored"):
        return gone()
    for pod in _members(call, cluster["id"]):
        call.world.act(pod, "terminate")
    del call.world.clusters[cluster["id"]]
    return gone()


@operation("GET", "/v2/clusters/{id}/pods", "pods:read")
def list_cluster_pods(call: Call) -> Response:
    cluster = _own_cluster(call)
    pods = [call.world.wire(pod) for pod in _shown_members(call, cluster["id"])]
    return page(call, "pods", pods)
