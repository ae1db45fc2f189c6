"""A pod as the emulated cloud keeps it, and as its API shows it. Nothing here moves by itself."""

import json
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from launcher.emulator.runpod.accounts import Account, ApiKey
from launcher.emulator.runpod.billing import (
    CONTAINER_DISK_USD_PER_GB_MONTH,
    HOURS_PER_MONTH,
    STOPPED_VOLUME_USD_PER_GB_MONTH,
    VOLUME_USD_PER_GB_MONTH,
    Rate,
)
from launcher.emulator.runpod.clock import rfc3339
from launcher.emulator.runpod.logs import LogBook
from launcher.emulator.runpod.runner import CannotStart, Container, ContainerSpec

ACTIONS: dict[str, tuple[str, ...]] = {
    "PROVISIONING": ("stop", "terminate"),
    "STARTING": ("stop", "terminate"),
    "RUNNING": ("stop", "restart", "terminate"),
    "EXITED": ("start", "terminate"),
    "ERROR": ("start", "terminate"),
    "TERMINATED": (),
}
UNPAID = ("EXITED", "TERMINATED")
_SECRET = re.compile(r"\{\{\s*RUNPOD_SECRET_([a-zA-Z_][a-zA-Z0-9_.\-/]*)\s*\}\}")
_PUBLIC_IP = "203.0.113.7"


@dataclass(frozen=True)
class Membership:
    """A pod's place in a cluster."""

    cluster_id: str
    rank: int
    ip: str
    env: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Pod:
    """`env` holds placeholders, not the secrets' values."""

    id: str
    account_id: str
    name: str
    image: str
    cloud: str
    disk_gb: int
    price_usd: float
    created_at: float
    key: ApiKey = field(repr=False)
    args: str = ""
    cmd: list[str] | None = None
    entrypoint: list[str] | None = None
    env: dict[str, str] = field(default_factory=dict, repr=False)
    ports: list[str] = field(default_factory=list)
    registry: str | None = None
    gpu_id: str | None = None
    gpu_count: int = 0
    cpu_id: str | None = None
    vcpus: int = 0
    ram_gb: int = 0
    cuda_version: str | None = None
    centre_id: str | None = None
    mounts: dict[str, Any] = field(default_factory=dict)
    start_ssh: bool = False
    start_jupyter: bool = False
    locked: bool = False
    global_networking: bool = False
    membership: Membership | None = None

    status: str = "PROVISIONING"
    status_due: float | None = None
    pull_seconds: float = 0.0
    is_stuck: bool = False
    will_fail: bool = False
    has_no_container: bool = False
    """Its machine cannot start one, and goes on trying."""
    is_silent: bool = False
    """Not even the log says why."""
    started_at: float | None = None
    container: Container | None = None
    container_starts: int = 0
    is_edited: bool = False
    """Its settings were changed: the next container is a new one, with an empty disk."""
    container_started_at: float | None = None
    restart_due: float | None = None
    kill_due: float | None = None
    removal_due: float | None = None
    gone_at: float | None = None
    port_base: int = 30_000
    log: LogBook = field(default_factory=LogBook, repr=False)

    @property
    def is_live(self) -> bool:
        return self.status != "TERMINATED"

    @property
    def keeps_network_volume(self) -> bool:
        return bool(self.mounts.get("network"))

    @property
    def cost_usd(self) -> float:
        return 0.0 if self.status in UNPAID else self.price_usd

    def rate(self) -> Rate:
        """What it costs per hour in its present status, disks included."""
        if self.status == "TERMINATED":
            return Rate()
        volume_gb = self.mounts.get("persistent", {}).get("size", 0)
        if self.status == "EXITED":
            return Rate(disk=volume_gb * STOPPED_VOLUME_USD_PER_GB_MONTH / HOURS_PER_MONTH)
        disk = self.disk_gb * CONTAINER_DISK_USD_PER_GB_MONTH + volume_gb * VOLUME_USD_PER_GB_MONTH
        gpu, cpu = (self.price_usd, 0.0) if self.gpu_id else (0.0, self.price_usd)
        return Rate(gpu, cpu, disk / HOURS_PER_MONTH)

    def uptime_seconds(self, now: float) -> int:
        since = self.container_started_at
        return 0 if since is None else max(0, int(now - since))


