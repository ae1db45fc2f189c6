"""HTTP to RunPod. The only file with its URLs and retry rules; what its status codes mean is in `refusals`."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from typing import Any
from urllib.parse import quote

import httpx
from pydantic import SecretStr
from tenacity import (
    AsyncRetrying,
    retry_if_exception_type,
    stop_after_attempt,
    wait_exponential_jitter,
)
from tenacity.wait import wait_base

from launcher.clock import Clock, SystemClock
from launcher.config import USER_AGENT
from launcher.domain.planned_request import PlannedRequest
from launcher.errors import (
    ApiDrift,
    BadEnvironment,
    LauncherError,
    NotConfigured,
    ProviderError,
    ProviderUnavailable,
    RentUnclear,
)
from launcher.open_http import is_safe_address, open_http
from launcher.providers.call_budget import CallBudget, Turn, usual_turn
from launcher.providers.runpod.limits import Gate, Pace, wait_seconds
from launcher.providers.runpod.refusals import Refusal, read_refusal_text, to_error
from launcher.providers.sse import ServerEvent, server_events, stream_lines
from launcher.providers.told_clock import ToldClock
from pod_image.contract.next_steps import NextStep, Sentence
from pod_image.contract.server_time import server_time
from pod_image.contract.surroundings import odd_letters

LONGEST_WAIT_SECONDS = 120.0
"""A rate limit that lasts longer is reported, not waited for."""
STREAM_SILENCE_SECONDS = 60.0
"""Heartbeats come more often; a stream that is silent for longer is dead."""
STREAMS_AT_ONCE, SECONDS_BETWEEN_STREAMS = 35, 4.0
"""Of the logs: with these the first minute of a large fleet, or the minute after all its streams broke off, needs 50
calls. They are opened evenly, and only while the budget of all calls has room for them."""
KEY_PLACEHOLDER = "<RunPod API key>"
"""Stands for the key in what is shown."""
BALANCE_QUERY = "query { myself { id clientBalance currentSpendPerHr spendLimit } }"

_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)


class Create(StrEnum):
    """Where a pod, a cluster and an account secret are made."""

    POD = "/v2/pods"
    CLUSTER = "/v2/clusters"
    SECRET = "/v2/account/secrets"


@dataclass(frozen=True)
class _Call:
    """One request. `what` finishes the sentence "RunPod would not ..."."""

    method: str
    path: str
    what: str
    params: Mapping[str, str | int] | None = None
    body: Mapping[str, Any] | None = None
    is_create: bool = False
    is_about_pod: bool = False
    hidden: tuple[SecretStr, ...] = ()
    """Values in the body that no message may repeat."""
    scope: str = ""
    """What RunPod's page of the call says that a key needs for it; empty where it names none."""


