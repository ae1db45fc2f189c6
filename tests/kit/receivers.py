"""Who is told: servers in this process that take one request each, and remember it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.kit.virtual_time import now_seconds

NTFY = "ntfys://tk_Secret0Token9@ntfy.test/Runs_Of_Mine"
"""An address with a token, as a person keeps it."""
WEBHOOK = "https://hooks.test/tell/Key0123456789abcdef"
SECRET_WORDS = ("tk_Secret0Token9", "Runs_Of_Mine", "Key0123456789abcdef")


@dataclass(frozen=True)
class Received:
    """One request: at what second of the virtual clock, to which host, and what it said."""

    at: float
    host: str
    path: str
    headers: httpx.Headers
    body: dict[str, Any]

    @property
    def id(self) -> str:
        return str(self.body.get("sequence_id") or self.body["id"])

    @property
    def kind(self) -> str:
        return self.id.partition("-")[2]


@dataclass
class Receivers(httpx.AsyncBaseTransport):
    """Answers 200 until told otherwise. `rest` takes what is for none of the hosts."""

    hosts: tuple[str, ...] = ("ntfy.test", "hooks.test", "elsewhere.test")
    rest: httpx.AsyncBaseTransport | None = None
    got: list[Received] = field(default_factory=list)
    answers: dict[str, list[int]] = field(default_factory=dict)
    """Of a host, in order; the last one stays. 0: it never answers."""

    when_first: Callable[[], object] = field(default=lambda: None)
    """Called when the first request was taken, before it is answered."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        host = request.url.host
        if host not in self.hosts:
            assert self.rest is not None
            return await self.rest.handle_async_request(request)
        assert request.method == "POST"
        body = json.loads(await request.aread())
        self.got.append(Received(now_seconds(), host, request.url.path, request.headers, body))
        if len(self.got) == 1:
            self.when_first()
        left = self.answers.get(host, [200])
        status = left.pop(0) if len(left) > 1 else left[0]
        if status == 0:
            await asyncio.sleep(1e9)
        return httpx.Response(status, headers={"location": "https://elsewhere.test/"})

    def kinds(self, host: str = "") -> list[str]:
        return [each.kind for each in self.got if host in ("", each.host)]

    def of(self, kind: str) -> Received:
        """The one of that kind."""
        (found,) = [each for each in self.got if each.kind == kind]
        return found
