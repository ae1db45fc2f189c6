"""What pods are made from, over HTTP: registry credentials, templates, network volumes."""

from typing import Any

from starlette.responses import Response

from launcher.emulator.runpod import bodies
from launcher.emulator.runpod.accounts import Registry, Volume, new_id
from launcher.emulator.runpod.calls import Call, gone, ok, operation, page
from launcher.emulator.runpod.clock import rfc3339
from launcher.emulator.runpod.problems import bad_request, not_found

PUBLIC_TEMPLATES: dict[str, dict[str, Any]] = {
    "runpod-torch-v280": {
        "id": "runpod-torch-v280",
        "name": "Runpod Pytorch 2.8.0",
        "image": "runpod/pytorch:1.0.2-cu1281-torch280-ubuntu2404",
        "args": "",
        "disk": 50,
        "mounts": {},
        "ports": ["8888/http", "22/tcp"],
        "env": {},
        "registry": None,
        "serverless": False,
        "public": True,
        "category": "NVIDIA",
        "startSsh": True,
        "startJupyter": True,
        "allowedCudaVersions": [],
    }
}


# --- registries


@operation("GET", "/v2/registries", "registries:read")
def list_registries(call: Call) -> Response:
    kept = call.account.registries.values()
    return page(call, "registries", [{"id": each.id, "name": each.name} for each in kept])


@operation("POST", "/v2/registries", "registries:write", bodies.CREATE_REGISTRY)
def create_registry(call: Call) -> Response:
    body = call.body
    if any(each.name == body["name"] for each in call.account.registries.values()):
        raise bad_request("a registry credential with this name already exists")
    registry = Registry(new_id(), body["name"], body["username"], body["password"])
    call.account.registries[registry.id] = registry
    return ok({"id": registry.id, "name": registry.name}, 201)


@operation("GET", "/v2/registries/{id}", "registries:read")
def get_registry(call: Call) -> Response:
    registry = call.account.registries.get(call.params["id"])
    if registry is None:
        raise not_found()
    return ok({"id": registry.id, "name": registry.name})


@operation("DELETE", "/v2/registries/{id}", "registries:write")
def delete_registry(call: Call) -> Response:
    """Refused while a pod uses it; templates silently lose it."""
    registry_id = call.params["id"]
    if registry_id not in call.account.registries:
        raise not_found()
    if any(pod.registry == registry_id for pod in call.world.live_pods()):
        raise bad_request("registry credential is in use by a pod and cannot be deleted")
    for template in call.account.templates.values():
        if template["registry"] == registry_id:
            template["registry"] = None
    del call.account.registries[registry_id]
    return gone()


@operation("GET", "/v2/registries/delegations", "registries:read")
def list_delegations(call: Call) -> Response:
    return page(call, "delegations", list(call.account.delegations.values()))


@operation("POST", "/v2/registries/delegations", "registries:write", bodies.CREATE_DELEGATION)
def create_delegation(call: Call) -> Response:
    """`arn:aws:ecr:REGION:ACCOUNT:repository/NAME`."""
    parts = call.body["resource"].split(":")
    if len(parts) != 6 or parts[2] != "ecr" or not parts[5].startswith("repository/"):
        raise bad_request("resource must be the ARN of an ECR repository")
    made = {
        "id": new_id(),
        "name": call.body.get("name"),
        "delegatorUserId": call.account.id,
        "awsUser": parts[4],
        "repository": parts[5].removeprefix("repository/"),
        "tag": "*",
        "awsRegion": parts[3],
        "createdAt": rfc3339(call.world.clock.now()),
    }
    call.account.delegations[made["id"]] = made
    return ok(made, 201)


@operation("DELETE", "/v2/registries/delegations/{id}", "registries:write")
def delete_delegation(call: Call) -> Response:
    if call.account.delegations.pop(call.params["id"], None) is None:
        raise not_found()
    return gone()


# --- templates


def _own_template(call: Call) -> dict[str, Any]:
    template = call.account.templates.get(call.params["id"])
    if template is None:
        raise not_found("template")
    return template


