"""The OCI distribution calls that tell of an image, over HTTP: a challenge, a token for everybody, manifests, blobs."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from launcher.emulator.registry.contents import Content, RegistryContents

Sleep = Callable[[float], Awaitable[None]]
SLOW_SECONDS = 30.0


@dataclass(frozen=True)
class Asked:
    """One request as the registry saw it."""

    method: str
    path: str
    server: str
    has_token: bool


@dataclass
class RegistryApp:
    """The ASGI app. It stands for every registry: `ns` says which one a request is meant for, as a mirror is told."""

    contents: RegistryContents
    sleep: Sleep = asyncio.sleep
    seen: list[Asked] = field(default_factory=list)
    _tokens: dict[str, str] = field(default_factory=dict, repr=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        slow = self.contents.strikes("registry-slow")
        if slow is not None:
            await self.sleep(float(slow.get("seconds", SLOW_SECONDS)))
        await self._answer(request)(scope, receive, send)

    def _answer(self, request: Request) -> Response:
        server = request.query_params.get("ns", request.url.netloc)
        has_token = "authorization" in request.headers
        self.seen.append(Asked(request.method, request.url.path, server, has_token))
        for fault, status in (("registry-busy", 429), ("registry-down", 503)):
            if self.contents.strikes(fault) is not None:
                return _refused(status, "TOOMANYREQUESTS" if status == 429 else "UNAVAILABLE")
        if request.url.path == "/token":
            return self._token(request)
        parts = request.url.path.removeprefix("/v2/").rsplit("/", 2)
        if len(parts) != 3 or request.method not in ("GET", "HEAD"):
            return _refused(404, "NAME_UNKNOWN")
        path, kind, reference = parts
        if not self._may_pull(request, path):
            return self._challenge(request, path)
        if self.contents.is_private(f"{server}/{path}"):
            return self._challenge(request, path)  # a token for everybody opens nothing private
        if kind == "blobs":
            return _content(self.contents.blob(f"{server}/{path}", reference), request)
        if request.method == "GET" and not self.contents.is_readable(f"{server}/{path}", reference):
            return _refused(429, "TOOMANYREQUESTS")
        return _content(self.contents.manifest(f"{server}/{path}", reference), request)

    def _token(self, request: Request) -> Response:
        token = secrets.token_urlsafe(24)
        self._tokens[token] = request.query_params.get("scope", "")
        return JSONResponse({"token": token, "expires_in": 300})

    def _may_pull(self, request: Request, path: str) -> bool:
        _, _, token = request.headers.get("authorization", "").partition(" ")
        return self._tokens.get(token) == _scope(path)

    def _challenge(self, request: Request, path: str) -> Response:
        realm = f"{request.url.scheme}://{request.url.netloc}/token"
        words = f'Bearer realm="{realm}",service="registry",scope="{_scope(path)}"'
        return _refused(401, "UNAUTHORIZED", {"WWW-Authenticate": words})


def _scope(path: str) -> str:
    return f"repository:{path}:pull"


def _content(found: Content | None, request: Request) -> Response:
    if found is None:
        return _refused(404, "MANIFEST_UNKNOWN")
    headers = {"Docker-Content-Digest": found.digest, "Content-Length": str(len(found.body))}
    body = b"" if request.method == "HEAD" else found.body
    return Response(body, 200, headers, found.kind)


def _refused(status: int, code: str, headers: dict[str, str] | None = None) -> Response:
    body = json.dumps({"errors": [{"code": code, "message": code.lower().replace("_", " ")}]})
    return Response(body, status, headers, "application/json")
