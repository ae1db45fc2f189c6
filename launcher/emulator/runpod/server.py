"""The emulated API as an ASGI app: what RunPod's front does with every request before and after the work.

In this order: size, faults of the front, key, rate limits, path, method, rights, schema, work.
"""

import asyncio
import inspect
import json
import uuid
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, Response
from starlette.types import Message, Receive, Scope, Send

from launcher.emulator.runpod import (
    graphql,
    routes_account,
    routes_billing,
    routes_catalogue,
    routes_clusters,
    routes_pods,
    routes_storage,
)
from launcher.emulator.runpod.accounts import ApiKey
from launcher.emulator.runpod.calls import Call, Operation, body_check, find_operation
from launcher.emulator.runpod.conditions import RequestRecord
from launcher.emulator.runpod.faults import Fault
from launcher.emulator.runpod.problems import (
    PATH_NOT_FOUND,
    Problem,
    bad_request,
    forbidden,
    invalid,
    too_many,
    unauthorized,
)
from launcher.emulator.runpod.routes_pods import ReplyLost
from launcher.emulator.runpod.world import RunPodWorld

ROUTES = (
    graphql,
    routes_account,
    routes_billing,
    routes_catalogue,
    routes_clusters,
    routes_pods,
    routes_storage,
)
"""The modules whose import fills the table of operations."""
MAX_BODY_BYTES = 102_400
HTML_PAGE = (
    "<!DOCTYPE html><html><head><title>api.runpod.io | {status}</title></head>"
    "<body><h1>Error {status}</h1><p>The web server reported an error.</p></body></html>"
)
Sleep = Callable[[float], Awaitable[None]]


class Gateway:
    """The ASGI app. `in_process`: a lost reply is raised as httpx would raise it, since there is no connection.

    `description` is a file to serve as `/v2/openapi.json`; without it that path is unknown.
    """

    def __init__(
        self,
        world: RunPodWorld,
        in_process: bool = False,
        sleep: Sleep | None = None,
        description: Path | None = None,
    ) -> None:
        self.world = world
        self._in_process = in_process
        self._sleep = sleep or asyncio.sleep
        self._description = description

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
            return
        await Exchange(self, Request(scope, receive), send).run()


