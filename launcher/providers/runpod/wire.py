"""RunPod's JSON as it may come: unknown keys kept, new words accepted, most things optional. No HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from launcher.providers.told_times import moment


def _number(value: Any) -> float | None:
    """Numbers, also as text ("0.74"); anything else is unknown."""
    if isinstance(value, bool):
        return None
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if number == number and abs(number) != float("inf") else None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _object(value: Any) -> Any:
    return value if isinstance(value, dict) else {}


def _objects(value: Any) -> list[Any]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


Moment = Annotated[datetime | None, BeforeValidator(moment)]
Number = Annotated[float | None, BeforeValidator(_number)]
Text = Annotated[str, BeforeValidator(_text)]


class Wire(BaseModel):
    model_config = ConfigDict(extra="allow", frozen=True, defer_build=True)


class GpuOfPod(Wire):
    id: Text = ""
    count: Number = None


class Runtime(Wire):
    uptime: Number = None


class MembershipWire(Wire):
    """`rank` is unknown until the cluster has counted its pods; the first is 0."""

    id: Text = ""
    rank: Number = None


class PodWire(Wire):
    """Only the id is insisted on: without it there is nothing to release."""

    id: str = Field(min_length=1)
    name: Text = ""
    status: Text = ""
    image: Text = ""
    env: Annotated[dict[str, Any], BeforeValidator(_object)] = {}
    cloud: Text = ""
    data_center: Text = Field(default="", alias="dataCenterId")
    cost: Number = None
    gpu: Annotated[GpuOfPod, BeforeValidator(_object)] = GpuOfPod()
    runtime: Annotated[Runtime, BeforeValidator(_object)] = Runtime()
    created_at: Moment = Field(default=None, alias="createdAt")
    started_at: Moment = Field(default=None, alias="startedAt")
    cluster: Annotated[MembershipWire, BeforeValidator(_object)] = MembershipWire()

    @property
    def is_terminated(self) -> bool:
        return self.status.upper() == "TERMINATED"


class ClusterWire(Wire):
    """The frame of a cluster; its pods tell the rest."""

    id: str = Field(min_length=1)
    name: Text = ""
    created_at: Moment = Field(default=None, alias="createdAt")


class CentreWire(Wire):
    id: Text = ""
    availability: Text = ""


class GpuTypeWire(Wire):
    """`availability` is None when the catalogue was silent about it."""

    id: str = Field(min_length=1)
    name: Text = ""
    manufacturer: Text = ""
    memory: Number = None
    secure: bool | None = None
    community: bool | None = None
    price: Annotated[dict[str, Number], BeforeValidator(_object)] = {}
    max_count: Annotated[dict[str, Number], BeforeValidator(_object)] = Field(
        default={}, alias="maxCount"
    )
    availability: str | None = None
    data_centers: Annotated[list[CentreWire], BeforeValidator(_objects)] = Field(
        default=[], alias="dataCenters"
    )


class SecretWire(Wire):
    id: str = Field(min_length=1)
    name: Text = ""
    created_at: Moment = Field(default=None, alias="createdAt")


class ExecWire(Wire):
    """The published pages name the parts, not the keys: every usual spelling is read."""

    stdout: Text = ""
    stderr: Text = ""
    exit_code: Any = Field(default=None, alias="exitCode")
    exit_code_other: Any = Field(default=None, alias="exit_code")
    code: Any = None
    timed_out: Any = Field(default=False, alias="timedOut")

    @property
    def exit_status(self) -> int | None:
        for value in (self.exit_code, self.exit_code_other, self.code):
            if isinstance(value, int) and not isinstance(value, bool):
                return value
        return None


class LogWire(Wire):
    source: Text = ""
    line: Text = ""
    ts: Text = ""

    @property
    def at(self) -> datetime | None:
        return moment(self.ts)


class BillingWire(Wire):
    pod_id: Text = Field(default="", alias="podId")
    cluster_id: Text = Field(default="", alias="clusterId")
    total_amount: Number = Field(default=None, alias="totalAmount")


class MyselfWire(Wire):
    id: Text = ""
    balance: Number = Field(default=None, alias="clientBalance")
    spend_per_hour: Number = Field(default=None, alias="currentSpendPerHr")
    spend_limit: Number = Field(default=None, alias="spendLimit")


class BalanceWire(Wire):
    """The page of the call names both parts."""

    amount: Number = Field(default=None, alias="balanceAmount")
    mode: Text = Field(default="", alias="billingMode")

    @property
    def is_invoiced(self) -> bool:
        return self.mode.upper() == "POSTPAID"


class LimitWire(Wire):
    """One limit, and how much of it is used. Its page names neither part: every usual word for either is read."""

    most: Number = None
    used: Number = None


def _limit(value: Any) -> Any:
    if not isinstance(value, dict):
        return {"most": value}
    found: dict[str, Any] = {}
    for name, number in value.items():
        part = _part_of_limit(str(name).lower())
        if part and _number(number) is not None:
            found.setdefault(part, number)
    left = _number(found.pop("left", None))
    if left is not None and "used" not in found and "most" in found:
        found["used"] = max(0.0, float(found["most"]) - left)
    return found


def _part_of_limit(name: str) -> str:
    for part, words in _PARTS_OF_A_LIMIT.items():
        if any(word in name for word in words):
            return part
    return ""


_PARTS_OF_A_LIMIT = {
    "left": ("remaining", "available", "left"),
    "used": ("current", "used", "usage", "running"),
    "most": ("limit", "max", "cap", "quota", "value", "amount"),
}
"""In this order: `currentAmount` is what is used."""
Limit = Annotated[LimitWire, BeforeValidator(_limit)]


class LimitsWire(Wire):
    """`pods` is not on the page yet, which knows of serverless workers beside the spend rate."""

    spend_rate: Limit = Field(default=LimitWire(), alias="spendRate")
    pods: Limit = LimitWire()
