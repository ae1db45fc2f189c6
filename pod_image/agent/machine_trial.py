"""The first minute on a machine: has it what is paid for? GPU, disk and network, each with a verdict."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pod_image.agent import gpu_trial
from pod_image.agent.places.base import OwnPod, PodReading
from pod_image.agent.ports import Hub, HubTrouble, Ports, Processes
from pod_image.contract.bodies import BootCheck
from pod_image.contract.figures import dollars
from pod_image.contract.image_python import image_python, image_variables

GPU_CHECK, DISK_CHECK, NETWORK_CHECK, TRIAL_CHECK = "gpu", "disk", "network", "canary"
SLOWEST_TFLOPS = 1.0
"""In float32. The slowest card on offer does eight; one that does less is shared, throttled or broken."""
SLOWEST_DISK_MB_PER_SECOND = 20.0
DISK_TRIES = 3
SLOWEST_NETWORK_MB_PER_SECOND = 0.5
"""Below that a dataset of a few gigabytes takes hours, at the price of a GPU."""
TELLING_BYTES = 4 << 20
"""A smaller download says more about the server's mood than about the network."""
DISK_BYTES = 64 << 20
SAMPLE_BYTES = 16 << 20
GPU_SECONDS = 90.0
MOST_IDS = 16
_DRIVER_QUERY = (
    "nvidia-smi",
    "--query-gpu=uuid,name,driver_version,memory.total",
    "--format=csv,noheader",
)
_MB = 1e6


@dataclass(frozen=True)
class Expected:
    """What was rented. `gpus` 0: no GPU is to be found here (a demo on somebody's own computer)."""

    gpus: int

    @classmethod
    def of(cls, pod: OwnPod, reading: PodReading) -> Expected:
        """A cloud on this very computer rents out no GPU, whatever its pods are called."""
        return cls(0 if pod.is_stand_in else reading.gpu_count)


async def try_machine(
    ports: Ports, hub: Hub, expected: Expected, commit: str, price_per_hour_usd: float
) -> tuple[BootCheck, ...]:
    """All three at once, and what the trying cost. Takes at most two minutes."""
    began = asyncio.get_running_loop().time()
    gpu = asyncio.ensure_future(check_gpus(ports.processes, expected))
    size_bytes = DISK_BYTES if expected.gpus else DISK_BYTES // 8
    disk = await ports.run_blocking(lambda: check_disk(ports.folder, size_bytes))
    network = await ports.run_blocking(lambda: check_network(hub, commit))
    checks = (await gpu, disk, network)
    seconds = asyncio.get_running_loop().time() - began
    cost = dollars(price_per_hour_usd * seconds / 3600)
    detail = f"the machine was tried for {seconds:.0f} s, {cost}"
    return (*checks, _check(TRIAL_CHECK, all(check.works for check in checks), detail))


async def check_gpus(processes: Processes, expected: Expected) -> BootCheck:
    """Driver, CUDA, and a matrix product on each GPU that has to be right and fast enough."""
    if not expected.gpus:
        return _check(GPU_CHECK, True, "no GPU is rented here")
    told = await processes.answer(_DRIVER_QUERY, 20.0) or ""
    cards = [line.strip().partition(", ") for line in told.splitlines() if line.strip()]
    verdict = await _try_products(processes, [name for _, _, name in cards], expected)
    ids = tuple(uuid for uuid, _, _ in cards if uuid.startswith(("GPU-", "MIG-")))
    return verdict.model_copy(update={"ids": ids[:MOST_IDS]})


async def _try_products(processes: Processes, names: list[str], expected: Expected) -> BootCheck:
    if len(names) < expected.gpus:
        found = f"{len(names)} of {expected.gpus} GPUs answer" if names else "the driver is silent"
        return _check(GPU_CHECK, False, found)
    products = _products(await processes.answer(_gpu_program(), GPU_SECONDS))
    if products is None:
        return _check(GPU_CHECK, False, "the test program gave no answer")
    if not products["has_torch"]:
        return _check(GPU_CHECK, True, f"{_listed(names)}; no torch here to try it with")
    return judge_products(products["devices"], names, expected)


