"""What each request body may hold, as the published description says, plus the extras when they are on."""

from collections.abc import Mapping
from typing import Any

from launcher.emulator.runpod.schema import (
    Check,
    Part,
    Record,
    array,
    choice,
    flag,
    mapping,
    nullable,
    record,
    text,
    whole,
)

VERSION = r"^\d+\.\d+$"
SECRET_NAME = r"^[a-zA-Z_][a-zA-Z0-9_.\-/]*$"
_PUBLIC_KEY = r"^(ssh|ecdsa|sk)-[^\s]+ [^\s]+([ \t][^\n\r]*)?$"

_PERSISTENT = record({"size": whole(10), "path": text()}, "size", "path")
_NETWORK = record({"volumeId": text(), "path": text()}, "volumeId", "path")
MOUNTS = record({"persistent": _PERSISTENT, "network": array(_NETWORK, max_items=1)})
_TEMPLATE_MOUNTS = record({"persistent": _PERSISTENT})
_CLOUD = choice("SECURE", "COMMUNITY")
_CATEGORY = choice("CPU", "NVIDIA", "AMD")

_BASE: dict[str, Check] = {
    "args": text(),
    "disk": whole(1),
    "env": mapping(text()),
    "image": text(),
    "ports": array(text()),
}
_CONTAINER = Part({**_BASE, "registry": nullable(text())})
_GPU: dict[str, Check] = {
    "id": text(),
    "count": whole(1),
    "allowedCudaVersions": array(text(pattern=VERSION)),
    "minCudaVersion": text(pattern=VERSION),
}
_PLACEMENT: dict[str, Check] = {"minRamPerGpu": whole(0), "minVcpuCountPerGpu": whole(0)}
_CPU = record({"id": text(1), "vcpuCount": whole(2)}, "id", "vcpuCount")
_COMMAND_ARRAYS: dict[str, Check] = {"cmd": array(text()), "entrypoint": array(text())}


def _image_unless_template(body: Mapping[str, Any]) -> list[str]:
    return [] if "templateId" in body or "image" in body else ["image"]


def create_pod(extras: frozenset[str]) -> Check:
    """`CreatePodRequest`; with the extras also the newer keys that RunPod's own SDK sends."""
    gpu = {**_GPU, **(_PLACEMENT if "placement-filters" in extras else {})}
    own: dict[str, Check] = {
        "name": text(1),
        "cloud": _CLOUD,
        "cpu": _CPU,
        "dataCenterIds": array(text()),
        "globalNetworking": flag,
        "gpu": record(gpu, "id"),
        "mounts": MOUNTS,
        "startJupyter": flag,
        "startSsh": flag,
        "templateId": text(1),
        **(_COMMAND_ARRAYS if "command-arrays" in extras else {}),
    }
    return Record((_CONTAINER, Part(own, ("name",))), needs=_image_unless_template)


def update_pod(extras: frozenset[str]) -> Check:
    """`UpdatePodRequest`."""
    own: dict[str, Check] = {
        "globalNetworking": flag,
        "locked": flag,
        "mounts": MOUNTS,
        "name": text(1),
        "templateId": text(),
        **(_COMMAND_ARRAYS if "command-arrays" in extras else {}),
    }
    return Record((_CONTAINER, Part(own)))


POD_ACTION = record({"action": choice("start", "stop", "restart", "terminate")}, "action")
EXEC = record(
    {
        "command": array(text(pattern=r"^[^\x00]*$", max_length=4096), 1, 256),
        "timeoutSeconds": whole(1, 25),
        "cwd": text(pattern=r"^/", max_length=1024),
    },
    "command",
)
SSH_KEYS = record({"keys": array(text(pattern=_PUBLIC_KEY))}, "keys")
CREATE_SECRET = record(
    {
        "name": text(1, SECRET_NAME, 191),
        "value": text(max_length=16 * 1024 * 1024),
        "description": nullable(text()),
    },
    "name",
    "value",
)
UPDATE_SECRET = record(
    {"value": text(max_length=16 * 1024 * 1024), "description": nullable(text())},
    min_properties=1,
)
CREATE_REGISTRY = record(
    {"name": text(1), "username": text(1), "password": text(1)}, "name", "username", "password"
)
CREATE_DELEGATION = record({"resource": text(), "name": nullable(text())}, "resource")
_VOLUME: dict[str, Check] = {"name": text(1), "size": whole(10, 4096)}
CREATE_VOLUME = record(
    {**_VOLUME, "dataCenter": text(1), "type": choice("STANDARD", "HIGH_PERFORMANCE")},
    "name",
    "size",
    "dataCenter",
)
UPDATE_VOLUME = record(_VOLUME, min_properties=1)

_TEMPLATE: dict[str, Check] = {
    "name": text(1),
    "allowedCudaVersions": array(text(pattern=VERSION)),
    "category": _CATEGORY,
    "mounts": _TEMPLATE_MOUNTS,
    "public": flag,
    "serverless": flag,
    "startJupyter": flag,
    "startSsh": flag,
}
CREATE_TEMPLATE = Record((_CONTAINER, Part(_TEMPLATE, ("name", "image"))))
UPDATE_TEMPLATE = Record((_CONTAINER, Part(_TEMPLATE)))

_COMPUTE = record(
    {"gpuTypeId": text(1), "gpuCountPerPod": whole(1), "podCount": whole(2, 250)},
    "gpuTypeId",
    "gpuCountPerPod",
    "podCount",
)
CREATE_CLUSTER = Record(
    (
        Part(_BASE),
        Part(
            {
                "compute": _COMPUTE,
                "name": text(1),
                "type": choice("APPLICATION", "TRAINING", "SLURM", "RAY"),
                "dataCenterIds": array(text()),
                "mounts": MOUNTS,
                "startJupyter": flag,
                "startSsh": flag,
            },
            ("name", "type", "compute"),
        ),
    )
)
UPDATE_CLUSTER = record({"name": text(1)}, min_properties=1)
