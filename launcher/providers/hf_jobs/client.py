"""Hugging Face Jobs over the wire: huggingface_hub's own calls, each made once or retried as `pod_image.hub` does; and
the log, which is read here, since the library holds a thread for it and drops the time of each line.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote

import httpx
from pydantic import SecretStr, ValidationError

from launcher.clock import Clock, SystemClock
from launcher.domain.planned_request import PlannedRequest
from launcher.errors import (
    ApiDrift,
    BadEnvironment,
    InsufficientBalance,
    LauncherError,
    NoCapacity,
    NoRight,
    NotConfigured,
    PodGone,
    ProviderError,
    ProviderUnavailable,
    RentUnclear,
)
from launcher.open_http import open_http
from launcher.providers.hf_jobs.wire import HardwareWire, JobWire, hardware_in, reading_in
from launcher.providers.sse import server_events, stream_lines
from launcher.providers.told_clock import ToldClock
from pod_image.contract.bodies import MachineReading
from pod_image.contract.next_steps import NextStep, Sentence
from pod_image.contract.server_time import server_time
from pod_image.hub import Hub, HubError, HubRefused, HubUnavailable, NotToBeAsked
from pod_image.hub.library import HfHubHTTPError, hf_raise_for_status

if TYPE_CHECKING:
    from huggingface_hub import HfApi

HARDWARE_PATH = "/api/jobs/hardware"
STREAM_SILENCE_SECONDS = 120.0
"""A sign of life comes every 30 s; a stream that is silent for longer is dead."""
TOKEN_PLACEHOLDER = "<Hugging Face token for jobs>"
"""Stands for the token in what is shown."""
_NOT_SENT = ("ConnectError", "ConnectTimeout", "PoolTimeout", "UnsupportedProtocol", "ProxyError")
_T = TypeVar("_T")


class HfJobsClient:
    """The jobs of the account that the token is of. Blocking calls of the library run through `run_blocking`."""

    def __init__(
        self,
        token: SecretStr,
        url: str,
        *,
        hub: Hub | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        timeout_seconds: float = 30.0,
        run_blocking: Callable[..., Awaitable[Any]] = asyncio.to_thread,
        clock: Clock | None = None,
    ) -> None:
        """`hub` and `transport` stand in for the network."""
        self.calls = 0
        self._told_clock = ToldClock(clock or SystemClock())
        self.url = url
        self._hub = hub or Hub(token, endpoint=url)
        self._run_blocking = run_blocking
        self._namespace = ""
        self._http = open_http(
            transport,
            base_url=url,
            headers={"Authorization": f"Bearer {token.get_secret_value()}"},
            timeout=timeout_seconds,
        )

    def __repr__(self) -> str:
        return f"HfJobsClient({self.url!r})"

    async def aclose(self) -> None:
        await self._http.aclose()

    @property
    def clock_ahead(self) -> timedelta:
        """How far the Hub's clock is ahead of this computer's; zero while it has not said."""
        return self._told_clock.ahead

    async def namespace(self) -> str:
        """The account whose jobs these are; asked once."""
        if not self._namespace:
            found = await self._raw("looking up the account", "/api/whoami-v2")
            self._namespace = str(found["name"])
        return self._namespace

    async def hardware(self) -> list[HardwareWire]:
        document = await self._raw("listing the hardware", HARDWARE_PATH)
        try:
            return hardware_in(document)
        except ValueError as exc:
            raise _drifted("its hardware") from exc

    async def start(self, spec: Mapping[str, Any], hidden: Sequence[SecretStr] = ()) -> JobWire:
        """Sent once. Raises RentUnclear when it cannot be told whether a job exists now.

        `spec`: the arguments of the library's `run_job`.
        """
        namespace = await self.namespace()
        self.calls += 1

        def begin() -> Any:
            return self._hub.once(
                "starting the job", lambda api: api.run_job(**spec, namespace=namespace)
            )

        try:
            job = await self._run_blocking(begin)
        except HubError as exc:
            raise _start_refused(exc, hidden) from exc
        except (KeyError, TypeError, ValueError) as exc:
            raise RentUnclear(
                "Hugging Face's answer to the start of a job has a form this launcher does not know; a job may exist."
            ) from exc
        with suppress(LauncherError):  # its time-out alone is told by the raw answer
            return await self.job(job.id)
        return _job({"id": job.id, "environment": spec["env"], "labels": spec["labels"]})

    async def jobs(self, stages: Sequence[str], labels: Mapping[str, str]) -> list[JobWire]:
        """Those in one of these stages that have these labels."""
        namespace = await self.namespace()

        def listed(api: HfApi) -> list[dict[str, Any]]:
            return [
                _document(job)
                for job in api.list_jobs(
                    status=list(stages), labels=dict(labels) or None, namespace=namespace
                )
            ]

        return [_job(each) for each in await self._ask("listing the jobs", listed)]

    async def job(self, job_id: str) -> JobWire:
        """Raises PodGone where there is no such job."""
        namespace = await self.namespace()
        return _job(await self._raw("looking at the job", f"/api/jobs/{namespace}/{quote(job_id)}"))

    async def metrics(self, job_id: str) -> MachineReading | None:
        """What its hardware does now; None while there is none."""
        namespace = await self.namespace()

        def newest(api: HfApi) -> dict[str, Any] | None:
            return next(iter(api.fetch_job_metrics(job_id=job_id, namespace=namespace)), None)

        found = await self._ask("looking at the job's hardware", newest)
        try:
            return reading_in(found) if found is not None else None
        except ValidationError as exc:
            raise _drifted("the hardware of a job") from exc

    async def cancel(self, job_id: str) -> None:
        """Raises PodGone where there is no such job."""
        namespace = await self.namespace()
        await self._ask(
            "cancelling the job", lambda api: api.cancel_job(job_id=job_id, namespace=namespace)
        )

    async def log(self, job_id: str, tail: int | None) -> AsyncGenerator[tuple[str, str], None]:
        """Time and text of each line that the stream sends, until it ends; `tail`: the newest lines alone.

        Raises PodGone where there is no such job, ProviderUnavailable where the stream breaks.
        """
        path = f"/api/jobs/{await self.namespace()}/{quote(job_id)}/logs"
        params = {} if tail is None else {"tail": tail}
        self.calls += 1
        timeout = httpx.Timeout(self._http.timeout.connect, read=STREAM_SILENCE_SECONDS)
        try:
            async with self._http.stream("GET", path, params=params, timeout=timeout) as answer:
                if answer.status_code == 404:
                    raise PodGone(f"Job {job_id} does not exist any more.")
                if answer.status_code != 200:
                    raise ProviderUnavailable(
                        f"Hugging Face did not send the log ({answer.status_code})."
                    )
                async for event in server_events(stream_lines(answer.aiter_bytes())):
                    line = _log_line(event.data)
                    if line is not None:
                        yield line
        except httpx.HTTPError as exc:
            raise ProviderUnavailable(
                f"Hugging Face's log stream broke off: {type(exc).__name__}."
            ) from exc

    def planned(self, body: Mapping[str, Any]) -> PlannedRequest:
        """The start as it would be sent, the token left out; nothing is sent."""
        headers = {
            "Authorization": f"Bearer {TOKEN_PLACEHOLDER}",
            "Content-Type": "application/json",
        }
        return PlannedRequest("POST", f"{self.url}/api/jobs/<your account>", headers, dict(body))

    async def _raw(self, doing: str, path: str) -> Any:
        """The answer as it came: the library leaves out what it has no name for."""

        def fetched(api: HfApi) -> tuple[Any, datetime | None]:
            answer = self._hub.client().get(f"{self.url}{path}", headers=self._hub.headers())
            hf_raise_for_status(answer)
            told = server_time(answer.headers.get("date", ""), answer.headers.get("age", ""))
            return answer.json(), told

        document, told = await self._ask(doing, fetched)
        self._told_clock.hear(told)
        return document

    async def _ask(self, doing: str, action: Callable[[HfApi], _T]) -> _T:
        """One call that changes nothing that matters twice; retried by the Hub's own patience."""
        self.calls += 1
        try:
            answer: _T = await self._run_blocking(self._hub.ask, doing, action)
        except HubError as exc:
            raise _refused(exc) from exc
        except (KeyError, TypeError, ValueError) as exc:
            raise _drifted("what it was asked") from exc
        return answer


