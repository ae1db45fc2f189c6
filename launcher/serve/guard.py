"""The door of the interface: which requests reach it at all. Host, origin, token, rate, size and time, in this order.

The token alone opens it: cookies are not looked at, and there is no leave for pages of other sites (CORS).
"""

from __future__ import annotations

import asyncio
import ipaddress
import secrets
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from launcher.door.address import Address
from launcher.door.checks import (
    Headers,
    answer,
    headers_of,
    refused_as_foreign,
    without_proxy_headers,
)
from launcher.serve.audit import Caller
from launcher.serve.limits import RateLimit
from launcher.serve.problems import MEDIA_TYPE, Problem, other
from launcher.serve.request_log import RequestLog
from launcher.serve.token import ServeToken

PREFIX = "/api"
VERSION_PREFIX = f"{PREFIX}/v1"
OPEN_PATHS = frozenset({PREFIX, f"{PREFIX}/", f"{PREFIX}/openapi.json"})
"""The reference says nothing of this computer, and browsers cannot send a token with a link."""
CALLER = "launcher.caller"
MOST_BODY_BYTES = 256_000
BODY_SECONDS = 20.0
ANSWER_SECONDS = 300.0
"""A check of a large dataset takes minutes."""
_ONCE = (b"host", b"authorization", b"origin", b"content-length")
_LOOPBACK_NAMES = ("localhost",)


@dataclass(frozen=True)
class Entrance:
    """By which names the server is reached. Beyond loopback any address in numbers will do: a page of another site can
    lead a name here (DNS rebinding), but no number."""

    address: Address
    names: Collection[str] = ()
    is_loopback: bool = True

    def is_meant_by(self, host: str) -> bool:
        """Whether a Host header means this server."""
        name, port = _split(host)
        if port != self.address.port and not (port is None and self._is_usual_port):
            return False
        if name in self._names:
            return True
        number = _number(name)
        return number is not None and (number.is_loopback or not self.is_loopback)

    def origins(self, host: str) -> list[str]:
        """What a page of ours at that host has as its origin."""
        scheme = "https" if self.address.is_encrypted else "http"
        return [f"{scheme}://{host.lower()}"]

    @property
    def _names(self) -> set[str]:
        return {*_LOOPBACK_NAMES, *(name.lower().rstrip(".") for name in self.names)}

    @property
    def _is_usual_port(self) -> bool:
        return self.address.port == (443 if self.address.is_encrypted else 80)


@dataclass
class Limits:
    """For each token, and for whoever has none by their address."""

    seconds: Callable[[], float]
    reads: RateLimit = field(init=False)
    acts: RateLimit = field(init=False)
    refused: RateLimit = field(init=False)

    def __post_init__(self) -> None:
        self.reads = RateLimit(600, 120, self.seconds)
        self.acts = RateLimit(60, 20, self.seconds)
        self.refused = RateLimit(30, 10, self.seconds)


class ServeGuard:
    """ASGI middleware around the interface."""

    def __init__(
        self,
        app: ASGIApp,
        entrance: Entrance,
        token: ServeToken,
        log: RequestLog,
        seconds: Callable[[], float],
    ) -> None:
        self.app = app
        self._entrance, self._token, self._log = entrance, token, log
        self._seconds = seconds
        self._limits = Limits(seconds)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        headers = headers_of(scope)
        request = _Request(scope, send, self._caller(scope, headers))
        began = self._seconds()
        try:
            await self._answer(request, headers, receive)
        finally:
            self._log.write(
                request.caller,
                scope["method"],
                scope["path"],
                request.status,
                self._seconds() - began,
            )

    async def _answer(self, request: _Request, headers: Headers, receive: Receive) -> None:
        try:
            self._check(request.scope, headers, request.caller)
            body = await _whole_body(headers, receive)
        except Problem as problem:
            await request.refuse(problem)
            return
        scope = {
            **request.scope,
            "headers": without_proxy_headers(request.scope["headers"]),
            CALLER: request.caller,
        }
        try:
            async with asyncio.timeout(ANSWER_SECONDS) as limit:
                await self.app(scope, _replayed(body, receive), request.sender(limit))
        except TimeoutError:
            if not limit.expired() or request.status:
                raise
            await request.refuse(other("too-slow", next_step="Ask for less, or again later."))

    def _caller(self, scope: Scope, headers: Headers) -> Caller:
        """The token's id stands for who may be anybody until the token was compared."""
        client = scope.get("client")
        is_known = self._token.is_in(headers.get(b"authorization", ""))
        return Caller(
            token_id=self._token.id if is_known else "",
            address=str(client[0]) if client else "",
            request_id=secrets.token_hex(8),
        )

    def _check(self, scope: Scope, headers: Headers, caller: Caller) -> None:
        """Raises Problem for a request that is not answered."""
        names = [name for name, _ in scope["headers"]]
        if any(names.count(name) > 1 for name in _ONCE):
            raise Problem(400, "invalid", "A header that may appear only once appears twice.")
        host = headers.get(b"host", "").lower()
        if not self._entrance.is_meant_by(host):
            raise other(
                "wrong-host",
                "This server is not known by the name in the request's Host header.",
                "Use a numeric address, or start the server with that name.",
            )
        refused = refused_as_foreign(scope, headers, self._entrance.origins(host))
        if refused is not None:
            raise other("foreign", refused.text)
        is_open = scope["path"] in OPEN_PATHS and scope["method"] in ("GET", "HEAD")
        if not caller.token_id and not is_open:
            self._refuse_without_token(headers, caller)
        self._limit(scope, caller)

    def _refuse_without_token(self, headers: Headers, caller: Caller) -> None:
        # The right token is never made to wait for those who guess, also where all have one address.
        wait_seconds = self._limits.refused.wait_seconds(caller.address)
        if wait_seconds:
            raise _too_many(wait_seconds)
        given = headers.get(b"authorization", "")
        challenge = 'Bearer realm="launcher"' + (', error="invalid_token"' if given else "")
        raise other(
            "no-token",
            "The request's token is not this server's." if given else "",
            "Send the header Authorization: Bearer TOKEN, with the token of this server.",
            headers={"www-authenticate": challenge},
        )

    def _limit(self, scope: Scope, caller: Caller) -> None:
        is_read = scope["method"] in ("GET", "HEAD", "OPTIONS")
        limit = self._limits.reads if is_read else self._limits.acts
        wait_seconds = limit.wait_seconds(caller.token_id or caller.address)
        if wait_seconds:
            raise _too_many(wait_seconds)


