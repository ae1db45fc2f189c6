"""Jobs of the emulated Hub: containers that are started once, end by themselves, and are ended after their time-out."""

from __future__ import annotations

import math
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from launcher.emulator.hub.wire import Refusal
from launcher.emulator.runpod.processes import ProcessContainer
from launcher.emulator.runpod.runner import (
    CannotStart,
    Container,
    ContainerSpec,
    PodRunner,
    ScriptedRunner,
)

DEFAULT_TIMEOUT_SECONDS = 1_800
"""Of a job that names none."""
OVER = ("COMPLETED", "CANCELED", "ERROR", "DELETED")
_MOST_LINES = 100_000
_CORES = 2


@dataclass(frozen=True)
class Flavor:
    """Hardware that can be had. `vram_gb` is of all GPUs together."""

    name: str
    title: str
    cpu: str
    ram: str
    usd_per_hour: float
    gpu: str = ""
    gpus: int = 0
    vram_gb: int = 0

    def document(self) -> dict[str, Any]:
        micro = round(self.usd_per_hour * 1e6 / 60)
        document: dict[str, Any] = {
            "name": self.name,
            "prettyName": self.title,
            "cpu": self.cpu,
            "ram": self.ram,
            "accelerator": None,
            "unitCostMicroUSD": micro,
            "unitCostUSD": micro / 1e6,
            "unitLabel": "minute",
        }
        if self.gpus:
            document["accelerator"] = {
                "type": "gpu",
                "model": self.gpu,
                "quantity": str(self.gpus),
                "vram": f"{self.vram_gb} GB",
                "manufacturer": "Nvidia",
            }
        return document


FLAVORS = (
    Flavor("cpu-basic", "CPU Basic", "2 vCPU", "16 GB", 0.01),
    Flavor("t4-small", "Nvidia T4 - small", "4 vCPU", "15 GB", 0.40, "T4", 1, 16),
    Flavor("t4-medium", "Nvidia T4 - medium", "8 vCPU", "30 GB", 0.60, "T4", 1, 16),
    Flavor("l4x1", "1x Nvidia L4", "8 vCPU", "30 GB", 0.80, "L4", 1, 24),
    Flavor("l4x4", "4x Nvidia L4", "48 vCPU", "186 GB", 3.80, "L4", 4, 96),
    Flavor("a10g-small", "Nvidia A10G - small", "4 vCPU", "15 GB", 1.00, "A10G", 1, 24),
    Flavor("a10g-large", "Nvidia A10G - large", "12 vCPU", "46 GB", 1.50, "A10G", 1, 24),
    Flavor("l40sx1", "1x Nvidia L40S", "8 vCPU", "62 GB", 1.80, "L40S", 1, 48),
    Flavor("a100-large", "Nvidia A100 - large", "12 vCPU", "142 GB", 2.50, "A100", 1, 80),
    Flavor("h200", "1x Nvidia H200", "23 vCPU", "256 GB", 5.00, "H200", 1, 141),
)


@dataclass
class Job:
    """One job. `env` holds the values of its secrets, and is never in an answer."""

    id: str
    owner: str
    spec: Mapping[str, Any]
    timeout_seconds: int
    created_at: float
    env: Mapping[str, str] = field(repr=False)
    stage: str = "SCHEDULING"
    message: str | None = None
    started_at: float | None = None
    finished_at: float | None = None
    container: Container | None = field(default=None, repr=False)
    looked: tuple[float, float] = field(default_factory=lambda: (0.0, time.monotonic()))
    """Seconds of a core that its processes had used at the last look, and when that was."""
    lines: list[tuple[float, str]] = field(default_factory=list, repr=False)

    @property
    def is_over(self) -> bool:
        return self.stage in OVER

    @property
    def labels(self) -> Mapping[str, str]:
        return self.spec.get("labels") or {}


