"""Turns a create body into a pod: the rules that the schema cannot say, template, placement, price. No HTTP."""

import shlex
from dataclasses import dataclass
from typing import Any

from launcher.emulator.runpod.accounts import Account
from launcher.emulator.runpod.catalogue import Catalogue, CpuType, GpuType
from launcher.emulator.runpod.faults import Fault
from launcher.emulator.runpod.problems import bad_request, invalid, no_capacity, not_found

MAX_VARIABLES = 50
LEAST_DISK_GB = 20
_TEMPLATE_KEYS = (
    "image",
    "args",
    "disk",
    "mounts",
    "ports",
    "registry",
    "startSsh",
    "startJupyter",
)


@dataclass(frozen=True)
class Place:
    """Where a pod goes and what it costs per hour."""

    centre_id: str
    price_usd: float
    vcpus: int
    ram_gb: int
    cuda_version: str | None = None
    gpu: GpuType | None = None
    gpu_count: int = 0
    cpu: CpuType | None = None


def with_template(body: dict[str, Any], account: Account) -> dict[str, Any]:
    """The body over its template: the body wins, `env` is merged by key. 404 for an unknown template."""
    template_id = body.get("templateId")
    if template_id is None:
        return body
    template = account.templates.get(template_id)
    if template is None:
        raise not_found("template")
    if template["serverless"]:
        raise invalid(["$.templateId: template is for serverless endpoints"])
    merged = {key: template[key] for key in _TEMPLATE_KEYS} | body
    merged["env"] = template["env"] | body.get("env", {})
    return merged


def check_rules(body: dict[str, Any], account: Account) -> None:
    """400 for what the schema allows and the handler does not."""
    if ("gpu" in body) == ("cpu" in body):
        raise bad_request("exactly one of gpu or cpu is required")
    gpu = body.get("gpu", {})
    if gpu.get("allowedCudaVersions") and "minCudaVersion" in gpu:
        raise bad_request("gpu.allowedCudaVersions and gpu.minCudaVersion are mutually exclusive")
    check_mounts(body.get("mounts", {}), account)
    if "cpu" in body and body.get("mounts", {}).get("persistent"):
        raise bad_request("mounts.persistent is not supported on CPU pods")
    check_variables(body.get("env", {}))
    check_registry(body.get("registry"), account)
    if "cmd" in body or "entrypoint" in body:
        check_commands(body)


def check_commands(body: dict[str, Any]) -> None:
    """`args` beside the arrays is allowed only when it says the same."""
    arrays = [*body.get("entrypoint", []), *body.get("cmd", [])]
    if body.get("args") and body["args"] != shlex.join(arrays):
        raise bad_request("args and cmd/entrypoint must be equal when both are sent")


def check_registry(registry: str | None, account: Account) -> None:
    if registry and registry not in account.registries:
        raise bad_request("registry credential not found")


def check_variables(env: dict[str, str]) -> None:
    if len(env) > MAX_VARIABLES:
        raise bad_request(f"a pod can have at most {MAX_VARIABLES} environment variables")


def check_mounts(mounts: dict[str, Any], account: Account) -> None:
    if mounts.get("persistent") and mounts.get("network"):
        raise bad_request("mounts.persistent and mounts.network are mutually exclusive")
    for mount in mounts.get("network", []):
        if mount["volumeId"] not in account.volumes:
            raise bad_request("network volume not found")


def place(
    body: dict[str, Any], catalogue: Catalogue, account: Account, shortage: Fault | None
) -> Place:
    """A place for the pod, or the one sentence that says there is none. Takes nothing yet."""
    # Seen by users in 2026: 10 GB were refused in the words of missing stock, 20 GB were placed.
    if int(body.get("disk", LEAST_DISK_GB)) < LEAST_DISK_GB:
        raise no_capacity()
    wanted = list(body.get("dataCenterIds", []))
    for mount in body.get("mounts", {}).get("network", []):
        wanted = [account.volumes[mount["volumeId"]].centre_id]
    cloud = body.get("cloud", "SECURE")
    if "cpu" in body:
        return _place_cpu(body["cpu"], catalogue, wanted, shortage)
    gpu = catalogue.gpu(body["gpu"]["id"])
    count = int(body["gpu"].get("count", 0))
    if gpu is None:
        raise bad_request("gpu type not found")
    # Measured in August 2026: without a count the scheduler matches no machine at all.
    if count < 1 or count > gpu.most(cloud) or not _host_fits(gpu, body["gpu"]):
        raise no_capacity()
    cuda = _cuda_version(gpu, body["gpu"])
    for centre_id in catalogue.places(gpu.id, count, cloud, wanted):
        if not is_short(shortage, gpu.id, centre_id, cloud):
            price = gpu.price_usd(cloud) * count
            hosts = (gpu.vcpus * count, gpu.ram_gb * count)
            return Place(centre_id, price, *hosts, cuda, gpu, count)
    raise no_capacity()


def _place_cpu(
    wanted_cpu: dict[str, Any], catalogue: Catalogue, wanted: list[str], shortage: Fault | None
) -> Place:
    cpu = catalogue.cpu(wanted_cpu["id"])
    vcpus = int(wanted_cpu["vcpuCount"])
    if cpu is None:
        raise bad_request("cpu flavor not found")
    if vcpus & (vcpus - 1):
        raise bad_request("cpu.vcpuCount must be a power of two")
    known = {centre.id for centre in catalogue.centres}
    for centre_id in wanted or [centre.id for centre in catalogue.centres]:
        is_open = centre_id in known and not is_short(shortage, cpu.id, centre_id, "SECURE")
        if is_open and vcpus <= cpu.most_vcpus:
            ram_gb = int(vcpus * cpu.ram_gb_per_vcpu)
            return Place(centre_id, vcpus * cpu.secure_per_vcpu_usd, vcpus, ram_gb, cpu=cpu)
    raise no_capacity()


def is_short(shortage: Fault | None, gpu_id: str, centre_id: str, cloud: str) -> bool:
    """Whether the fault `no-capacity` covers this combination; what it does not name, it covers."""
    if shortage is None:
        return False
    limits = shortage.options
    given = {"gpu": gpu_id, "data_center": centre_id, "cloud": cloud}
    return all(limits.get(name) in (None, value) for name, value in given.items())


def _host_fits(gpu: GpuType, wanted: dict[str, Any]) -> bool:
    ram_gb, vcpus = int(wanted.get("minRamPerGpu", 0)), int(wanted.get("minVcpuCountPerGpu", 0))
    return gpu.ram_gb >= ram_gb and gpu.vcpus >= vcpus


def _cuda_version(gpu: GpuType, wanted: dict[str, Any]) -> str | None:
    """The newest version of the hosts that the wish allows. Raises no capacity when there is none."""
    allowed = wanted.get("allowedCudaVersions") or []
    least = _version(wanted.get("minCudaVersion", "0.0"))
    fitting = [
        version
        for version in gpu.cuda_versions
        if _version(version) >= least and (not allowed or version in allowed)
    ]
    if not fitting and (allowed or "minCudaVersion" in wanted):
        raise no_capacity()
    return max(fitting, key=_version) if fitting else None


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split("."))
