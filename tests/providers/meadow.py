"""A place that there is not: pods in memory, no HTTP, no key. It shows that nothing of a cloud is in the protocol."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from pydantic import SecretStr

from launcher.domain.account import Account
from launcher.domain.offer import Offer, Stock
from launcher.domain.planned_request import Planned, PlannedCommand
from launcher.domain.pod import NONCE_VARIABLE, Pod, PodOrder, PodStatus
from launcher.errors import NoCapacity, NoRight, PodGone, ProviderUnavailable, RentUnclear
from launcher.providers.base import AccountSecret, ExecResult, LogLine
from launcher.providers.place import Place, PlaceImages
from pod_image.contract.bodies import MachineReading
from pod_image.contract.common_settings import Cloud
from pod_image.contract.environment import RUN_VARIABLE
from pod_image.contract.findings import Finding
from tests.kit.virtual_time import now_seconds


@dataclass
class Meadow:
    """What is on it, and what it does not do any more."""

    pods: dict[str, Pod] = field(default_factory=dict)
    since: dict[str, float] = field(default_factory=dict)
    kept: dict[str, AccountSecret] = field(default_factory=dict)
    lacks: set[str] = field(default_factory=set)
    asked: int = 0


MEADOW = Place(
    name="meadow",
    title="the meadow",
    url="",
    key=None,
    console="",
    console_address="the gate",
    prices="nothing",
    out_of_money="",
    least_disk_gb=1,
    images=PlaceImages("python:3.11", {}, 100.0, 0.0, ""),
)


class MeadowProvider:
    """See `launcher.providers.base.Provider` for what each method promises."""

    place = MEADOW
    is_in_use = True
    clock_ahead = timedelta(0)
    pod_environment: Mapping[str, str] = {}

    def __init__(self, meadow: Meadow) -> None:
        self._meadow = meadow

    @property
    def calls(self) -> int:
        return self._meadow.asked

    async def aclose(self) -> None: ...

    async def offers(
        self,
        gpu_count: int,
        cloud: Cloud,
        data_centers: Sequence[str],
        min_cuda_version: str = "",
        nodes: int = 1,
    ) -> list[Offer]:
        self._ask()
        if data_centers or nodes > 1:
            return []
        return [Offer("grass", "Grass", gpu_count, 1, Cloud.SECURE, 0.0, Stock.HIGH)]

    async def notes(self, run_json: str) -> tuple[Finding, ...]:
        return ()

    async def remains(self, pod_id: str) -> str:
        return ""

    def planned_requests(self, order: PodOrder, secrets: Mapping[str, str]) -> tuple[Planned, ...]:
        made = [PlannedCommand(("meadow", "keep", *each)) for each in secrets.items()]
        return (*made, PlannedCommand(("meadow", "let-in", order.name, order.image)))

    async def rent(self, order: PodOrder) -> Pod:
        self._ask()
        if "room" in self._meadow.lacks:
            raise NoCapacity("The meadow is full.")
        document = order.environment.get(RUN_VARIABLE, "")
        pod = Pod(
            id=f"m{len(self._meadow.since)}",
            name=order.name,
            status=PodStatus.RUNNING,
            price_per_hour_usd=0.0,
            created_at=datetime.fromtimestamp(now_seconds(), UTC),
            nonce=order.environment.get(NONCE_VARIABLE, ""),
            deadline=datetime.fromisoformat(json.loads(document)["deadline"]),
            run_json=document,
        )
        self._meadow.pods[pod.id] = pod
        self._meadow.since[pod.id] = now_seconds()
        if "answer" in self._meadow.lacks:
            self._meadow.lacks.remove("answer")
            raise RentUnclear("Somebody may have come in.")
        return pod

    async def find(self, name: str) -> Pod | None:
        return next((pod for pod in await self.pods() if pod.name == name), None)

    async def pods(self) -> list[Pod]:
        self._ask()
        return list(self._meadow.pods.values())

    async def pod(self, pod_id: str) -> Pod:
        self._ask()
        if pod_id not in self._meadow.pods:
            raise PodGone(f"{pod_id} is not on the meadow.")
        return replace(self._meadow.pods[pod_id])

    async def release(self, pod_id: str) -> None:
        self._ask()
        self._meadow.pods.pop(pod_id, None)

    async def log(
        self, pod_id: str, after: str = "", tail: int = 5000
    ) -> AsyncGenerator[LogLine, None]:
        number = int(after) + 1 if after else 0
        while True:
            await self.pod(pod_id)
            if now_seconds() >= self._meadow.since[pod_id] + number:
                yield LogLine(str(number), "container", f"line {number}")
                number += 1
            else:
                await asyncio.sleep(1.0)

    async def execute(
        self, pod_id: str, argv: Sequence[str], timeout_seconds: int = 20
    ) -> ExecResult:
        await self.pod(pod_id)
        if "exec" in self._meadow.lacks:
            raise NoRight("Nobody is told anything on the meadow.")
        return ExecResult(" ".join(argv), "", 0)

    async def make_secret(self, name: str, value: SecretStr) -> AccountSecret:
        self._needs_secrets()
        self._meadow.kept[name] = AccountSecret(name, name)
        return self._meadow.kept[name]

    async def secrets(self) -> list[AccountSecret]:
        self._needs_secrets()
        return list(self._meadow.kept.values())

    async def remove_secret(self, secret_id: str) -> None:
        self._needs_secrets()
        self._meadow.kept.pop(secret_id, None)

    def secret_reference(self, name: str) -> str:
        return f"whispered:{name}"

    async def account(self) -> Account:
        return Account()

    async def measured(self, pod_id: str) -> MachineReading | None:
        return None

    async def billed_usd(self, pod_id: str) -> float | None:
        return None

    def _needs_secrets(self) -> None:
        self._ask()
        if "secrets" in self._meadow.lacks:
            raise NoRight("The meadow keeps no secrets.")

    def _ask(self) -> None:
        self._meadow.asked += 1
        if "words" in self._meadow.lacks:
            raise ProviderUnavailable("Nobody answers on the meadow.")


class MeadowStage:
    def __init__(self) -> None:
        self.meadow = Meadow()
        self.provider = MeadowProvider(self.meadow)

    @property
    def paid(self) -> int:
        return len(self.meadow.pods)

    @property
    def asked(self) -> int:
        return self.meadow.asked

    def with_bad_key(self) -> None:
        return None

    def lose_the_next_answer(self) -> None:
        self.meadow.lacks.add("answer")

    def sell_out(self) -> None:
        self.meadow.lacks.add("room")

    def silence(self) -> None:
        self.meadow.lacks.add("words")

    def remove(self, pod_id: str) -> None:
        del self.meadow.pods[pod_id]

    def take_away_exec(self) -> None:
        self.meadow.lacks.add("exec")

    def take_away_secrets(self) -> None:
        self.meadow.lacks.add("secrets")