class Exchange:
    """One request and its reply."""

    def __init__(self, gateway: Gateway, request: Request, send: Send) -> None:
        self.gateway = gateway
        self.world = gateway.world
        self.request = request
        self.request_id = uuid.uuid4().hex
        self.key: ApiKey | None = None
        self._send = send
        self._started = False

    async def run(self) -> None:
        try:
            response = await self._answer()
            await self._late()
            await response(self.request.scope, self.request.receive, self._tagged)
        except ReplyLost as lost:
            await self._lose(lost)
        except ClientDisconnect:
            self._record(499)

    async def _answer(self) -> Response:
        try:
            return await self._pass_front()
        except Problem as problem:
            kind = "application/problem+json"
            return JSONResponse(problem.body(), problem.status, problem.headers, kind)

    async def _pass_front(self) -> Response:
        path = self.request.url.path
        body = await self._read_body()
        if path == "/v1" or path.startswith("/v1/"):
            raise Problem(410, "REST API v1 has been retired. Use /v2.")
        if page := self._strike_front():
            return page
        if path == "/v2/openapi.json":
            return self._describe()
        with self.world.settled() as now:
            self.key = self._authenticate()
            self._strike_limits()
            self.world.limiter.count(self.key.account_id, now)
            known, params = find_operation(self.request.method, path, self.world.extras.on)
            self._authorize(known, params)
            call = self._call(known, params, body)
            reply = known.handle(call)
        return await reply if inspect.isawaitable(reply) else reply

    async def _read_body(self) -> bytes:
        """The size is judged before the key."""
        body = b""
        async for chunk in self.request.stream():
            body += chunk
            if len(body) > MAX_BODY_BYTES:
                raise Problem(413, f"request body exceeds {MAX_BODY_BYTES} bytes")
        return body

    def _strike(self, name: str) -> Fault | None:
        return self.world.faults.take_for_call(name, self.request.method, self.request.url.path)

    def _strike_front(self) -> Response | None:
        if fault := self._strike("html-error-page"):
            status = int(fault.number("status", 502))
            return HTMLResponse(HTML_PAGE.format(status=status), status)
        if fault := self._strike("server-errors"):
            raise Problem(int(fault.number("status", 503)), "upstream unavailable")
        return None

    def _strike_limits(self) -> None:
        if fault := self._strike("rate-limited"):
            window = str(fault.options.get("window", "minute"))
            raise too_many(window, int(fault.number("seconds", 2)))
        if self.key and self.key.kind == "pod" and self.world.faults.take("pod-key-refused"):
            raise forbidden()

    def _describe(self) -> Response:
        if self.gateway._description is None:
            raise Problem(404, PATH_NOT_FOUND)
        return FileResponse(self.gateway._description, media_type="application/json")

    def _authenticate(self) -> ApiKey:
        given = self.request.headers.get("Authorization", "")
        if not given and self.request.url.path == "/graphql":
            # As the older clients do it: a key in the address, which REST does not take.
            given = f"Bearer {self.request.query_params.get('api_key', '')}"
        scheme, _, value = given.partition(" ")
        if scheme.lower() != "bearer" or not value.strip():
            raise unauthorized()
        key = self.world.keys.get(value.strip())
        if key is None:
            raise unauthorized("invalid bearer token")
        return key

    def _authorize(self, known: Operation, params: dict[str, str]) -> None:
        assert self.key is not None
        if self.key.kind == "pod":
            if not known.pod_key or params.get("id", self.key.pod_id) not in self._own_ids():
                raise forbidden()
        elif known.right not in self.key.rights:
            raise forbidden()

    def _own_ids(self) -> tuple[str | None, ...]:
        """What a pod's key is about: the pod, and the cluster that it belongs to."""
        assert self.key is not None
        pod = self.world.pods.get(self.key.pod_id or "")
        member = pod.membership if pod is not None else None
        return (self.key.pod_id, member.cluster_id if member is not None else None)

    def _call(self, known: Operation, params: dict[str, str], raw: bytes) -> Call:
        assert self.key is not None
        check = body_check(known, self.world.extras.on)
        is_graphql = known.path == "/graphql"
        body = _parse(raw) if check is not None or is_graphql else None
        if check is not None and (findings := check(body, "$")):
            raise invalid(findings)
        return Call(
            world=self.world,
            account=self.world.accounts[self.key.account_id],
            key=self.key,
            params=params,
            query=self.request.query_params,
            headers=self.request.headers,
            body=body,
            sleep=self.gateway._sleep,
        )

    async def _late(self) -> None:
        if fault := self._strike("slow-replies"):
            await self.gateway._sleep(fault.number("seconds", 1.0))
        if self._strike("dropped-replies"):
            raise ReplyLost

    async def _tagged(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._started = True
            self._record(message["status"])
            extra = {"x-request-id": self.request_id, **self._limit_headers()}
            headers = [(name.lower().encode(), value.encode()) for name, value in extra.items()]
            message = {**message, "headers": [*message.get("headers", []), *headers]}
        await self._send(message)

    def _limit_headers(self) -> dict[str, str]:
        if self.key is None:
            return {}
        return self.world.limiter.headers(self.key.account_id, self.world.clock.now())

    def _record(self, status: int) -> None:
        self.world.requests.append(
            RequestRecord(
                method=self.request.method,
                path=self.request.url.path,
                status=status,
                key_kind=self.key.kind if self.key else "none",
                request_id=self.request_id,
                at=self.world.clock.now(),
                user_agent=self.request.headers.get("User-Agent", ""),
            )
        )

    async def _lose(self, lost: ReplyLost) -> None:
        """Break the connection: a reply that promises more than it brings makes the server close it."""
        if not self._started:
            self._record(0)
        if self.gateway._in_process:
            await self._lose_in_process(lost)
        await self.gateway._sleep(lost.seconds)
        if not self._started:
            headers = [(b"content-length", b"1000"), (b"content-type", b"application/json")]
            start = {"type": "http.response.start", "status": 200, "headers": headers}
            await self._send(start)
            await self._send({"type": "http.response.body", "body": b"{", "more_body": True})

    async def _lose_in_process(self, lost: ReplyLost) -> None:
        import httpx  # only simulations come here; the server needs no client

        if lost.seconds:
            raise httpx.ReadTimeout("timed out")
        raise httpx.RemoteProtocolError("Server disconnected without sending a response.")


def _parse(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except (ValueError, RecursionError) as problem:
        raise bad_request("request body is not valid JSON") from problem


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            await send({"type": "lifespan.startup.complete"})
        else:
            await send({"type": "lifespan.shutdown.complete"})
            return