@dataclass
class Jobs:
    """All jobs of the Hub. `tells_timeout`: whether an answer says after how long the Hub ends a job."""

    now: Callable[[], float]
    runner: PodRunner = field(default_factory=ScriptedRunner)
    schedule_seconds: float = 0.0
    """From the start's answer to a container."""
    has_credit: bool = True
    is_sold_out: bool = False
    tells_timeout: bool = True
    longest_timeout_seconds: float = math.inf
    """What the Hub makes of a time-out that is longer."""
    gpu_percent: int = 0
    gpu_memory_bytes: int = 0
    by_id: dict[str, Job] = field(default_factory=dict)

    def start(self, owner: str, spec: Mapping[str, Any]) -> Job:
        """Raises Refusal for what the Hub would not take."""
        self._check(spec)
        wanted = int(spec.get("timeoutSeconds") or DEFAULT_TIMEOUT_SECONDS)
        secret = dict(spec.get("secrets") or {})
        job_id = secrets.token_hex(12)
        flavor = str(spec.get("flavor", ""))
        own = {"JOB_ID": job_id, "ACCELERATOR": flavor, "CPU_CORES": "2", "MEMORY": "16Gi"}
        job = Job(
            id=job_id,
            owner=owner,
            spec={**spec, "secrets": dict.fromkeys(secret, "")},
            timeout_seconds=int(min(wanted, self.longest_timeout_seconds)),
            created_at=self.now(),
            env={**(spec.get("environment") or {}), **secret, **own},
        )
        self.by_id[job.id] = job
        self.advance()
        return job

    def live(self) -> list[Job]:
        """Those that cost money now."""
        self.advance()
        return [job for job in self.by_id.values() if not job.is_over]

    def cancel(self, job: Job) -> None:
        if not job.is_over:
            self._end(job, "CANCELED", None)

    def advance(self) -> None:
        """Start what is due, take in what has ended, and end what is past its time."""
        for job in self.by_id.values():
            if job.stage == "SCHEDULING" and self.now() >= job.created_at + self.schedule_seconds:
                self._begin(job)
            if job.stage == "RUNNING":
                self._look(job)

    def close(self) -> None:
        self.runner.close()

    def document(self, job: Job) -> dict[str, Any]:
        """As the Hub tells of it: of its secrets the names alone."""
        spec = job.spec
        document = {
            "id": job.id,
            "createdAt": _iso(job.created_at),
            "startedAt": _iso(job.started_at),
            "finishedAt": _iso(job.finished_at),
            "dockerImage": spec.get("dockerImage"),
            "spaceId": spec.get("spaceId"),
            "command": spec.get("command", []),
            "arguments": spec.get("arguments", []),
            "environment": spec.get("environment", {}),
            "secrets": spec.get("secrets", {}),
            "flavor": spec.get("flavor", ""),
            "labels": dict(job.labels),
            "retry": int(spec.get("attempts") or 1) - 1,
            "status": {"stage": job.stage, "message": job.message},
            "durations": self._durations(job),
            "owner": {"id": f"user-{job.owner}", "name": job.owner, "type": "user"},
            "initiator": {"id": f"user-{job.owner}", "name": job.owner, "type": "user"},
        }
        if self.tells_timeout:
            document["timeoutSeconds"] = job.timeout_seconds
        return document

    def metric(self, job: Job) -> dict[str, Any]:
        """What the job's processes do now. It has no GPU: what that would do is told as it was set."""
        cpu_percent, memory_bytes = self._used(job)
        flavor = next(each for each in FLAVORS if each.name == job.spec["flavor"])
        gpus = {
            f"gpu{number}": {
                "utilization": self.gpu_percent,
                "memory_used_bytes": self.gpu_memory_bytes,
                "memory_total_bytes": flavor.vram_gb * 1_000_000_000 // flavor.gpus,
            }
            for number in range(flavor.gpus)
        }
        return {
            "cpu_usage_pct": cpu_percent,
            "cpu_millicores": 1000 * _CORES,
            "memory_used_bytes": memory_bytes,
            "memory_total_bytes": 16_000_000_000,
            "rx_bps": 0,
            "tx_bps": 0,
            "gpus": gpus,
            "replica": job.id[:5],
        }

    def _used(self, job: Job) -> tuple[int, int]:
        """Percent of the cores since the last look, or since the start, and bytes of memory."""
        if job.is_over or not isinstance(job.container, ProcessContainer):
            return 0, 0  # there is no process
        (seconds, memory_bytes), now = job.container.used(), time.monotonic()
        before_seconds, before = job.looked
        job.looked = seconds, now
        share = (seconds - before_seconds) / max(now - before, 0.01) / _CORES
        return round(100 * min(1.0, max(0.0, share))), memory_bytes

    def _check(self, spec: Mapping[str, Any]) -> None:
        if not self.has_credit:
            raise Refusal(402, "Pre-paid credit balance is insufficient to run this job.")
        if self.is_sold_out:
            raise Refusal(503, "No capacity is available for this flavor. Please try again later.")
        if not spec.get("dockerImage") and not spec.get("spaceId"):
            raise Refusal(400, "One of dockerImage or spaceId is required.")
        if not isinstance(spec.get("command"), list) or not spec["command"]:
            raise Refusal(400, "command must be a list of at least one word.")
        if spec.get("flavor") not in {each.name for each in FLAVORS}:
            raise Refusal(400, f"Invalid flavor: {spec.get('flavor')}.")

    def _begin(self, job: Job) -> None:
        job.stage, job.started_at = "RUNNING", self.now()
        self._say(job, f"===== Job started at {_iso(job.started_at)} =====")
        command = [*job.spec["command"], *(job.spec.get("arguments") or [])]
        started = ContainerSpec(
            pod_id=job.id,
            image=str(job.spec.get("dockerImage") or ""),
            args=tuple(command[1:]),
            entrypoint=(command[0],),
            env=job.env,
        )
        try:
            job.container = self.runner.start(
                started, lambda line: self._say(job, line), self.now()
            )
        except CannotStart as exc:
            self._end(job, "ERROR", str(exc))

    def _look(self, job: Job) -> None:
        if job.container is None or job.started_at is None:
            return
        ends_at = job.started_at + job.timeout_seconds
        code = job.container.exit_code(min(self.now(), ends_at))
        if code is not None:
            message = None if code == 0 else f"Job failed with exit code: {code}."
            self._end(job, "COMPLETED" if code == 0 else "ERROR", message)
        elif self.now() >= ends_at:
            self._end(job, "ERROR", "Job timeout")

    def _end(self, job: Job, stage: str, message: str | None) -> None:
        job.stage, job.message, job.finished_at = stage, message, self.now()
        if job.container is not None:
            job.container.stop()
            self.runner.remove(job.id)

    def _say(self, job: Job, line: str) -> None:
        if len(job.lines) < _MOST_LINES:
            job.lines.append((self.now(), line))

    def _durations(self, job: Job) -> dict[str, int | None]:
        until = job.finished_at if job.finished_at is not None else self.now()
        began = job.started_at
        return {
            "schedulingSecs": None if began is None else int(began - job.created_at),
            "runningSecs": None if began is None else int(until - began),
            "totalSecs": int(until - job.created_at),
        }


def _iso(moment: float | None) -> str | None:
    if moment is None:
        return None
    text = datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def log_time(moment: float) -> str:
    return _iso(moment) or ""