class _Request:
    """One request under way. `status` is 0 until its answer began."""

    def __init__(self, scope: Scope, send: Send, caller: Caller) -> None:
        self.scope, self.caller = scope, caller
        self.status = 0
        self._send = send

    async def refuse(self, problem: Problem) -> None:
        self.status = problem.status
        body = b"" if self.scope["method"] == "HEAD" else problem.body(self.caller.request_id)
        headers = [(name.encode(), value.encode()) for name, value in problem.headers.items()]
        headers += [(b"content-type", MEDIA_TYPE.encode()), *self._own_headers()]
        await answer(self._send, problem.status, body, headers)

    def sender(self, limit: asyncio.Timeout) -> Send:
        """Adds the headers that every answer has; what has begun may take as long as it does."""

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                limit.reschedule(None)
                self.status = int(message["status"])
                names = {name.lower() for name, _ in message.get("headers", [])}
                extra = [item for item in (*_SAFE, *self._own_headers()) if item[0] not in names]
                message = {**message, "headers": [*message.get("headers", []), *extra]}
            await self._send(message)

        return send

    def _own_headers(self) -> list[tuple[bytes, bytes]]:
        return [(b"x-request-id", self.caller.request_id.encode())]


_SAFE = (
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
)


async def _whole_body(headers: Headers, receive: Receive) -> bytes:
    """Read before anything is done: all that clients send here is small. Raises Problem."""
    declared = headers.get(b"content-length", "0")
    if not declared.isdecimal() or int(declared) > MOST_BODY_BYTES:
        raise _too_large()
    parts: list[bytes] = []
    size_bytes = 0
    try:
        async with asyncio.timeout(BODY_SECONDS):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":  # half a request is none
                    raise other("late-body")
                parts.append(message.get("body", b""))
                size_bytes += len(parts[-1])
                if size_bytes > MOST_BODY_BYTES:
                    raise _too_large()
                if not message.get("more_body"):
                    return b"".join(parts)
    except TimeoutError:
        raise other("late-body", headers={"connection": "close"}) from None


def _replayed(body: bytes, receive: Receive) -> Receive:
    is_given = False

    async def replayed() -> Message:
        nonlocal is_given
        if is_given:
            return await receive()
        is_given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replayed


def _too_large() -> Problem:
    return other(
        "too-large",
        f"A request body may have at most {MOST_BODY_BYTES:,} bytes here.",
        headers={"connection": "close"},
    )


def _too_many(wait_seconds: float) -> Problem:
    seconds = max(1, round(wait_seconds + 0.5))
    return other(
        "too-many",
        next_step=f"Come back in {seconds} s.",
        headers={"retry-after": str(seconds)},
    )


def _split(host: str) -> tuple[str, int | None]:
    """Name and port of a Host header; the port is -1 for one that is none."""
    if host.startswith("["):
        name, _, rest = host[1:].partition("]")
    else:
        name, colon, port = host.partition(":")
        rest = colon + port
    if not rest:
        return name.rstrip("."), None
    port = rest[1:]
    is_port = rest.startswith(":") and port.isascii() and port.isdecimal() and len(port) <= 5
    return name.rstrip("."), int(port) if is_port else -1


def _number(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(name)
    except ValueError:
        return None
