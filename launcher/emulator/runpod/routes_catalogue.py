"""The catalogue over HTTP: types, data centres and stock. Stock is a hint, as it is there."""

import re
from typing import Any

from starlette.responses import Response

from launcher.emulator.runpod.bodies import VERSION
from launcher.emulator.runpod.calls import Call, ok, operation
from launcher.emulator.runpod.catalogue import (
    CLOUDS,
    CpuType,
    DataCentre,
    GpuType,
    centre_wire,
    cpu_wire,
    gpu_wire,
    level,
)
from launcher.emulator.runpod.problems import bad_request, invalid, not_found
from launcher.emulator.runpod.renting import is_short

GPU_FILTERS = ("product", "count", "cloud", "countryCodes", "cudaVersions", "minCudaVersion")
REGIONS = (
    "NORTH_AMERICA",
    "SOUTH_AMERICA",
    "EUROPE",
    "ASIA",
    "MIDDLE_EAST",
    "AFRICA",
    "OCEANIA",
    "ANTARCTICA",
    "UNKNOWN",
)
COMPLIANCE = (
    *("GDPR", "ISO_IEC_27001", "ISO_14001", "PCI_DSS", "HITRUST", "SOC_1_TYPE_2", "SOC_2_TYPE_2"),
    *("SOC_3_TYPE_2", "ITAR", "FISMA_HIGH", "HIPAA", "RENEWABLE"),
)


@operation("GET", "/v2/catalog/gpus", "catalogue:read")
def list_gpus(call: Call) -> Response:
    with_stock = _wants_availability(call, GPU_FILTERS, ("POD", "CLUSTER", "SERVERLESS"))
    gpus = [_gpu(call, gpu, with_stock) for gpu in call.world.catalogue.gpus]
    if call.listed("countryCodes"):
        gpus = [gpu for gpu in gpus if gpu.get("dataCenters")]
    return ok({"gpus": gpus})


@operation("GET", "/v2/catalog/gpus/{id}", "catalogue:read")
def get_gpu(call: Call) -> Response:
    gpu = call.world.catalogue.gpu(call.params["id"])
    with_stock = _wants_availability(call, GPU_FILTERS, ("POD", "CLUSTER", "SERVERLESS"))
    if gpu is None:
        raise not_found()
    return ok(_gpu(call, gpu, with_stock))


@operation("GET", "/v2/catalog/cpus", "catalogue:read")
def list_cpus(call: Call) -> Response:
    with_stock = _wants_availability(call, ("product", "vcpuCount"), ("POD", "SERVERLESS"))
    return ok({"cpus": [_cpu(call, cpu, with_stock) for cpu in call.world.catalogue.cpus]})


@operation("GET", "/v2/catalog/cpus/{id}", "catalogue:read")
def get_cpu(call: Call) -> Response:
    cpu = call.world.catalogue.cpu(call.params["id"])
    with_stock = _wants_availability(call, ("product", "vcpuCount"), ("POD", "SERVERLESS"))
    if cpu is None:
        raise not_found()
    return ok(_cpu(call, cpu, with_stock))


@operation("GET", "/v2/catalog/datacenters", "catalogue:read")
def list_centres(call: Call) -> Response:
    includes = _centre_includes(call)
    regions = _names(call, "regions", REGIONS)
    volumes = _names(call, "networkVolumeTypes", ("STANDARD", "HIGH_PERFORMANCE"))
    compliance = _names(call, "compliance", COMPLIANCE)
    network = call.truth("globalNetwork")
    found = [
        centre
        for centre in call.world.catalogue.centres
        if (not regions or centre.region in regions)
        and set(volumes) <= set(centre.volume_types)
        and set(compliance) <= set(centre.compliance)
        and network in (None, centre.global_network)
    ]
    return ok({"dataCenters": [_centre(call, centre, includes) for centre in found]})


@operation("GET", "/v2/catalog/datacenters/{id}", "catalogue:read")
def get_centre(call: Call) -> Response:
    centre = call.world.catalogue.centre(call.params["id"])
    includes = _centre_includes(call)
    if centre is None:
        raise not_found()
    return ok(_centre(call, centre, includes))