def _document(job: Any) -> dict[str, Any]:
    """A job of the library's list, in the words of the wire."""
    return {
        "id": job.id,
        "createdAt": job.created_at,
        "startedAt": job.started_at,
        "dockerImage": job.docker_image,
        "environment": job.environment,
        "labels": job.labels,
        "flavor": str(getattr(job.flavor, "value", job.flavor) or ""),
        "status": {"stage": str(getattr(job.status.stage, "value", job.status.stage))},
    }


def _job(document: Any) -> JobWire:
    try:
        return JobWire.model_validate(document)
    except ValidationError as exc:
        raise _drifted("a job") from exc


def _log_line(data: str) -> tuple[str, str] | None:
    try:
        document = json.loads(data)
    except ValueError:
        return None
    if not isinstance(document, dict) or not isinstance(document.get("data"), str):
        return None
    return str(document.get("timestamp") or ""), document["data"]


def _drifted(what: str) -> ApiDrift:
    return ApiDrift(
        f"Hugging Face's answer about {what} has a form this launcher does not know.",
        hint=Sentence(NextStep.COMPARE_API, " compares it with what this release was made for."),
    )


def _status(exc: BaseException) -> int | None:
    """The status behind an error of ours; None where nobody answered."""
    seen: BaseException | None = exc
    while seen is not None:
        if isinstance(seen, HfHubHTTPError):
            return int(seen.response.status_code)
        seen = seen.__cause__
    return None


