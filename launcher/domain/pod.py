"""A rented machine, and the order for one."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from pydantic import SecretStr

from launcher.domain.pod_ids import is_cluster

if TYPE_CHECKING:
    from pod_image.contract.common_settings import Cloud

POD_NAME_PREFIX = "launcher-"
_POD_NAME = re.compile(
    r"^launcher-(?P<run_id>[a-z0-9][a-z0-9-]*?)-a(?P<attempt>\d+)-(?P<nonce>[a-z0-9]{10})$"
)
NONCE_VARIABLE = "LAUNCHER_NONCE"
"""The nonce stands alone in the pod's environment too, where a list call shows it."""


class PodStatus(StrEnum):
    """The pod's state as the provider reports it. Values that it adds later are read as `unknown`."""

    PROVISIONING = "provisioning"
    STARTING = "starting"
    RUNNING = "running"
    EXITED = "exited"
    ERROR = "error"
    TERMINATED = "terminated"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class PodName:
    """`launcher-<run id>-a<attempt>-<nonce>`: unique, so that a create of unclear outcome can be looked for."""

    run_id: str
    attempt: int
    nonce: str

    def __str__(self) -> str:
        return f"{POD_NAME_PREFIX}{self.run_id}-a{self.attempt}-{self.nonce}"

    @classmethod
    def parse(cls, name: str) -> PodName | None:
        """The parts of a name of ours, or None for anybody else's pod."""
        match = _POD_NAME.match(name)
        return cls(match["run_id"], int(match["attempt"]), match["nonce"]) if match else None


def new_nonce() -> str:
    """Ten letters and digits: 51 bits, drawn anew for each attempt."""
    return "".join(secrets.choice("abcdefghijklmnopqrstuvwxyz0123456789") for _ in range(10))


@dataclass(frozen=True)
class Pod:
    """What the provider says of a pod now."""

    id: str
    name: str
    status: PodStatus
    price_per_hour_usd: float
    """0 for a pod that is not running: keep the price of the create's answer."""
    created_at: datetime | None = None
    started_at: datetime | None = None
    uptime_seconds: float | None = None
    gpu_type: str = ""
    gpu_count: int = 0
    data_center: str = ""
    cloud: Cloud | None = None
    image: str = ""
    nonce: str = ""
    """Value of LAUNCHER_NONCE in its environment, if there."""
    deadline: datetime | None = None
    """When it has to be gone, from LAUNCHER_RUN in its environment, if there."""
    run_json: str = field(default="", repr=False)
    """LAUNCHER_RUN of its environment, if there: what it was told of its run. Holds no secret."""
    nodes: int = 1
    """Pods that it consists of now; `gpu_count` is of each, price of all. 0 for a cluster that has none placed yet."""
    is_headless: bool = False
    """Of a cluster: its first pod is not there or has ended. Once it was ready, nothing can be delivered any more."""

    @property
    def is_cluster(self) -> bool:
        return is_cluster(self.id)

    def whole_price(self, known_usd: float) -> float:
        """Of an hour: what the pod tells, else what is known. A cluster that has lost a pod, or does not show all of
        them yet, tells less than it costs as a whole."""
        if self.is_cluster:
            return max(self.price_per_hour_usd, known_usd)
        return self.price_per_hour_usd or known_usd


@dataclass(frozen=True)
class PodOrder:
    """Everything a create needs. Values of `secrets` are never written anywhere."""

    name: str
    image: str
    gpu_type: str
    gpu_count: int
    cloud: Cloud
    disk_gb: int
    nodes: int = 1
    """More than one are ordered together, as a cluster."""
    data_centers: tuple[str, ...] = ()
    registry: str = ""
    min_cuda_version: str = ""
    """Hosts whose driver knows less are not rented; empty takes any."""
    entry_point: tuple[str, ...] = ()
    """In the place of the image's own; empty leaves that."""
    start_command: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    """Plain values and references to account secrets; shown to anybody who may read the pod."""
    secrets: Mapping[str, SecretStr] = field(default_factory=dict)
    """Plain secret values, only when the key may not make account secrets; the plan says so."""
