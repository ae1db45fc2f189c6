"""RunPod as a Provider: its JSON to our words and back. No URL and no status code is known here."""

from __future__ import annotations

import asyncio
import re
from collections.abc import (
    AsyncGenerator,
    Awaitable,
    Callable,
    Iterator,
    Mapping,
    Sequence,
)
from contextlib import aclosing
from dataclasses import replace
from datetime import timedelta
from typing import Any

from pydantic import SecretStr, ValidationError

from launcher.domain.account import Account
from launcher.domain.offer import Offer
from launcher.domain.planned_request import Planned
from launcher.domain.pod import Pod, PodOrder, PodStatus
from launcher.domain.pod_ids import named_pod
from launcher.errors import (
    ApiDrift,
    InvalidRequest,
    LauncherError,
    PodGone,
    ProviderError,
    ProviderUnavailable,
    RentUnclear,
)
from launcher.providers.base import AccountSecret, ExecResult, LogLine
from launcher.providers.call_budget import looking
from launcher.providers.place import Place
from launcher.providers.runpod.account import account_of
from launcher.providers.runpod.answers import (
    TIERS,
    offers_of,
    pod_of,
    read_as,
    secret_of,
    whole_cluster,
)
from launcher.providers.runpod.client import Create, RunPodClient
from launcher.providers.runpod.clusters import (
    cluster_body,
    first_of,
    their_id,
    unplaced,
)
from launcher.providers.runpod.log import LineMemory, log_line
from launcher.providers.runpod.order_body import create_body, pod_environment_of
from launcher.providers.runpod.place import RUNPOD
from launcher.providers.runpod.wire import (
    BillingWire,
    ClusterWire,
    ExecWire,
    GpuTypeWire,
    PodWire,
    SecretWire,
)
from pod_image.contract.bodies import MachineReading
from pod_image.contract.common_settings import Cloud
from pod_image.contract.findings import Finding
from pod_image.contract.next_steps import NextStep, Sentence
from pod_image.contract.places import PLACES

ABSENT_READINGS = 2
"""Gone is believed when a pod is absent so many times in a row: reads lag and fail."""

_UNKNOWN_ARRAYS = re.compile(r"\b(entrypoint|cmd)\b.* not allowed")


