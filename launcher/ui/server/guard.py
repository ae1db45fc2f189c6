"""Who may talk to the local server: nobody but the browser that came through the launch link. Knows no page.

NiceGUI alone answers every Host and every Origin, so a page elsewhere on the web, another program on this machine
or another user of it could read and act here. The guard wraps the whole application, websockets included.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from http.cookies import CookieError, SimpleCookie
from importlib.resources import files
from urllib.parse import parse_qs

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from launcher.door.address import Address
from launcher.door.checks import (
    Headers,
    Refused,
    answer,
    headers_of,
    is_from_another_user,
    is_same,
    refused_as_foreign,
    without_proxy_headers,
)

ENTRY_PATH = "/enter"
ARRIVED = "launcher.arrived"
"""In the scope of the first request of a browser that came through a launch link, and of no other."""
_ARRIVAL_SECONDS = 60


class Guard:
    """ASGI middleware. `app` is what it wraps (NiceGUI finds its server by following that name).

    Answers 421 for a Host that is not ours, 403 for a request that another site or user caused, 401 without the
    cookie.
    A launch link sets the cookie once and is spent; the browser's first request after it is marked with `ARRIVED`.
    """

    def __init__(
        self, app: ASGIApp, address: Address, when_entered: Callable[[], None] | None = None
    ) -> None:
        self.app = app
        self.address = address
        self.cookie_name = f"launcher_{address.port}"  # cookies do not tell ports apart
        self.when_entered = when_entered
        self._cookie = secrets.token_urlsafe(32)
        self._landings: dict[str, str] = {}
        self._arrivals: set[str] = set()

    def new_link(self, landing: str = "/") -> str:
        """An address that lets one browser in, once, and leads to that page of ours."""
        token = secrets.token_urlsafe(24)
        self._landings[token] = landing
        return f"{self.address.origin}{ENTRY_PATH}?token={token}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        headers = headers_of(scope)
        refusal = self._refusal(scope, headers)
        if refusal:
            await _refuse(scope, send, *refusal)
        elif scope["type"] == "http" and scope["path"] == ENTRY_PATH:
            await self._enter(scope, send)
        elif not self._has_cookie(headers):
            await _refuse(scope, send, 401, _closed_page())
        else:
            cleaned = {**scope, "headers": without_proxy_headers(scope["headers"])}
            cleaned[ARRIVED] = self._takes_arrival(headers)
            await self.app(cleaned, receive, _with_safe_headers(send, self.address))

    def _refusal(self, scope: Scope, headers: Headers) -> Refused | None:
        # First of all, so that somebody else learns nothing, and a cookie that got out serves nobody else.
        if is_from_another_user(scope):
            return Refused(403, "Only the user of this computer who started the form may use it.")
        # Not even 127.0.0.1 and localhost: a cookie for those is shown to every other server on this machine.
        if headers.get(b"host", "").lower() != self.address.netloc:
            return Refused(421, "This is not the form's address. Open its launch link.")
        return refused_as_foreign(scope, headers, [self.address.origin])

    def _has_cookie(self, headers: Headers) -> bool:
        value = _cookie(headers, self.cookie_name)
        return value is not None and is_same(value, self._cookie)

    def _takes_arrival(self, headers: Headers) -> bool:
        """Once for each launch link that was used: what the cookie holds is spent."""
        if not self._arrivals:
            return False
        value = _cookie(headers, self._arrival_name)
        arrival = next((one for one in self._arrivals if value and is_same(one, value)), None)
        self._arrivals.discard(arrival or "")
        return arrival is not None

    @property
    def _arrival_name(self) -> str:
        return f"{self.cookie_name}_arrival"

    async def _enter(self, scope: Scope, send: Send) -> None:
        given = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]
        token = next((one for one in self._landings if is_same(one, given)), None)
        headers = headers_of(scope)
        if token is None:
            if self._has_cookie(headers):  # the browser's own copy of a link that was used
                await answer(send, 303, b"", [(b"location", b"/")])
            else:
                await _refuse(scope, send, 401, _closed_page())
            return
        landing = self._landings.pop(token)
        # Lax, not Strict: a Strict cookie does not come with the first load from a file or another page.
        cookie = f"{self.cookie_name}={self._cookie}; HttpOnly; SameSite=Lax; Path=/"
        arrival = secrets.token_urlsafe(24)
        self._arrivals = {arrival}  # of one that never came nothing is left
        soon = f"{self._arrival_name}={arrival}; HttpOnly; SameSite=Lax; Path=/; Max-Age={_ARRIVAL_SECONDS}"
        led = [
            (b"location", landing.encode()),
            (b"set-cookie", soon.encode()),
            (b"set-cookie", cookie.encode()),
        ]
        await answer(send, 303, b"", led)
        if self.when_entered:
            self.when_entered()


def _cookie(headers: Headers, name: str) -> str | None:
    try:
        cookie = SimpleCookie(headers.get(b"cookie", "")).get(name)
    except CookieError:
        return None
    return cookie.value if cookie is not None else None


def _with_safe_headers(send: Send, address: Address) -> Send:
    async def sender(message: Message) -> None:
        if message["type"] == "http.response.start":
            names = {name.lower() for name, _ in message.get("headers", [])}
            extra = [item for item in _safe_headers(address) if item[0] not in names]
            message = {**message, "headers": [*message.get("headers", []), *extra]}
        await send(message)

    return sender


def _safe_headers(address: Address) -> list[tuple[bytes, bytes]]:
    # NiceGUI evaluates its own handlers in the page, hence unsafe-eval; what the policy does hold is that
    # nothing is loaded from, sent to or framed by any place but this server.
    policy = (
        "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; "
        "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; media-src 'self' blob:; "
        f"font-src 'self' data:; connect-src 'self' ws://{address.netloc}; "
        "frame-ancestors 'none'; object-src 'none'; base-uri 'self'; form-action 'self'"
    )
    return [
        (b"content-security-policy", policy.encode()),
        (b"referrer-policy", b"no-referrer"),
        (b"x-content-type-options", b"nosniff"),
        (b"cross-origin-opener-policy", b"same-origin"),
        (b"cross-origin-resource-policy", b"same-origin"),
    ]


def _closed_page() -> str:
    return (files("launcher.ui") / "assets" / "closed.html").read_text(encoding="utf-8")


async def _refuse(scope: Scope, send: Send, status: int, text: str) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})  # before accept: the server says 403
        return
    kind = b"text/html; charset=utf-8" if text.startswith("<!") else b"text/plain; charset=utf-8"
    body = b"" if scope["method"] == "HEAD" else text.encode()
    await answer(send, status, body, [(b"content-type", kind)])
