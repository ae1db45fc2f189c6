"""The published description as a judge of the traffic between any client and the emulator."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from openapi_core import Config, OpenAPI
from openapi_core.testing import MockRequest, MockResponse

from launcher.emulator.runpod.calls import OPERATIONS
from tests.kit.runpod_description import BESIDE, description

NOT_EMULATED = {
    "/v2/serverless",
    "/v2/serverless/{id}",
    "/v2/serverless/{id}/workers",
    "/v2/serverless/{id}/releases",
    "/v2/serverless/{id}/workers/{workerId}/logs",
    "/v2/billing/serverless",
    "/v2/billing/endpoints",
}
"""Described paths of products that launcher does not use."""
NEWER_KEYS = ("cmd", "entrypoint", "minRamPerGpu", "minVcpuCountPerGpu")
"""Keys of the extras `command-arrays` and `placement-filters`."""
RULES_BEYOND_THE_SCHEMA = ("$.cursor", "$.limit", "$.templateId")
"""What 422 may complain of although the description allows it: paging is an extra, the third is prose."""


@dataclass
class Exchange:
    """A request and its reply, as they went over the wire."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes
    status: int = 0
    reply_headers: dict[str, str] | None = None
    reply: bytes = b""
    is_whole: bool = False


class Watched:
    """An ASGI app that remembers every exchange."""

    def __init__(self, app: Any) -> None:
        self.app = app
        self.exchanges: list[Exchange] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        seen = Exchange(
            scope["method"],
            scope["path"],
            scope["query_string"].decode(),
            {name.decode(): value.decode("latin-1") for name, value in scope["headers"]},
            b"",
        )
        self.exchanges.append(seen)

        async def heard() -> Any:
            message = await receive()
            seen.body += message.get("body", b"")
            return message

        async def said(message: Any) -> None:
            if message["type"] == "http.response.start":
                seen.status = message["status"]
                seen.reply_headers = {
                    name.decode(): value.decode("latin-1") for name, value in message["headers"]
                }
            else:
                seen.reply += message.get("body", b"")
                seen.is_whole = not message.get("more_body", False)
            await send(message)

        await self.app(scope, heard, said)


class Contract:
    """Raises AssertionError for traffic that the description does not allow."""

    def __init__(self) -> None:
        self.description = description()
        described = {**self.description, "servers": [{"url": "http://cloud"}]}
        readers: dict[str, Callable[[bytes], Any]] = {
            "application/problem+json": json.loads,
            "text/event-stream": lambda raw: raw.decode(),
        }
        self._judge = OpenAPI.from_dict(
            described, config=Config(extra_media_type_deserializers=readers)
        )

    def check(self, exchange: Exchange) -> None:
        """Judge one exchange. A broken connection and a proxy's HTML page are no API replies."""
        headers = exchange.reply_headers or {}
        if not exchange.is_whole or headers.get("content-type", "").startswith("text/html"):
            return
        if not self.describes(exchange.method, exchange.path):
            assert exchange.status >= 400 or is_extra(exchange.method, exchange.path), (
                f"{exchange.method} {exchange.path} is neither described nor an extra"
            )
            return
        request, reply = as_request(exchange), as_reply(exchange)
        wrong = list(self._judge.iter_request_errors(request))
        if exchange.status < 300:
            assert not wrong or uses_newer_keys(exchange.body), (exchange.path, wrong)
        if exchange.status == 422 and not wrong:
            said = json.loads(exchange.reply)["errors"]
            assert said[0].startswith(RULES_BEYOND_THE_SCHEMA), (exchange.path, said)
        self._judge.validate_response(request, reply)

    def describes(self, method: str, path: str) -> bool:
        from starlette.routing import compile_path

        return any(
            method.lower() in operations and compile_path(known)[0].match(path)
            for known, operations in self.description["paths"].items()
        )

    def operations(self) -> Iterator[tuple[str, str]]:
        """Every one that RunPod describes, those that are not emulated too."""
        for call in self.description[BESIDE]:
            method, _, path = call.partition(" ")
            yield method, path
        for path, operations in self.description["paths"].items():
            for method in operations:
                if method in ("get", "post", "put", "patch", "delete"):
                    yield method.upper(), path


def is_extra(method: str, path: str) -> bool:
    from starlette.routing import compile_path

    extras = (known for known in OPERATIONS if known.extra is not None)
    return any(e.method == method and compile_path(e.path)[0].match(path) for e in extras)


def uses_newer_keys(body: bytes) -> bool:
    return any(f'"{key}"'.encode() in body for key in NEWER_KEYS)


def as_request(exchange: Exchange) -> MockRequest:
    from urllib.parse import parse_qs, quote

    headers = dict(exchange.headers)
    if exchange.status == 200 and "/" in headers.get("last-event-id", ""):
        # The parameter is described as a date-time, the example of an id is not one: ids are opaque.
        del headers["last-event-id"]
    return MockRequest(
        "http://cloud",
        exchange.method.lower(),
        quote(exchange.path),
        args=parse_qs(exchange.query),
        headers=headers,
        data=exchange.body or None,
        content_type=exchange.headers.get("content-type", "application/json"),
    )


def as_reply(exchange: Exchange) -> MockResponse:
    headers = exchange.reply_headers or {}
    kind = headers.get("content-type", "application/json").partition(";")[0]
    return MockResponse(
        exchange.reply, status_code=exchange.status, headers=headers, content_type=kind
    )