class RunPodClient:
    """RunPod's API v2 with one key. Answers are JSON documents as they came; refusals are our errors.

    Reads and removals are repeated on ProviderUnavailable, `attempts` times in all with `wait` between;
    a create of a pod is sent once, whatever happens.
    """

    def __init__(
        self,
        key: SecretStr,
        base_url: str,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        timeout_seconds: float = 30.0,
        attempts: int = 5,
        wait: wait_base | None = None,
        clock: Clock | None = None,
        budget: CallBudget | None = None,
    ) -> None:
        self.calls = 0
        clock = clock or SystemClock()
        self._told_clock = ToldClock(clock)
        self._key = key
        self._gate = Gate()
        self._budget = budget or CallBudget()
        self._streams = Pace(STREAMS_AT_ONCE, SECONDS_BETWEEN_STREAMS)
        self._attempts = attempts
        self._wait = wait or wait_exponential_jitter(multiplier=0.5, max=15)
        self._sleep = clock.sleep
        self._http = open_http(
            transport,
            base_url=_checked_url(base_url),
            headers={"Authorization": f"Bearer {_checked_key(key)}"},
            timeout=timeout_seconds,
        )

    def __repr__(self) -> str:
        return f"RunPodClient({str(self._http.base_url)!r})"

    @property
    def clock_ahead(self) -> timedelta:
        """How far RunPod's clock is ahead of ours; zero while it has not said."""
        return self._told_clock.ahead

    @property
    def base_url(self) -> str:
        return str(self._http.base_url).rstrip("/")

    async def aclose(self) -> None:
        await self._http.aclose()

    def planned(self, call: Create, body: Mapping[str, Any]) -> PlannedRequest:
        """The create as it would be sent, the key left out; nothing is sent."""
        headers = {
            "Authorization": f"Bearer {KEY_PLACEHOLDER}",
            "User-Agent": USER_AGENT,
            "Content-Type": "application/json",
        }
        return PlannedRequest("POST", f"{self.base_url}{call.value}", headers, dict(body))

    async def create_pod(self, body: Mapping[str, Any], hidden: Sequence[SecretStr] = ()) -> Any:
        """Sent once. Raises RentUnclear when it cannot be told whether a pod exists now."""
        return await self._rented(Create.POD, "rent the pod", body, hidden)

    async def create_cluster(
        self, body: Mapping[str, Any], hidden: Sequence[SecretStr] = ()
    ) -> Any:
        """Sent once. Raises RentUnclear when it cannot be told whether a cluster exists now."""
        return await self._rented(Create.CLUSTER, "rent the cluster", body, hidden)

    async def pods(self) -> list[Any]:
        """Every pod, those of clusters too, over all pages."""
        params = {"includeClusterPods": "true"}
        return await self._listed("/v2/pods", "pods", "list the pods", params)

    async def clusters(self) -> list[Any]:
        """Every cluster, over all pages; of its pods no more than how many there are."""
        return await self._listed("/v2/clusters", "clusters", "list the clusters")

    async def cluster(self, cluster_id: str) -> Any:
        """Raises PodGone."""
        return await self._json(_cluster_call("GET", cluster_id, "", "show the cluster"))

    async def cluster_pods(self, cluster_id: str) -> list[Any]:
        """The pods of a cluster. Raises PodGone when there is no such cluster."""
        call = _cluster_call("GET", cluster_id, "/pods", "list the cluster's pods")
        return await self._items(call, "pods")

    async def delete_cluster(self, cluster_id: str) -> None:
        """Ends all its pods. Raises PodGone when it was gone already."""
        await self._repeated(_cluster_call("DELETE", cluster_id, "", "end the cluster"))

    async def pod(self, pod_id: str) -> Any:
        """Raises PodGone."""
        return await self._json(_pod_call("GET", pod_id, "", "show the pod"))

    async def delete_pod(self, pod_id: str) -> None:
        """Raises PodGone when it was gone already."""
        await self._repeated(_pod_call("DELETE", pod_id, "", "end the pod"))

    async def execute(self, pod_id: str, argv: Sequence[str], timeout_seconds: int) -> Any:
        """Sent once: the command may have run although its answer was lost."""
        body = {"command": list(argv), "timeoutSeconds": timeout_seconds}
        call = _pod_call("POST", pod_id, "/exec", "run a command in the pod", body=body)
        return await self._json_once(call, timeout_seconds=timeout_seconds + 15.0)

    async def log(self, pod_id: str, after: str, tail: int) -> AsyncGenerator[ServerEvent, None]:
        """One connection to the log: ends when the server closes it. Not repeated here.

        Raises PodGone, or ProviderUnavailable when the stream breaks or falls silent.
        """
        call = _pod_call("GET", pod_id, "/logs", "show the pod's log", params={"tail": tail})
        if usual_turn() is not Turn.NOW and (seconds := self._streams.take(_monotonic())) > 0:
            await self._sleep(seconds)
        async with self._stream(call, {"Last-Event-ID": after} if after else {}) as response:
            try:
                async for event in server_events(stream_lines(response.aiter_bytes())):
                    yield event
            except (httpx.TransportError, httpx.StreamError) as exc:
                raise ProviderUnavailable(f"The pod's log broke off: {_named(exc)}") from exc

    async def secrets(self) -> list[Any]:
        """The account's secrets without their values."""
        return await self._listed("/v2/account/secrets", "secrets", "list the account's secrets")

    async def create_secret(self, name: str, value: SecretStr) -> Any:
        """Sent once: a second one of the same name is refused anyway."""
        body = {"name": name, "value": value.get_secret_value()}
        what = "make a secret of the account"
        return await self._json_once(_Call("POST", Create.SECRET, what, body=body, hidden=(value,)))

    async def delete_secret(self, secret_id: str) -> None:
        path = f"/v2/account/secrets/{quote(secret_id, safe='')}"
        await self._repeated(_Call("DELETE", path, "remove a secret of the account"))

    async def gpu_types(
        self, count: int, cloud: str, min_cuda_version: str = "", product: str = "POD"
    ) -> list[Any]:
        """The catalogue with stock for that many GPUs in one pod. `cloud`: SECURE or COMMUNITY; `product`: POD or
        CLUSTER."""
        params: dict[str, str | int] = {"include": "AVAILABILITY", "product": product}
        params |= {"count": count, "cloud": cloud}
        if min_cuda_version:
            params["minCudaVersion"] = min_cuda_version
        return await self._listed("/v2/catalog/gpus", "gpus", "list the GPUs", params)

    async def billing(self, pod_id: str) -> list[Any]:
        """Billing records of one pod, by the day, of the last 30 days."""
        params = {"podId": pod_id, "bucketSize": "day"}
        return await self._listed("/v2/billing/pods", "records", "show what was billed", params)

    async def cluster_billing(self, cluster_id: str) -> list[Any]:
        """Billing records of one cluster, by the day, of the last 30 days."""
        params = {"clusterId": cluster_id, "bucketSize": "day"}
        what = "show what was billed"
        return await self._listed("/v2/billing/clusters", "records", what, params)

    async def balance(self) -> Any:
        """The answer of GraphQL, which tells all of the account's figures in one call."""
        body = {"query": BALANCE_QUERY}
        return await self._json(_Call("POST", "/graphql", "show the account's balance", body=body))

    # The three below are newer than the saved description; their pages of November 2026 name scope and answer, and
    # the paths follow from where the pages stand.

    async def account_limits(self) -> Any:
        what = "show the account's limits"
        return await self._json(_Call("GET", "/v2/account/limits", what, scope="account:read"))

    async def account_balance(self) -> Any:
        what = "show the account's balance"
        return await self._json(_Call("GET", "/v2/billing/balance", what, scope="billing:read"))

    async def own_account(self) -> Any:
        return await self._json(_Call("GET", "/v2/account", "show the account"))

    async def _rented(
        self, at: Create, what: str, body: Mapping[str, Any], hidden: Sequence[SecretStr]
    ) -> Any:
        call = _Call("POST", at, what, body=body, is_create=True, hidden=tuple(hidden))
        return await self._json_once(call)

    async def _listed(
        self, path: str, key: str, what: str, params: Mapping[str, str | int] | None = None
    ) -> list[Any]:
        return await self._items(_Call("GET", path, what, params=params), key)

    async def _items(self, call: _Call, key: str) -> list[Any]:
        """All items below `key`, over the pages when there are pages."""
        items: list[Any] = []
        cursors: set[str] = set()
        query = dict(call.params or {})
        while True:
            document = await self._json(replace(call, params=query))
            page = document.get(key) if isinstance(document, dict) else document
            if not isinstance(page, list):
                raise ApiDrift(f"RunPod's answer to the call to {call.what} has no list of {key}.")
            items.extend(page)
            cursor = _next_cursor(document)
            if not cursor or cursor in cursors:  # a repeated cursor would turn in a circle
                return items
            cursors.add(cursor)
            query["cursor"] = cursor

    async def _json(self, call: _Call) -> Any:
        return _document(call, await self._repeated(call))

    async def _json_once(self, call: _Call, timeout_seconds: float | None = None) -> Any:
        return _document(call, await self._sent(call, timeout_seconds))

    async def _repeated(self, call: _Call) -> httpx.Response:
        retrying = AsyncRetrying(
            stop=stop_after_attempt(self._attempts),
            wait=self._wait,
            retry=retry_if_exception_type(ProviderUnavailable),
            sleep=self._sleep,
            reraise=True,
        )
        response: httpx.Response = await retrying(self._sent, call)
        return response

    async def _sent(self, call: _Call, timeout_seconds: float | None = None) -> httpx.Response:
        request = self._request(call, {})
        if timeout_seconds is not None:
            request.extensions["timeout"] = httpx.Timeout(timeout_seconds).as_dict()
        # What changes something never waits: it may be the end of a pod.
        turn = usual_turn() if call.method == "GET" else Turn.NOW
        response = await self._answered(call, request, turn)
        await self._check(call, response)
        return response

    @asynccontextmanager
    async def _stream(
        self, call: _Call, headers: Mapping[str, str]
    ) -> AsyncIterator[httpx.Response]:
        request = self._request(call, {**headers, "Accept": "text/event-stream"})
        silence = httpx.Timeout(STREAM_SILENCE_SECONDS)
        request.extensions["timeout"] = silence.as_dict()
        response = await self._answered(call, request, usual_turn(), is_stream=True)
        try:
            await self._check(call, response)
            yield response
        finally:
            await response.aclose()

    def _request(self, call: _Call, headers: Mapping[str, str]) -> httpx.Request:
        return self._http.build_request(
            call.method, call.path, params=call.params, json=call.body, headers=dict(headers)
        )

    async def _answered(
        self, call: _Call, request: httpx.Request, turn: Turn, *, is_stream: bool = False
    ) -> httpx.Response:
        await self._budget.take(turn)
        await self._pass_gate()
        self.calls += 1
        try:
            response = await self._http.send(request, stream=is_stream)
        except _NOT_SENT as exc:
            raise ProviderUnavailable(
                f"RunPod cannot be reached to {call.what}: {_named(exc)}",
                hint="Check this computer's network connection.",
            ) from exc
        except (httpx.TransportError, httpx.DecodingError) as exc:
            if call.is_create:
                raise RentUnclear(
                    f"RunPod did not answer while renting; a pod may exist: {_named(exc)}"
                ) from exc
            raise ProviderUnavailable(
                f"RunPod did not answer the call to {call.what}: {_named(exc)}"
            ) from exc
        headers = response.headers
        self._gate.close(wait_seconds(headers), _monotonic())
        self._told_clock.hear(server_time(headers.get("date"), headers.get("age")))
        return response

    async def _pass_gate(self) -> None:
        seconds = self._gate.wait_seconds(_monotonic())
        if seconds > LONGEST_WAIT_SECONDS:
            raise ProviderUnavailable(
                f"RunPod's rate limit is used up for another {seconds / 60:.0f} minutes.",
                hint="It resets by itself; other programs with the same key share it.",
                retry_after_seconds=seconds,
            )
        if seconds > 0:
            await self._sleep(seconds)

    async def _check(self, call: _Call, response: httpx.Response) -> None:
        if response.is_success:
            return
        try:
            body = await response.aread()
        except (httpx.TransportError, httpx.DecodingError):
            body = b""  # the status says enough
        raise self._error(call, response, body)

    def _error(self, call: _Call, response: httpx.Response, body: bytes) -> LauncherError:
        words = read_refusal_text(body, response.headers.get("content-type", ""))
        return to_error(
            Refusal(
                status=response.status_code,
                what=call.what,
                detail=self._masked(words.detail, call),
                errors=tuple(self._masked(error, call) for error in words.errors),
                request_id=response.headers.get("x-request-id", "")[:80],
                retry_after_seconds=wait_seconds(response.headers) or None,
                is_create=call.is_create,
                is_about_pod=call.is_about_pod,
                is_page=words.is_page,
                scope=call.scope,
            )
        )

    def _masked(self, text: str, call: _Call) -> str:
        """A server may quote what it was sent; a secret in it stays here."""
        for secret in (self._key, *call.hidden):
            value = secret.get_secret_value()
            if value:
                text = text.replace(value, "***")
        return text


