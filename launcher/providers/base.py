"""What a cloud has to be able to do for us."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from pydantic import SecretStr

from launcher.domain.account import Account
from launcher.domain.offer import Offer
from launcher.domain.planned_request import Planned
from launcher.domain.pod import Pod, PodOrder
from launcher.providers.place import Place
from pod_image.contract.bodies import MachineReading
from pod_image.contract.common_settings import Cloud
from pod_image.contract.findings import Finding


@dataclass(frozen=True)
class LogLine:
    """One line of a pod's log. `id` resumes the stream after it and is opaque."""

    id: str
    source: str
    """"container" or "system"."""
    text: str
    at: datetime | None = None


@dataclass(frozen=True)
class ExecResult:
    stdout: str
    stderr: str
    exit_code: int | None
    timed_out: bool = False


@dataclass(frozen=True)
class AccountSecret:
    """A secret of the account, without its value."""

    id: str
    name: str
    created_at: datetime | None = None


class Provider(Protocol):
    """Every method may raise ProviderError or NotConfigured (key missing or refused)."""

    @property
    def place(self) -> Place:
        """Where this is."""
        ...

    @property
    def is_in_use(self) -> bool:
        """Whether anything of ours may be there: a place without a key is not looked through before it was used."""
        ...

    @property
    def pod_environment(self) -> Mapping[str, str]:
        """What a pod needs to know of its place beside what the place tells it: a stand-in's address."""
        ...

    async def aclose(self) -> None: ...

    @property
    def calls(self) -> int:
        """Requests sent so far."""
        ...

    @property
    def clock_ahead(self) -> timedelta:
        """How far the provider's clock is ahead of this machine's; zero while that is not known."""
        ...

    async def offers(
        self,
        gpu_count: int,
        cloud: Cloud,
        data_centers: Sequence[str],
        min_cuda_version: str = "",
        nodes: int = 1,
    ) -> list[Offer]:
        """What can be rented now, cheapest first; with a CUDA version, only stock on hosts that know it. Of several
        nodes, which are rented together, each has `gpu_count` GPUs.

        Never raises for 'none', nor for more nodes than the place has in one.
        """
        ...

    async def notes(self, run_json: str) -> tuple[Finding, ...]:
        """What a plan says of the place, for a run with that LAUNCHER_RUN: what it cannot promise, and what is missing.

        Only what holds of it alone; what every place promises is not said.
        """
        ...

    async def remains(self, pod_id: str) -> str:
        """What of a pod that is gone can still be had there, as sentences; empty where nothing can. Never raises."""
        ...

    def planned_requests(self, order: PodOrder, secrets: Mapping[str, str]) -> tuple[Planned, ...]:
        """Exactly what `make_secret` for each of `secrets` (name and placeholder) and then `rent` would send.

        Nothing is sent, and no credential of this provider's is in the result. Raises InvalidRequest as `rent` does.
        """
        ...

    async def rent(self, order: PodOrder) -> Pod:
        """Rent one pod, or the pods of one cluster, which are one to everybody here. Sent once, never repeated.

        Raises NoCapacity (the next candidate may do), InsufficientBalance, OverLimit, NoRight, InvalidRequest, or
        RentUnclear: then a pod may exist, and `find(order.name)` decides.
        """
        ...

    async def find(self, name: str) -> Pod | None:
        """The pod of exactly that name, if the list shows it. Lists lag: None is no proof."""
        ...

    async def pods(self) -> list[Pod]:
        """Every pod of the account that still exists."""
        ...

    async def pod(self, pod_id: str) -> Pod:
        """Raises PodGone when it does not exist (any more)."""
        ...

    async def release(self, pod_id: str) -> None:
        """Stop paying: silent when the pod is already gone, else returns once the provider agreed. Retried."""
        ...

    def log(self, pod_id: str, after: str = "", tail: int = 5000) -> AsyncGenerator[LogLine, None]:
        """The pod's log, oldest first and then as it comes; reconnects by itself and repeats no line.

        Ends by raising PodGone.
        """
        ...

    async def execute(
        self, pod_id: str, argv: Sequence[str], timeout_seconds: int = 20
    ) -> ExecResult:
        """Run a command in the pod. Raises NoRight or ProviderError where the provider has no such call."""
        ...

    async def make_secret(self, name: str, value: SecretStr) -> AccountSecret:
        """Raises NoRight when the key may not, or the provider has no secrets."""
        ...

    async def secrets(self) -> list[AccountSecret]: ...

    async def remove_secret(self, secret_id: str) -> None:
        """Silent when it is already gone."""
        ...

    def secret_reference(self, name: str) -> str:
        """What stands in a pod's environment for the secret of that name."""
        ...

    async def account(self) -> Account:
        """Never raises for a figure that is not to be had; a scope that the key lacks for it is named."""
        ...

    async def measured(self, pod_id: str) -> MachineReading | None:
        """What the place itself measures of the pod's hardware now; None where it measures nothing, or not yet."""
        ...

    async def billed_usd(self, pod_id: str) -> float | None:
        """What the provider has billed for the pod so far, or None while it has no figure."""
        ...
