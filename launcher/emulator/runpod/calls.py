"""One call to the API: the table of operations, and what a handler gets and may answer. No rules of its own."""

import base64
import binascii
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from starlette.datastructures import Headers, QueryParams
from starlette.responses import JSONResponse, Response
from starlette.routing import compile_path

from launcher.emulator.runpod.accounts import Account, ApiKey
from launcher.emulator.runpod.problems import METHOD_NOT_ALLOWED, PATH_NOT_FOUND, Problem, invalid
from launcher.emulator.runpod.schema import Check
from launcher.emulator.runpod.world import RunPodWorld

MAX_PAGE = 1_000


@dataclass(frozen=True)
class Call:
    """A request that passed authentication; its body holds for the operation's schema."""

    world: RunPodWorld
    account: Account
    key: ApiKey
    params: dict[str, str]
    query: QueryParams
    headers: Headers
    body: Any = None
    sleep: Callable[[float], Awaitable[None]] | None = None

    def listed(self, name: str) -> list[str]:
        """A comma-joined query parameter; empty when absent."""
        return [word for word in self.query.get(name, "").split(",") if word]

    def chosen(self, name: str, allowed: tuple[str, ...], default: str) -> str:
        """A query parameter that is one of the allowed words. 422 otherwise."""
        value = self.query.get(name, default)
        if value not in allowed:
            raise invalid([f"$.{name}: value must be one of " + ", ".join(map(repr, allowed))])
        return value

    def truth(self, name: str) -> bool | None:
        """A query parameter that is `true` or `false`; None when absent. 422 otherwise."""
        if name not in self.query:
            return None
        return self.chosen(name, ("true", "false"), "false") == "true"

    def whole(self, name: str, default: int, least: int, most: int) -> int:
        """A query parameter that is a whole number within limits. 422 otherwise."""
        value = self.query.get(name)
        if value is None:
            return default
        if not re.fullmatch(r"-?\d{1,9}", value) or not least <= int(value) <= most:
            raise invalid([f"$.{name}: want an integer from {least} to {most}"])
        return int(value)


Handler = Callable[[Call], Response | Awaitable[Response]]


@dataclass(frozen=True)
class Operation:
    """One method of one path. `right` is what the key needs; `pod_key` lets a pod's own key call it for itself."""

    method: str
    path: str
    handle: Handler
    right: str
    body: "Check | BodyByExtras | None" = None
    extra: str | None = None
    pod_key: bool = False


@dataclass(frozen=True)
class BodyByExtras:
    """A body schema that grows with the extras that are on."""

    build: Callable[[frozenset[str]], Check]


OPERATIONS: list[Operation] = []


def operation(
    method: str,
    path: str,
    right: str,
    body: Check | BodyByExtras | None = None,
    extra: str | None = None,
    pod_key: bool = False,
) -> Callable[[Handler], Handler]:
    """Enter a handler in the table. A body that depends on which extras are on is a BodyByExtras."""

    def enter(handle: Handler) -> Handler:
        OPERATIONS.append(Operation(method, path, handle, right, body, extra, pod_key))
        return handle

    return enter


def body_check(known: Operation, extras: frozenset[str]) -> Check | None:
    """The check of the operation's body; None when it takes none."""
    return known.body.build(extras) if isinstance(known.body, BodyByExtras) else known.body


def find_operation(
    method: str, path: str, extras: frozenset[str]
) -> tuple[Operation, dict[str, str]]:
    """The operation and its path parameters. 404 for an unknown path, 405 for a method it does not have."""
    allowed: dict[str, tuple[Operation, dict[str, str]]] = {}
    # A path without parameters wins: /registries/delegations is not the registry "delegations".
    for known in sorted(OPERATIONS, key=lambda each: "{" in each.path):
        if known.extra is not None and known.extra not in extras:
            continue
        match = _pattern(known.path).match(path)
        if match is not None:
            allowed.setdefault(known.method, (known, match.groupdict()))
    if not allowed:
        raise Problem(404, PATH_NOT_FOUND)
    if method not in allowed:
        raise Problem(405, METHOD_NOT_ALLOWED, headers={"Allow": ", ".join(sorted(allowed))})
    return allowed[method]


@cache
def _pattern(path: str) -> re.Pattern[str]:
    return compile_path(path)[0]


def ok(body: Any, status: int = 200) -> Response:
    return JSONResponse(body, status)


def gone() -> Response:
    """204: accepted, and there is nothing to say."""
    return Response(status_code=204)


def page(call: Call, name: str, items: list[Any]) -> Response:
    """`{name: [...]}`; with the extra `paging` cut to `limit` and with `pagination`. 422 for a bad cursor."""
    if "paging" not in call.world.extras:
        return ok({name: items})
    limit = call.whole("limit", MAX_PAGE, 1, MAX_PAGE)
    start = _offset(call.query.get("cursor"), len(items))
    end = start + limit
    following = _cursor(end) if end < len(items) else None
    pagination = {"hasNextPage": following is not None, "nextCursor": following}
    return ok({name: items[start:end], "pagination": pagination})


def _cursor(offset: int) -> str:
    return base64.urlsafe_b64encode(f"after:{offset}".encode()).decode()


def _offset(cursor: str | None, count: int) -> int:
    if cursor is None:
        return 0
    try:
        word, _, number = base64.urlsafe_b64decode(cursor.encode()).decode().partition(":")
        if word == "after" and 0 <= int(number) <= count:
            return int(number)
    except (ValueError, binascii.Error):
        pass
    raise invalid(["$.cursor: invalid cursor"])