def start_command(pod: Pod) -> tuple[tuple[str, ...], tuple[str, ...] | None]:
    """The arguments and, if it was replaced, the entry point.

    `args` is split as a shell would, and not run by one; it may be JSON with `entrypoint` and `cmd`.
    """
    if pod.cmd is not None or pod.entrypoint is not None:
        return tuple(pod.cmd or ()), tuple(pod.entrypoint) if pod.entrypoint else None
    if pod.args.lstrip().startswith("{"):
        try:
            given = json.loads(pod.args)
            return tuple(given.get("cmd") or ()), tuple(given.get("entrypoint") or ()) or None
        except (ValueError, AttributeError):
            pass
    try:
        return tuple(shlex.split(pod.args)), None
    except ValueError as problem:
        raise CannotStart(f"start command cannot be split: {problem}") from problem


def container_spec(pod: Pod, account: Account) -> ContainerSpec:
    """What to start now, with the secrets' values put in. Raises CannotStart for a missing secret."""
    args, entrypoint = start_command(pod)
    env = {name: _filled_in(value, account) for name, value in pod.env.items()}
    return ContainerSpec(pod.id, pod.image, args, entrypoint, env | platform_env(pod, account))


def _filled_in(value: str, account: Account) -> str:
    def real(match: re.Match[str]) -> str:
        secret = account.secret_named(match.group(1))
        if secret is None:
            raise CannotStart(f"secret {match.group(1)} not found")
        return secret.value

    return _SECRET.sub(real, value)


def platform_env(pod: Pod, account: Account) -> dict[str, str]:
    """The variables that the platform sets; they shadow the person's own of the same name."""
    env = {
        "RUNPOD_POD_ID": pod.id,
        "RUNPOD_DC_ID": pod.centre_id or "",
        "RUNPOD_POD_HOSTNAME": f"{pod.id}-64411eb2",
        "RUNPOD_GPU_COUNT": str(pod.gpu_count),
        "RUNPOD_CPU_COUNT": str(pod.vcpus),
        "RUNPOD_MEM_GB": str(pod.ram_gb),
        "RUNPOD_PUBLIC_IP": _PUBLIC_IP,
        "RUNPOD_API_KEY": pod.key.value,
    }
    env |= {f"RUNPOD_TCP_PORT_{port}": str(public) for port, public in tcp_ports(pod).items()}
    if pod.gpu_id:
        env["RUNPOD_GPU_NAME"] = pod.gpu_id
        env["CUDA_VERSION"] = pod.cuda_version or ""
    if pod.keeps_network_volume:
        env["RUNPOD_VOLUME_ID"] = pod.mounts["network"][0]["volumeId"]
    if pod.start_ssh and account.ssh_keys:
        env["PUBLIC_KEY"] = "\n".join(account.ssh_keys)
    if pod.start_jupyter and "JUPYTER_PASSWORD" not in pod.env:
        env["JUPYTER_PASSWORD"] = pod.id[::-1]
    return env | dict(pod.membership.env if pod.membership else {})


def tcp_ports(pod: Pod) -> dict[int, int]:
    """Public port of each exposed tcp port. They change at every start of the pod; above 70000 they are the same."""
    public: dict[int, int] = {}
    for place, port in enumerate(pod.ports):
        number, _, kind = port.partition("/")
        if kind == "tcp" and number.isdigit():
            wanted = int(number)
            public[wanted] = wanted if wanted > 70_000 else pod.port_base + place
    return public