def _wants_availability(call: Call, filters: tuple[str, ...], products: tuple[str, ...]) -> bool:
    """Whether stock is asked for; `product` and it need each other, and the filters need it."""
    include = _names(call, "include", ("AVAILABILITY",))
    given = [name for name in filters if name in call.query]
    if not include:
        if given:
            raise bad_request(f"{given[0]} is only valid with include=AVAILABILITY")
        return False
    if not _names(call, "product", products):
        raise bad_request("product is required with include=AVAILABILITY")
    if "cudaVersions" in call.query and "minCudaVersion" in call.query:
        raise bad_request("cudaVersions and minCudaVersion are mutually exclusive")
    return True


def _names(call: Call, name: str, allowed: tuple[str, ...]) -> list[str]:
    words = call.listed(name)
    if any(word not in allowed for word in words):
        raise invalid([f"$.{name}: value must be one of " + ", ".join(map(repr, allowed))])
    return words


def _matching(call: Call, name: str, pattern: str) -> list[str]:
    words = call.listed(name)
    if any(re.fullmatch(pattern, word) is None for word in words):
        raise invalid([f"$.{name}: value does not match pattern {pattern!r}"])
    return words


def _gpu(call: Call, gpu: GpuType, with_stock: bool) -> dict[str, Any]:
    wire = gpu_wire(gpu)
    if not with_stock:
        return wire
    cloud = call.chosen("cloud", CLOUDS, "SECURE")
    count = call.whole("count", 1, 1, 1_000)
    countries = _matching(call, "countryCodes", r"^[A-Z]{2}$")
    versions = _fitting_versions(call, gpu)
    centres = [
        centre
        for centre in call.world.catalogue.centres
        if (not countries or centre.country in countries) and (versions or not _asks_cuda(call))
    ]
    stock = {centre.id: _free(call, gpu.id, centre.id, cloud) for centre in centres}
    here = [
        {"id": centre.id, "name": centre.name, "availability": level(stock[centre.id], count)}
        for centre in centres
        if level(stock[centre.id], count) != "NONE"
    ]
    wire["availability"] = level(max(stock.values(), default=0), count)
    if here:
        wire["dataCenters"] = here
        if gpu.cuda_versions:
            wire["cudaVersions"] = [
                {"version": version, "available": version in versions}
                for version in gpu.cuda_versions
            ]
    return wire


def _asks_cuda(call: Call) -> bool:
    return "cudaVersions" in call.query or "minCudaVersion" in call.query


def _fitting_versions(call: Call, gpu: GpuType) -> list[str]:
    wanted = _matching(call, "cudaVersions", VERSION)
    least = (_matching(call, "minCudaVersion", VERSION) or ["0.0"])[0]
    return [
        version
        for version in gpu.cuda_versions
        if (not wanted or version in wanted)
        and tuple(map(int, version.split("."))) >= tuple(map(int, least.split(".")))
    ]


def _free(call: Call, gpu_id: str, centre_id: str, cloud: str) -> int:
    if is_short(call.world.faults.feel("no-capacity"), gpu_id, centre_id, cloud):
        return 0
    return call.world.catalogue.free(gpu_id, centre_id, cloud)


def _cpu(call: Call, cpu: CpuType, with_stock: bool) -> dict[str, Any]:
    wire = cpu_wire(cpu)
    if with_stock:
        call.whole("vcpuCount", 2, 1, 1_000)
        wire["availability"] = "MEDIUM"
        wire["dataCenters"] = [
            {"id": centre.id, "name": centre.name, "availability": "MEDIUM"}
            for centre in call.world.catalogue.centres
        ]
    return wire


def _centre_includes(call: Call) -> list[str]:
    return _names(call, "include", ("GPU_AVAILABILITY", "CPU_AVAILABILITY"))


def _centre(call: Call, centre: DataCentre, includes: list[str]) -> dict[str, Any]:
    wire = centre_wire(centre)
    if "GPU_AVAILABILITY" in includes:
        wire["gpuAvailability"] = [
            {"id": gpu.id, "name": gpu.name, "availability": level(free)}
            for gpu in call.world.catalogue.gpus
            if (free := max(_free(call, gpu.id, centre.id, cloud) for cloud in CLOUDS)) > 0
        ]
    if "CPU_AVAILABILITY" in includes:
        wire["cpuAvailability"] = [
            {"id": cpu.id, "name": cpu.name, "availability": "MEDIUM"}
            for cpu in call.world.catalogue.cpus
        ]
    return wire
