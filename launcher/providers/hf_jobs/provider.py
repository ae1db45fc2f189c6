"""Hugging Face Jobs as a Provider: its jobs are our pods. No URL and no status code is known here."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from datetime import timedelta
from typing import Any

from pydantic import SecretStr

from launcher.clock import Clock, SystemClock
from launcher.domain.account import Account
from launcher.domain.offer import Offer, Stock
from launcher.domain.planned_request import Planned
from launcher.domain.pod import NONCE_VARIABLE, Pod, PodOrder, PodStatus
from launcher.errors import (
    InvalidRequest,
    LauncherError,
    NoRight,
    PodGone,
    ProviderError,
    ProviderUnavailable,
)
from launcher.providers.base import ExecResult, LogLine
from launcher.providers.held_secrets import HeldSecrets, parted
from launcher.providers.hf_jobs.client import HfJobsClient
from launcher.providers.hf_jobs.place import HF_JOBS
from launcher.providers.hf_jobs.wire import HardwareWire, JobWire
from launcher.providers.place import Place
from launcher.providers.told_times import deadline_in, moment
from pod_image.contract.bodies import MachineReading
from pod_image.contract.common_settings import Cloud
from pod_image.contract.findings import Finding, Severity
from pod_image.contract.next_steps import NextStep, Sentence
from pod_image.contract.variables import RUN_VARIABLE

LIVE_STAGES = ("SCHEDULING", "RUNNING")
ENTRY_POINT = ("python", "-P", "-m", "pod_image")
"""Of our image: a job's command stands in the place of the image's own."""
LABEL = "launcher-nonce"
_STATUSES = {"SCHEDULING": PodStatus.PROVISIONING, "RUNNING": PodStatus.RUNNING}
_RELEASE_PATIENCE_SECONDS = 300.0
_LOOK_AGAIN_SECONDS = 2.0
_LONGEST_PAUSE_SECONDS = 30.0
_TIMEOUT_SLACK_SECONDS = 120.0
_SHORTEST_SECONDS = 60

_WHAT_IS_OTHER = Finding(
    Severity.NOTE,
    "hf_jobs",
    "Hugging Face Jobs does not say whether hardware is free: the job waits for it, at most for the time that is given "
    "for getting ready. It is billed by the minute, and its disk is that of the hardware. Instructions to it, such as "
    "stop, go through the results repo and take up to 30 seconds.",
)


class HfJobsProvider(HeldSecrets):
    """See `launcher.providers.base.Provider` for what each method promises.

    Secrets go with the start of the job, which keeps them from everybody: until then they are held here.
    """

    _secret_of = "job"

    def __init__(self, client: HfJobsClient, *, clock: Clock | None = None) -> None:
        super().__init__()
        self._client = client
        self._clock = clock or SystemClock()

    @property
    def place(self) -> Place:
        return HF_JOBS

    @property
    def is_in_use(self) -> bool:
        return True

    @property
    def pod_environment(self) -> Mapping[str, str]:
        return {}

    @property
    def calls(self) -> int:
        return self._client.calls

    @property
    def clock_ahead(self) -> timedelta:
        return self._client.clock_ahead

    async def aclose(self) -> None:
        self._held.clear()
        await self._client.aclose()

    async def offers(
        self,
        gpu_count: int,
        cloud: Cloud,
        data_centers: Sequence[str],
        min_cuda_version: str = "",
        nodes: int = 1,
    ) -> list[Offer]:
        """Every flavour with so many GPUs; the Hub says of none whether it is free now."""
        if data_centers or nodes > 1:
            return []
        found = [_offer(each) for each in await self._client.hardware()]
        fitting = [each for each in found if each is not None and each.gpu_count == gpu_count]
        return sorted(fitting, key=lambda offer: offer.price_per_hour_usd)

    async def notes(self, run_json: str) -> tuple[Finding, ...]:
        return (_WHAT_IS_OTHER,)

    async def remains(self, pod_id: str) -> str:
        return ""

    def planned_requests(self, order: PodOrder, secrets: Mapping[str, str]) -> tuple[Planned, ...]:
        shown = {self.secret_reference(name): text for name, text in secrets.items()}
        spec = self._spec(order, {name: SecretStr(text) for name, text in shown.items()})
        return (self._client.planned(_body(spec)),)

    async def rent(self, order: PodOrder) -> Pod:
        references = self._references()
        spec = self._spec(order, references)
        hidden = (*references.values(), *order.secrets.values())
        job = await self._client.start(spec, hidden)
        self._forget_those_of(order)
        await self._check_timeout(job, spec["timeout"])
        return _pod(job, await self._price(job.flavor or order.gpu_type))

    def _spec(self, order: PodOrder, references: Mapping[str, SecretStr]) -> dict[str, Any]:
        """The arguments of the library's `run_job`. Raises InvalidRequest for what a job cannot have."""
        if order.registry:
            raise InvalidRequest("Hugging Face Jobs takes no registry credential.")
        told = parted(order, references)
        words = [*order.entry_point, *order.start_command]
        return {
            "image": order.image,
            "command": words or list(ENTRY_POINT),
            "env": told.plain,
            "secrets": told.secret or None,
            "flavor": order.gpu_type,
            "timeout": self._seconds_left(order),
            "attempts": 1,
            "labels": {"name": order.name, LABEL: order.environment.get(NONCE_VARIABLE, "")},
        }

    def _seconds_left(self, order: PodOrder) -> int:
        """The Hub ends the job after so long, whatever becomes of everybody else: without one it does after 30
        minutes."""
        document = order.environment.get(RUN_VARIABLE, "")
        deadline = deadline_in(document)
        if deadline is None:
            raise InvalidRequest("A job without a deadline is never started.")
        left = (deadline - self._clock.now() - self.clock_ahead).total_seconds()
        return max(_SHORTEST_SECONDS, math.ceil(min(left, _paid_seconds(document))))

    async def _check_timeout(self, job: JobWire, wanted_seconds: int) -> None:
        """A time-out that the Hub tells and that is not ours would let the job outlive its cap: it does not stay."""
        told = job.timeout_seconds
        if told is None or told <= wanted_seconds + _TIMEOUT_SLACK_SECONDS:
            return
        await self.release(job.id)
        raise ProviderError(
            f"Hugging Face would let the job live for {told / 3600:.1f} hours, not {wanted_seconds / 3600:.1f}; "
            "it was cancelled."
        )

    async def find(self, name: str) -> Pod | None:
        found = await self._client.jobs((), {"name": name})
        jobs = [job for job in found if job.name == name]
        return _pod(jobs[0], 0.0) if jobs and not jobs[0].is_over else None

    async def pods(self) -> list[Pod]:
        jobs = await self._client.jobs(LIVE_STAGES, {})
        return [_pod(job, 0.0) for job in jobs if not job.is_over]

    async def pod(self, pod_id: str) -> Pod:
        job = await self._client.job(pod_id)
        if job.is_over:
            raise PodGone(f"Job {pod_id} has ended.")
        return _pod(job, 0.0)

    async def release(self, pod_id: str) -> None:
        """See the protocol. Raises ProviderUnavailable when the job was not seen to end within the patience."""
        loop = asyncio.get_running_loop()
        give_up_at = loop.time() + _RELEASE_PATIENCE_SECONDS
        pause = _LOOK_AGAIN_SECONDS
        while True:
            failure: LauncherError | None = None
            try:
                if (await self._client.job(pod_id)).is_over:
                    return
                await self._client.cancel(pod_id)
                if (await self._client.job(pod_id)).is_over:
                    return
            except PodGone:
                return
            except ProviderUnavailable as exc:
                failure = exc
            if loop.time() >= give_up_at:
                raise ProviderUnavailable(
                    f"Job {pod_id} could not be ended; it may still cost money.",
                    hint=Sentence(
                        NextStep.LOOK_FOR_PODS,
                        f" tries again; or cancel it at {HF_JOBS.console_address}.",
                    ),
                ) from failure
            await self._clock.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)

    async def log(
        self, pod_id: str, after: str = "", tail: int = 5000
    ) -> AsyncGenerator[LogLine, None]:
        """The Hub gives the log from its beginning each time: what was seen is told by its time, and passed over."""
        cursor, pause = after, 1.0
        while True:
            is_over = False
            try:
                is_over = (await self._client.job(pod_id)).is_over
                numbered = _Numbered(cursor)
                stream = self._client.log(pod_id, None if cursor else tail)
                async with aclosing(stream) as lines:
                    async for at, text in lines:
                        line = numbered.new(at, text)
                        if line is not None:
                            cursor, pause = line.id, 1.0
                            yield line
            except ProviderUnavailable:
                is_over = False
            if is_over:
                raise PodGone(f"Job {pod_id} has ended.")
            await self._clock.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)

    async def execute(
        self, pod_id: str, argv: Sequence[str], timeout_seconds: int = 20
    ) -> ExecResult:
        await self.pod(pod_id)
        raise NoRight("Hugging Face Jobs cannot run another command in a job.")

    async def account(self) -> Account:
        """Its credit is told to nobody but the account's own page."""
        try:
            return Account(account_id=await self._client.namespace())
        except ProviderUnavailable:
            return Account()

    async def measured(self, pod_id: str) -> MachineReading | None:
        return await self._client.metrics(pod_id)

    async def billed_usd(self, pod_id: str) -> float | None:
        return None

    async def _price(self, flavor: str) -> float:
        """Of that flavour an hour; 0 where it cannot be told now, and the offer's price stands."""
        try:
            found = await self._client.hardware()
        except ProviderError:
            return 0.0
        prices = [each.price_per_hour_usd for each in found if each.name == flavor]
        return (prices[0] if prices else None) or 0.0