def pod_wire(pod: Pod, now: float, skew_seconds: float, extras: frozenset[str]) -> dict[str, Any]:
    """`Pod` of the published description; with the extras also its newer keys."""
    is_up = pod.status == "RUNNING"
    wire: dict[str, Any] = {
        "id": pod.id,
        "name": pod.name,
        "status": pod.status,
        "actions": list(ACTIONS[pod.status]),
        "image": pod.image,
        "args": pod.args,
        "disk": pod.disk_gb,
        "mounts": pod.mounts,
        "ports": list(pod.ports),
        "env": dict(pod.env),
        "registry": pod.registry,
        "cloud": pod.cloud,
        "dataCenterId": pod.centre_id,
        "cudaVersion": pod.cuda_version if is_up else None,
        "ssh": _ssh(pod) if is_up else {"proxy": None, "direct": None},
        "template": None,
        "cost": pod.cost_usd,
        "locked": pod.locked,
        "runtime": _runtime(pod, now) if is_up and not pod.has_no_container else None,
        "globalNetworking": _global_networking(pod),
        "createdAt": rfc3339(pod.created_at + skew_seconds),
        "startedAt": None if pod.started_at is None else rfc3339(pod.started_at + skew_seconds),
    }
    return wire | _compute(pod, extras) | _newer(pod, extras)


def _compute(pod: Pod, extras: frozenset[str]) -> dict[str, Any]:
    if pod.cpu_id:
        cpu = {"id": pod.cpu_id, "vcpuCount": pod.vcpus, "memory": pod.ram_gb}
        return {"cpu": cpu}
    gpu: dict[str, Any] = {"id": pod.gpu_id, "count": pod.gpu_count}
    if "host-figures" in extras:
        gpu |= {"vcpuCount": pod.vcpus, "memory": pod.ram_gb}
    return {"gpu": gpu}


def _newer(pod: Pod, extras: frozenset[str]) -> dict[str, Any]:
    newer: dict[str, Any] = {}
    if pod.membership is not None:
        member = pod.membership
        newer["cluster"] = {"id": member.cluster_id, "rank": member.rank, "ip": member.ip}
    if "command-arrays" in extras:
        newer |= {"cmd": pod.cmd or [], "entrypoint": pod.entrypoint or []}
    return newer


def _ssh(pod: Pod) -> dict[str, Any]:
    user = f"{pod.id}-64411eb2"
    proxy = {
        "host": "ssh.runpod.io",
        "port": 22,
        "username": user,
        "command": f"ssh {user}@ssh.runpod.io",
    }
    port = tcp_ports(pod).get(22)
    if port is None:
        return {"proxy": proxy, "direct": None}
    direct = {
        "host": _PUBLIC_IP,
        "port": port,
        "username": "root",
        "command": f"ssh root@{_PUBLIC_IP} -p {port}",
    }
    return {"proxy": proxy, "direct": direct}


def _runtime(pod: Pod, now: float) -> dict[str, Any]:
    # The use of a real pod's GPU is not known here: a busy container is shown as busy, a gap as idle.
    use = 90 if pod.container is not None else 0
    public = tcp_ports(pod)
    ports: list[dict[str, Any]] = []
    for port in pod.ports:
        number, _, kind = port.partition("/")
        if number.isdigit():
            known = kind == "tcp"
            ports.append(
                {
                    "private": int(number),
                    "public": public[int(number)] if known else None,
                    "type": kind,
                    "ip": _PUBLIC_IP if known else None,
                }
            )
    return {
        "uptime": pod.uptime_seconds(now),
        "gpus": [{"util": use, "memoryUtil": use} for _ in range(pod.gpu_count)],
        "cpu": {"util": use // 4},
        "memory": {"util": use // 3},
        "ports": ports,
    }


def _global_networking(pod: Pod) -> dict[str, Any]:
    if not pod.global_networking:
        return {"enabled": False}
    return {"enabled": True, "internalDns": f"{pod.id}.runpod.internal"}