def _pod_call(method: str, pod_id: str, below: str, what: str, **rest: Any) -> _Call:
    path = f"/v2/pods/{quote(pod_id, safe='')}{below}"
    return _Call(method, path, what, is_about_pod=True, **rest)


def _cluster_call(method: str, cluster_id: str, below: str, what: str, **rest: Any) -> _Call:
    path = f"/v2/clusters/{quote(cluster_id, safe='')}{below}"
    return _Call(method, path, what, is_about_pod=True, **rest)


def _document(call: _Call, response: httpx.Response) -> Any:
    try:
        return json.loads(response.content)
    except (ValueError, RecursionError) as exc:
        message = f"RunPod's answer to the call to {call.what} is not JSON."
        error: ProviderError = RentUnclear(message) if call.is_create else ApiDrift(message)
        raise error from exc


def _next_cursor(document: Any) -> str:
    paging = document.get("pagination") if isinstance(document, dict) else None
    if not isinstance(paging, dict) or not paging.get("hasNextPage"):
        return ""
    cursor = paging.get("nextCursor")
    return cursor if isinstance(cursor, str) else ""


def _checked_url(base_url: str) -> str:
    """Raises BadEnvironment for what is no address, or would carry the key in clear through a network."""
    if is_safe_address(base_url):
        return str(httpx.URL(base_url))
    raise BadEnvironment(
        f"RUNPOD_API_BASE_URL is not an https address: {base_url!r}.",
        hint="Unset it to use https://api.runpod.io, or start it with https://.",
    )


def _checked_key(key: SecretStr) -> str:
    value = key.get_secret_value().strip()
    if odd := odd_letters(value):
        raise NotConfigured(
            f"The RunPod key is empty or contains characters that no key has: {odd}.",
            hint=Sentence("Copy it again: ", NextStep.ENTER_KEY.of("runpod"), "."),
        )
    return value


def _named(exc: Exception) -> str:
    return f"{type(exc).__name__}{f' ({exc})' if str(exc) else ''}"


def _monotonic() -> float:
    try:
        return asyncio.get_running_loop().time()
    except RuntimeError:  # a moment that is asked for outside: the loops go by the same clock
        return time.monotonic()