class _Numbered:
    """Lines of one connection, each with an id that another connection can be resumed after: its time, and its number
    among those of that time."""

    def __init__(self, cursor: str) -> None:
        at, _, number = cursor.partition("#")
        self._seen = (at, int(number)) if number.isdigit() else None
        self._at, self._number = "", 0

    def new(self, at: str, text: str) -> LogLine | None:
        self._number = self._number + 1 if at == self._at else 1
        self._at = at
        if self._seen is not None and (at, self._number) <= self._seen:
            return None
        source = "system" if text.startswith("===== Job started") else "container"
        return LogLine(f"{at}#{self._number}", source, text, moment(at))


def _offer(wire: HardwareWire) -> Offer | None:
    price, accelerator = wire.price_per_hour_usd, wire.accelerator
    if price is None or accelerator is None or not wire.gpu_count:
        return None
    return Offer(
        gpu_type=wire.name,
        gpu_name=accelerator.model or wire.pretty_name,
        gpu_count=wire.gpu_count,
        memory_gb=wire.memory_gb,
        cloud=Cloud.SECURE,
        price_per_hour_usd=price,
        stock=Stock.NOT_TOLD,
        flavour=wire.name,
    )


def _pod(job: JobWire, price_per_hour_usd: float) -> Pod:
    run_json = job.variable(RUN_VARIABLE)
    return Pod(
        id=job.id,
        name=job.name,
        status=_STATUSES.get(job.status.stage.upper(), PodStatus.UNKNOWN),
        price_per_hour_usd=price_per_hour_usd,
        created_at=job.created_at,
        started_at=job.started_at,
        gpu_type=job.flavor,
        cloud=Cloud.SECURE,
        image=job.image or "",
        nonce=job.variable(NONCE_VARIABLE),
        deadline=deadline_in(run_json),
        run_json=run_json,
    )


def _paid_seconds(run_document: str) -> float:
    """How long the cap on money lets it live."""
    try:
        document = json.loads(run_document)
        hours = document["settings"]["max_cost_usd"] / document["price_per_hour_usd"]
    except (TypeError, ValueError, KeyError, RecursionError, ZeroDivisionError):
        return math.inf
    return float(hours) * 3600


def _body(spec: Mapping[str, Any]) -> dict[str, Any]:
    """What the library sends for these arguments."""
    return {
        "command": spec["command"],
        "arguments": [],
        "environment": spec["env"],
        "flavor": spec["flavor"],
        **({"secrets": spec["secrets"]} if spec["secrets"] else {}),
        "timeoutSeconds": spec["timeout"],
        "attempts": spec["attempts"],
        "labels": spec["labels"],
        "dockerImage": spec["image"],
    }
