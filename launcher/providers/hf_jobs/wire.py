"""Answers of Hugging Face Jobs, read leniently: what is unknown is passed over, what is missing is empty."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pod_image.contract.bodies import Gpu, MachineReading

OVER = frozenset({"COMPLETED", "CANCELED", "ERROR", "DELETED"})
_GIGABYTES = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(GB|GiB|TB|MB)?", re.IGNORECASE)


class _Lenient(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, defer_build=True)


class AcceleratorWire(_Lenient):
    type: str = ""
    model: str = ""
    quantity: str | int = "0"
    vram: str = ""
    """Of all of them together, such as "48 GB"."""


class GpuMetricsWire(_Lenient):
    utilization: float | None = None
    memory_used_bytes: float | None = None
    memory_total_bytes: float | None = None


class MetricsWire(_Lenient):
    """What a job's hardware does at one moment."""

    cpu_usage_pct: float | None = None
    memory_used_bytes: float | None = None
    memory_total_bytes: float | None = None
    gpus: dict[str, GpuMetricsWire] | None = None


def reading_in(document: Any) -> MachineReading:
    """Raises ValidationError."""
    read = MetricsWire.model_validate(document)
    return MachineReading(
        gpus=tuple(
            Gpu(
                use_percent=gpu.utilization,
                memory_used_gb=_of_bytes(gpu.memory_used_bytes),
                memory_total_gb=_of_bytes(gpu.memory_total_bytes),
            )
            for _, gpu in sorted((read.gpus or {}).items())
        ),
        cpu_percent=read.cpu_usage_pct,
        memory_used_gb=_of_bytes(read.memory_used_bytes),
        memory_total_gb=_of_bytes(read.memory_total_bytes),
    )


def _of_bytes(size_bytes: float | None) -> float | None:
    return None if size_bytes is None else size_bytes / 1e9


class HardwareWire(_Lenient):
    """One flavour."""

    name: str
    pretty_name: str = Field(default="", alias="prettyName")
    accelerator: AcceleratorWire | None = None
    unit_cost_micro_usd: float = Field(default=0.0, alias="unitCostMicroUSD")
    unit_label: str = Field(default="minute", alias="unitLabel")

    @property
    def gpu_count(self) -> int:
        if self.accelerator is None or self.accelerator.type.lower() != "gpu":
            return 0
        try:
            return int(self.accelerator.quantity)
        except ValueError:
            return 0

    @property
    def memory_gb(self) -> int:
        """Of one GPU, rounded down."""
        if self.accelerator is None or not self.gpu_count:
            return 0
        return int(_gigabytes(self.accelerator.vram) / self.gpu_count)

    @property
    def price_per_hour_usd(self) -> float | None:
        """None where the unit is not one that is known: nobody rents at a price that is a guess."""
        hours = {"minute": 60.0, "hour": 1.0, "second": 3600.0}.get(self.unit_label.lower())
        if hours is None or self.unit_cost_micro_usd <= 0:
            return None
        return self.unit_cost_micro_usd * hours / 1e6


class StatusWire(_Lenient):
    stage: str = ""


class JobWire(_Lenient):
    """One job. `timeout_seconds` is None where the answer does not tell it."""

    id: str = Field(min_length=1)
    created_at: datetime | None = Field(default=None, alias="createdAt")
    started_at: datetime | None = Field(default=None, alias="startedAt")
    image: str | None = Field(default=None, alias="dockerImage")
    environment: Mapping[str, Any] | None = None
    labels: Mapping[str, Any] | None = None
    flavor: str = ""
    status: StatusWire = StatusWire()
    timeout_seconds: float | None = Field(default=None, alias="timeoutSeconds")

    @property
    def is_over(self) -> bool:
        return self.status.stage.upper() in OVER

    @property
    def name(self) -> str:
        return str((self.labels or {}).get("name") or "")

    def variable(self, name: str) -> str:
        value = (self.environment or {}).get(name)
        return value if isinstance(value, str) else ""


def hardware_in(document: Any) -> list[HardwareWire]:
    """The flavours of a list; one that cannot be read is left out. Raises ValueError for what is no list."""
    if not isinstance(document, list):
        raise ValueError("not a list")
    found = []
    for each in document:
        try:
            found.append(HardwareWire.model_validate(each))
        except ValidationError:
            continue
    return found


def _gigabytes(text: str) -> float:
    match = _GIGABYTES.match(text)
    if match is None:
        return 0.0
    unit = (match[2] or "GB").upper()
    return float(match[1]) * {"TB": 1000.0, "MB": 0.001}.get(unit, 1.0)