def _check_template_registry(call: Call) -> None:
    registry = call.body.get("registry")
    if registry and registry not in call.account.registries:
        raise bad_request("registry credential not found")


@operation("GET", "/v2/templates", "templates:read")
def list_templates(call: Call) -> Response:
    return page(call, "templates", list(call.account.templates.values()))


@operation("POST", "/v2/templates", "templates:write", bodies.CREATE_TEMPLATE)
def create_template(call: Call) -> Response:
    """SSH and Jupyter are on by default here, and off on pods."""
    _check_template_registry(call)
    template: dict[str, Any] = {
        "id": new_id(10),
        "args": "",
        "disk": 50,
        "mounts": {},
        "ports": [],
        "env": {},
        "registry": None,
        "serverless": False,
        "public": False,
        "category": "NVIDIA",
        "startSsh": True,
        "startJupyter": True,
        "allowedCudaVersions": [],
        **call.body,
    }
    call.account.templates[template["id"]] = template
    return ok(template, 201)


@operation("GET", "/v2/templates/{id}", "templates:read")
def get_template(call: Call) -> Response:
    public = PUBLIC_TEMPLATES.get(call.params["id"])
    return ok(public if public is not None else _own_template(call))


@operation("PATCH", "/v2/templates/{id}", "templates:write", bodies.UPDATE_TEMPLATE)
def update_template(call: Call) -> Response:
    template = _own_template(call)
    _check_template_registry(call)
    template.update(call.body)
    return ok(template)


@operation("DELETE", "/v2/templates/{id}", "templates:write")
def delete_template(call: Call) -> Response:
    del call.account.templates[_own_template(call)["id"]]
    return gone()


@operation("GET", "/v2/catalog/templates", "catalogue:read")
def list_public_templates(call: Call) -> Response:
    source = call.chosen("source", ("official", "verified", "community"), "official")
    return ok({"templates": list(PUBLIC_TEMPLATES.values()) if source == "official" else []})


# --- network volumes


def _own_volume(call: Call) -> Volume:
    volume = call.account.volumes.get(call.params["id"])
    if volume is None:
        raise not_found()
    return volume


@operation("GET", "/v2/network-volumes", "volumes:read")
def list_volumes(call: Call) -> Response:
    return page(call, "networkVolumes", [each.wire() for each in call.account.volumes.values()])


@operation("POST", "/v2/network-volumes", "volumes:write", bodies.CREATE_VOLUME)
def create_volume(call: Call) -> Response:
    kind = call.body.get("type", "STANDARD")
    centres = call.world.catalogue.centres
    supported = [centre.id for centre in centres if kind in centre.volume_types]
    if call.body["dataCenter"] not in supported:
        raise bad_request(f"data center must be one of {', '.join(supported)}")
    volume = Volume(
        new_id(10), call.body["name"], int(call.body["size"]), call.body["dataCenter"], kind
    )
    call.account.volumes[volume.id] = volume
    return ok(volume.wire(), 201)


@operation("GET", "/v2/network-volumes/{id}", "volumes:read")
def get_volume(call: Call) -> Response:
    return ok(_own_volume(call).wire())


@operation("PATCH", "/v2/network-volumes/{id}", "volumes:write", bodies.UPDATE_VOLUME)
def update_volume(call: Call) -> Response:
    volume = _own_volume(call)
    size_gb = int(call.body.get("size", volume.size_gb))
    if size_gb < volume.size_gb:
        raise bad_request("a network volume can only grow")
    volume.size_gb = size_gb
    volume.name = call.body.get("name", volume.name)
    return ok(volume.wire())


@operation("DELETE", "/v2/network-volumes/{id}", "volumes:write")
def delete_volume(call: Call) -> Response:
    volume = _own_volume(call)
    mounts = (mount for pod in call.world.live_pods() for mount in pod.mounts.get("network", []))
    if any(mount["volumeId"] == volume.id for mount in mounts):
        raise bad_request("network volume is in use by a pod")
    del call.account.volumes[volume.id]
    return gone()