def _refused(exc: HubError) -> LauncherError:
    """What a refusal means for a person."""
    status = _status(exc)
    if isinstance(exc, NotToBeAsked):
        return BadEnvironment(exc.message, hint=exc.hint)
    if isinstance(exc, HubUnavailable):
        wait = exc.retry_after_seconds
        return ProviderUnavailable(exc.message, hint=exc.hint, retry_after_seconds=wait)
    if isinstance(exc, HubRefused):
        return NotConfigured(
            "Hugging Face does not accept the token for jobs.",
            hint="Make a new one at huggingface.co/settings/tokens with the right to start and manage jobs.",
        )
    if status == 402:
        return InsufficientBalance(
            "The Hugging Face account has no credit for jobs.",
            hint="Add credit at huggingface.co/settings/billing.",
        )
    if status == 403:
        return NoRight(
            "This Hugging Face token is not allowed to manage jobs.",
            hint="Give it the right “Start and manage Jobs” at huggingface.co/settings/tokens.",
        )
    if status == 404:
        return PodGone("The job does not exist any more.")
    return ProviderError(exc.message, hint=exc.hint)


def _start_refused(exc: HubError, hidden: Sequence[SecretStr]) -> LauncherError:
    """The same for the one call that costs money: what may have been done is told from what was not."""
    status = _status(exc)
    if isinstance(exc, HubUnavailable):
        if status in (429, 503) or any(name in str(exc.message) for name in _NOT_SENT):
            return NoCapacity(_without(str(exc.message), hidden), hint=exc.hint)
        return RentUnclear("Hugging Face gave no clear answer to the start of the job.")
    if status in (400, 422):
        return NoCapacity(_without(str(exc.message), hidden), hint=exc.hint)
    return _refused(exc)


def _without(text: str, hidden: Sequence[SecretStr]) -> str:
    for secret in hidden:
        text = text.replace(secret.get_secret_value(), "…")
    return text
