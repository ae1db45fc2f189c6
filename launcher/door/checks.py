"""Which requests no server of ours answers, whoever sends them, and how a refusal is sent. Knows no page and no key.

Any page on the web may have a browser send requests to this computer, and a name that leads elsewhere first may lead
here next (DNS rebinding). What the browser says of a request tells both.
"""

from __future__ import annotations

import hmac
from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from starlette.types import Scope, Send

from launcher.door.peers import is_another_user

_REWRITTEN_BY_PROXIES = (b"x-forwarded-", b"forwarded")
Headers = Mapping[bytes, str]


class Refused(NamedTuple):
    """Why a request is not answered: the status, and a sentence."""

    status: int
    text: str


def headers_of(scope: Scope) -> dict[bytes, str]:
    return {name: value.decode("latin-1") for name, value in scope["headers"]}


def is_from_another_user(scope: Scope) -> bool:
    """Whether the connection is surely of another user of this computer."""
    client, server = scope.get("client"), scope.get("server")
    return bool(client and server and is_another_user(tuple(client), tuple(server)))


def refused_as_foreign(scope: Scope, headers: Headers, origins: Collection[str]) -> Refused | None:
    """403 for what a page of another site has a browser send; `origins` are our own."""
    origin = headers.get(b"origin")
    if scope["type"] == "websocket" and origin not in origins:
        return Refused(403, "Only our own page may open a websocket.")
    if origin is not None and origin not in origins:
        return _FOREIGN
    # "same-site" is refused too: every other port of localhost counts as the same site.
    if headers.get(b"sec-fetch-site") not in ("cross-site", "same-site"):
        return None
    follows_a_link = (
        scope["type"] == "http"
        and scope["method"] == "GET"
        and headers.get(b"sec-fetch-mode") == "navigate"
        and headers.get(b"sec-fetch-dest") in ("document", None)
    )
    return None if follows_a_link else _FOREIGN


_FOREIGN = Refused(403, "Requests from other sites are refused.")


def is_same(one: str, other: str) -> bool:
    """Whether two secrets are equal, in a time that tells nothing of how much of them is."""
    # As bytes: compare_digest refuses a text that is not ASCII, and anybody may send one.
    return hmac.compare_digest(one.encode("utf-8", "replace"), other.encode("utf-8", "replace"))


def without_proxy_headers(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Nothing stands in front of us that could mean them, and NiceGUI writes X-Forwarded-Prefix into the page."""
    return [item for item in headers if not item[0].lower().startswith(_REWRITTEN_BY_PROXIES)]


async def answer(send: Send, status: int, body: bytes, headers: list[tuple[bytes, bytes]]) -> None:
    """A whole answer that nobody keeps."""
    fixed = [
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
        (b"referrer-policy", b"no-referrer"),
        (b"x-content-type-options", b"nosniff"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": [*headers, *fixed]})
    await send({"type": "http.response.body", "body": body})