def judge_products(
    devices: Sequence[dict[str, Any]], names: Sequence[str], expected: Expected
) -> BootCheck:
    """The verdict over what the test program found."""
    cards = [each for each in devices if each["kind"] == "cuda"]
    if len(cards) < expected.gpus:
        return _check(GPU_CHECK, False, f"CUDA shows {len(cards)} of {expected.gpus} GPUs")
    for each in devices:
        if not each["is_right"]:
            return _check(
                GPU_CHECK, False, f"a matrix product on {each['name']} gave a wrong result"
            )
    for each in cards:
        if each["tflops"] < SLOWEST_TFLOPS:
            detail = f"{each['name']} does {each['tflops']:.2f} TFLOP/s; it should do over 1"
            return _check(GPU_CHECK, False, detail)
    speeds = ", ".join(f"{each['name']} {each['tflops']:.2g} TFLOP/s" for each in devices)
    return _check(GPU_CHECK, True, "; ".join([*names[:1], speeds]))


def check_disk(
    folder: Path, size_bytes: int, clock: Callable[[], float] = time.monotonic
) -> BootCheck:
    """Write, bring to the disk, read back, compare. Blocking.

    A slow disk is tried anew: others on the machine may have kept it busy for that moment. The quickest counts.
    """
    content = os.urandom(1 << 20) * max(1, size_bytes >> 20)
    quickest = 0.0
    for _ in range(DISK_TRIES):
        try:
            seconds, is_same = _written_and_read(folder / f".trial.{os.getpid()}", content, clock)
        except OSError as exc:
            return _check(DISK_CHECK, False, f"the disk cannot be written: {exc.strerror}")
        if not is_same:
            return _check(
                DISK_CHECK, False, "the disk returned different data from what was written"
            )
        quickest = max(quickest, len(content) / _MB / max(1e-6, seconds))
        if quickest >= SLOWEST_DISK_MB_PER_SECOND:
            break
    works = quickest >= SLOWEST_DISK_MB_PER_SECOND
    return _check(DISK_CHECK, works, f"writes {quickest:,.0f} MB/s")


def _written_and_read(path: Path, content: bytes, clock: Callable[[], float]) -> tuple[float, bool]:
    """Seconds until the content was on the disk, and whether it came back the same. Raises OSError."""
    try:
        began = clock()
        with path.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        seconds = clock() - began
        is_same = hashlib.sha256(path.read_bytes()).digest() == hashlib.sha256(content).digest()
    finally:
        path.unlink(missing_ok=True)
    return seconds, is_same


def check_network(hub: Hub, commit: str) -> BootCheck:
    """How fast the dataset comes down. Blocking. A Hub in trouble is not the machine's fault."""
    try:
        size_bytes, seconds = hub.sample_download(commit, SAMPLE_BYTES)
    except HubTrouble as exc:
        return _check(NETWORK_CHECK, True, f"not measured: {exc.message}")
    speed = size_bytes / _MB / max(1e-6, seconds)
    if size_bytes < TELLING_BYTES:
        return _check(NETWORK_CHECK, True, "the dataset is too small to measure the network by")
    return _check(NETWORK_CHECK, speed >= SLOWEST_NETWORK_MB_PER_SECOND, f"reads {speed:,.1f} MB/s")


def _gpu_program() -> tuple[str, ...]:
    """With the image's Python and what it says to it: the torch that it brings is what will be used."""
    said = [f"{name}={value}" for name, value in image_variables().items()]
    return ("env", *said, image_python(), "-P", gpu_trial.__file__)


def _products(answer: str | None) -> dict[str, Any] | None:
    """What the test program printed last, or None when it did not come to its end."""
    lines = (answer or "").strip().splitlines()
    try:
        document = json.loads(lines[-1]) if lines else None
    except ValueError:
        return None
    return document if isinstance(document, dict) and "has_torch" in document else None


def _listed(names: Sequence[str]) -> str:
    return "; ".join(names) or "no GPU"


def _check(name: str, works: bool, detail: str) -> BootCheck:
    return BootCheck(name=name, works=works, detail=detail, is_about_machine=True)