class RunPodProvider:
    """See `launcher.providers.base.Provider` for what each method promises."""

    def __init__(
        self,
        client: RunPodClient,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        look_again_seconds: float = 2.0,
        longest_pause_seconds: float = 30.0,
        release_patience_seconds: float = 300.0,
    ) -> None:
        """`look_again_seconds`: between two readings that decide whether a pod is gone."""
        self._client = client
        self._sleep = sleep
        self._look_again_seconds = look_again_seconds
        self._longest_pause_seconds = longest_pause_seconds
        self._release_patience_seconds = release_patience_seconds

    @property
    def place(self) -> Place:
        return RUNPOD

    @property
    def is_in_use(self) -> bool:
        return True

    @property
    def pod_environment(self) -> Mapping[str, str]:
        url = self._client.base_url
        return {} if url == RUNPOD.url else {PLACES[RUNPOD.name].url: url}

    @property
    def calls(self) -> int:
        return self._client.calls

    @property
    def clock_ahead(self) -> timedelta:
        return self._client.clock_ahead

    async def aclose(self) -> None:
        await self._client.aclose()

    async def offers(
        self,
        gpu_count: int,
        cloud: Cloud,
        data_centers: Sequence[str],
        min_cuda_version: str = "",
        nodes: int = 1,
    ) -> list[Offer]:
        if nodes > 1:
            return await self._cluster_offers(gpu_count, cloud, data_centers, nodes)
        tiers = list(TIERS) if cloud is Cloud.ANY else [cloud]
        found: list[Offer] = []
        for tier in tiers:
            answer = await self._client.gpu_types(gpu_count, TIERS[tier], min_cuda_version)
            types = [read_as(GpuTypeWire, each, "a GPU") for each in answer]
            if types and all(each.availability is None for each in types):
                raise ApiDrift("RunPod's list of GPUs no longer shows which are available.")
            found.extend(offers_of(types, gpu_count, tier, data_centers))
        # Secure comes first at equal price: the same money buys the more dependable host.
        return sorted(found, key=lambda offer: (offer.price_per_hour_usd, offer.cloud != "secure"))

    async def _cluster_offers(
        self, gpu_count: int, cloud: Cloud, data_centers: Sequence[str], nodes: int
    ) -> list[Offer]:
        """Of the secure tier, which alone has clusters; what they cost is not told apart from what pods do."""
        if cloud is Cloud.COMMUNITY or nodes > self.place.most_nodes:
            return []
        tier = Cloud.SECURE
        answer = await self._client.gpu_types(gpu_count, TIERS[tier], product="CLUSTER")
        types = [read_as(GpuTypeWire, each, "a GPU") for each in answer]
        found = (
            replace(each, nodes=nodes, price_per_hour_usd=each.price_per_hour_usd * nodes)
            for each in offers_of(types, gpu_count, tier, data_centers)
        )
        return sorted(found, key=lambda offer: offer.price_per_hour_usd)

    async def notes(self, run_json: str) -> tuple[Finding, ...]:
        return ()

    async def remains(self, pod_id: str) -> str:
        return ""

    def planned_requests(self, order: PodOrder, secrets: Mapping[str, str]) -> tuple[Planned, ...]:
        made = [
            self._client.planned(Create.SECRET, {"name": name, "value": placeholder})
            for name, placeholder in secrets.items()
        ]
        if order.nodes > 1:
            body = cluster_body(order, pod_environment_of(order))
            return (*made, self._client.planned(Create.CLUSTER, body))
        return (*made, self._client.planned(Create.POD, create_body(order)))

    async def rent(self, order: PodOrder) -> Pod:
        if order.nodes > 1:
            return await self._rent_cluster(order)
        answer = await self._created(order)
        try:
            return pod_of(PodWire.model_validate(answer))
        except ValidationError as exc:
            raise RentUnclear(
                "RunPod's answer to the order of a pod has no id; a pod may exist."
            ) from exc

    async def _created(self, order: PodOrder) -> Any:
        """Sent once; but where RunPod takes no arrays of words, which it says before it makes anything."""
        hidden = tuple(order.secrets.values())
        try:
            return await self._client.create_pod(create_body(order), hidden=hidden)
        except InvalidRequest as exc:
            if not order.entry_point or not _UNKNOWN_ARRAYS.search(str(exc)):
                raise
        return await self._client.create_pod(create_body(order, has_arrays=False), hidden=hidden)

    async def _rent_cluster(self, order: PodOrder) -> Pod:
        """The cluster, with the price of its pods where they are there already."""
        body = cluster_body(order, pod_environment_of(order))
        answer = await self._client.create_cluster(body, tuple(order.secrets.values()))
        try:
            made = unplaced(ClusterWire.model_validate(answer))
        except ValidationError as exc:
            raise RentUnclear(
                "RunPod's answer to the order of a cluster has no id; a cluster may exist."
            ) from exc
        try:
            return await self.pod(made.id)
        except LauncherError:  # it is rented all the same, and the next look tells more
            return made

    async def find(self, name: str) -> Pod | None:
        found = next((pod for pod in await self.pods() if pod.name == name), None)
        return found or await self._unplaced(name)

    async def _unplaced(self, name: str) -> Pod | None:
        """A cluster of that name, none of whose pods says so: it may have none yet."""
        clusters = [
            read_as(ClusterWire, each, "a cluster") for each in await self._client.clusters()
        ]
        return next((unplaced(each) for each in clusters if each.name == name), None)

    async def pods(self) -> list[Pod]:
        answer = [read_as(PodWire, each, "a pod") for each in await self._client.pods()]
        wires = [wire for wire in answer if not wire.is_terminated]
        alone = [pod_of(wire) for wire in wires if not wire.cluster.id]
        members: dict[str, list[PodWire]] = {}
        for wire in wires:
            if wire.cluster.id:
                members.setdefault(wire.cluster.id, []).append(wire)
        return [*alone, *(whole_cluster(cluster_id, each) for cluster_id, each in members.items())]

    async def pod(self, pod_id: str) -> Pod:
        if cluster_id := their_id(pod_id):
            members = await self._members(cluster_id)
            if members:
                return whole_cluster(cluster_id, members)
            answer = await self._client.cluster(cluster_id)
            return unplaced(read_as(ClusterWire, answer, "a cluster"))
        pod = pod_of(read_as(PodWire, await self._client.pod(pod_id), "a pod"))
        if pod.status is PodStatus.TERMINATED:
            raise PodGone(f"Pod {pod_id} has ended.")
        return pod

    async def _members(self, cluster_id: str) -> list[PodWire]:
        """Those that are there. Raises PodGone when there is no such cluster."""
        answer = await self._client.cluster_pods(cluster_id)
        wires = [read_as(PodWire, each, "a pod") for each in answer]
        return [wire for wire in wires if not wire.is_terminated]

    async def _speaking(self, pod_id: str) -> str:
        """The pod whose log tells of the run, and that takes instructions: of a cluster its first. Raises PodGone when
        the cluster is gone, ProviderUnavailable while it has no first pod."""
        cluster_id = their_id(pod_id)
        if not cluster_id:
            return pod_id
        first = first_of(await self._members(cluster_id))
        if first is None:
            raise ProviderUnavailable(f"The first node of {pod_id} is not there.")
        return first.id

    async def release(self, pod_id: str) -> None:
        """See the protocol. Raises ProviderUnavailable when RunPod kept silent for the whole patience."""
        loop = asyncio.get_running_loop()
        give_up_at = loop.time() + self._release_patience_seconds
        pauses = self._pauses()
        while True:
            failure: LauncherError | None = None
            try:
                await self._delete(pod_id)
                if await self._is_gone(pod_id):
                    return
            except ProviderUnavailable as exc:
                failure = exc
            if loop.time() >= give_up_at:
                raise ProviderUnavailable(
                    f"{named_pod(pod_id, begins=True)} could not be ended; it may still cost money.",
                    hint=Sentence(
                        NextStep.LOOK_FOR_PODS, " tries again, or end it at console.runpod.io/pods."
                    ),
                ) from failure
            await self._sleep(_pause(failure, next(pauses)))

    async def _delete(self, pod_id: str) -> None:
        cluster_id = their_id(pod_id)
        try:
            if cluster_id:
                await self._client.delete_cluster(cluster_id)
            else:
                await self._client.delete_pod(pod_id)
        except PodGone:
            return  # the readings that follow decide: one 404 is no proof

    async def _is_gone(self, pod_id: str) -> bool:
        """Two absent readings; False as soon as one shows the pod several times over."""
        absent = present = 0
        while absent < ABSENT_READINGS and present < ABSENT_READINGS:
            if absent or present:
                await self._sleep(self._look_again_seconds)
            try:
                await self.pod(pod_id)
                absent, present = 0, present + 1
            except PodGone:
                absent += 1
        return absent >= ABSENT_READINGS

    async def log(
        self, pod_id: str, after: str = "", tail: int = 5000
    ) -> AsyncGenerator[LogLine, None]:
        cursor, memory, pauses = after, LineMemory(), self._pauses()
        while True:
            failure: LauncherError | None = None
            try:
                speaking = await self._speaking(pod_id)
                async with aclosing(self._client.log(speaking, cursor, tail)) as events:
                    async for event in events:
                        line = log_line(event)
                        cursor = event.id or cursor
                        if line is not None and memory.is_new(line):
                            pauses = self._pauses()
                            yield line
            except PodGone as exc:
                failure = exc
            except ProviderUnavailable as exc:
                failure = exc
            except ProviderError:
                if not cursor:
                    raise
                cursor = (
                    ""  # an id the service no longer takes: start over, known lines are passed over
                )
            memory.reconnected()
            if isinstance(failure, PodGone) and await self._is_certainly_gone(pod_id):
                raise failure
            await self._sleep(_pause(failure, next(pauses)))

    async def _is_certainly_gone(self, pod_id: str) -> bool:
        try:
            with looking():
                return await self._is_gone(pod_id)
        except ProviderUnavailable:
            return False

    async def execute(
        self, pod_id: str, argv: Sequence[str], timeout_seconds: int = 20
    ) -> ExecResult:
        speaking = await self._speaking(pod_id)
        answer = await self._client.execute(speaking, argv, timeout_seconds)
        wire = read_as(ExecWire, answer, "a command's result")
        return ExecResult(wire.stdout, wire.stderr, wire.exit_status, bool(wire.timed_out))

    async def make_secret(self, name: str, value: SecretStr) -> AccountSecret:
        answer = await self._client.create_secret(name, value)
        secret = secret_of(read_as(SecretWire, answer, "a secret"))
        return AccountSecret(secret.id, secret.name or name, secret.created_at)

    async def secrets(self) -> list[AccountSecret]:
        return [
            secret_of(read_as(SecretWire, each, "a secret"))
            for each in await self._client.secrets()
        ]

    async def remove_secret(self, secret_id: str) -> None:
        try:
            await self._client.delete_secret(secret_id)
        except ProviderError:
            if any(secret.id == secret_id for secret in await self.secrets()):
                raise

    def secret_reference(self, name: str) -> str:
        return f"{{{{ RUNPOD_SECRET_{name} }}}}"

    async def account(self) -> Account:
        return await account_of(self._client)

    async def measured(self, pod_id: str) -> MachineReading | None:
        return None

    async def billed_usd(self, pod_id: str) -> float | None:
        cluster_id = their_id(pod_id)
        try:
            answer = await (
                self._client.cluster_billing(cluster_id)
                if cluster_id
                else self._client.billing(pod_id)
            )
            records = [read_as(BillingWire, each, "a bill") for each in answer]
        except ProviderError:
            return None
        amounts = [
            record.total_amount
            for record in records
            if (record.cluster_id or record.pod_id) in ("", cluster_id or pod_id)
            and record.total_amount is not None
        ]
        return sum(amounts) if amounts else None

    def _pauses(self) -> Iterator[float]:
        seconds = min(1.0, self._longest_pause_seconds)
        while True:
            yield seconds
            seconds = min(seconds * 2, self._longest_pause_seconds)


def _pause(failure: LauncherError | None, seconds: float) -> float:
    told = failure.retry_after_seconds if isinstance(failure, ProviderUnavailable) else None
    return max(seconds, told or 0.0)
