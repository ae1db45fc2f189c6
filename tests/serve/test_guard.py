"""Which requests reach the interface at all: each probe through the guard, over an application that says yes to all."""

from __future__ import annotations

import asyncio
import json
import stat
from collections.abc import AsyncIterator, MutableMapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from launcher.door.address import Address
from launcher.serve import guard as guard_module
from launcher.serve.audit import Caller
from launcher.serve.guard import ANSWER_SECONDS, CALLER, MOST_BODY_BYTES, Entrance, ServeGuard
from launcher.serve.request_log import RequestLog
from launcher.serve.token import ServeToken, TokenSource
from tests.kit.virtual_time import in_virtual_time

TOKEN = "the-right-token-of-this-test-0123456789abcdef"
HOST = "127.0.0.1:8420"
Header = tuple[str, str]
BEARER = ("authorization", f"Bearer {TOKEN}")


@dataclass
class Answer:
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def problem(self) -> dict[str, Any]:
        assert self.headers["content-type"] == "application/problem+json"
        found: dict[str, Any] = json.loads(self.body)
        assert set(found) >= {
            "type",
            "title",
            "status",
            "detail",
            "kind",
            "next_step",
            "request_id",
        }
        assert found["status"] == self.status
        assert found["request_id"] == self.headers["x-request-id"]
        return found


@dataclass
class Behind:
    """What stands behind the guard: it answers everything, and remembers what it was asked."""

    seen: list[dict[str, Any]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    takes_seconds: float = 0.0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.seen.append(scope)
        self.bodies.append((await receive())["body"])
        await asyncio.sleep(self.takes_seconds)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"yes"})


class Door:
    def __init__(self, folder: Path, entrance: Entrance | None = None) -> None:
        self.behind = Behind()
        self.log = RequestLog(folder / "serve", lambda: datetime.now(UTC))
        token = ServeToken(SecretStr(TOKEN), TokenSource.MEMORY)
        entrance = entrance or Entrance(Address("127.0.0.1", 8420))
        self.seconds = 0.0
        self.guard = ServeGuard(self.behind, entrance, token, self.log, lambda: self.seconds)

    async def ask(
        self,
        *headers: Header,
        path: str = "/api/v1/runs",
        method: str = "GET",
        query: str = "",
        host: str = HOST,
        body: AsyncIterator[bytes] | bytes = b"",
        address: str = "127.0.0.1",
    ) -> Answer:
        answer = Answer()
        parts = _once(body) if isinstance(body, bytes) else body
        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "query_string": query.encode(),
            "headers": [(name.encode(), value.encode("latin-1")) for name, value in headers]
            + ([(b"host", host.encode("latin-1"))] if host else []),
            "client": (address, 4711),
            "server": ("127.0.0.1", 8420),
        }

        async def receive() -> dict[str, Any]:
            part = await anext(parts, None)
            return {"type": "http.request", "body": part or b"", "more_body": part is not None}

        async def send(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                answer.status = message["status"]
                answer.headers = {n.decode(): v.decode() for n, v in message["headers"]}
            else:
                answer.body += message.get("body", b"")

        await self.guard(scope, receive, send)
        return answer

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.paths[0].read_text().splitlines()]


async def _once(body: bytes) -> AsyncIterator[bytes]:
    if body:
        yield body


@pytest.fixture
def door(tmp_path: Path) -> Door:
    return Door(tmp_path)


@pytest.mark.parametrize(
    "host", [HOST, "localhost:8420", "LOCALHOST:8420", "[::1]:8420", "127.0.0.2:8420"]
)
async def test_this_computer_is_known_by_its_own_names_and_numbers(door: Door, host: str) -> None:
    assert (await door.ask(BEARER, host=host)).status == 200


@pytest.mark.parametrize(
    "host",
    [
        "",
        "127.0.0.1",
        "127.0.0.1:1",
        "127.0.0.1:8420:8420",
        "127.0.0.1:+8420",
        "evil.example:8420",
        "127.0.0.1.evil.example:8420",
        "localhost.evil.example:8420",
        "0.0.0.0:8420",
        "192.168.1.5:8420",
        "2130706433:8420",
        "user@127.0.0.1:8420",
        "[::1:8420",
        "caf\xe9:8420",
    ],
)
async def test_a_host_that_is_not_ours_is_refused_even_with_the_token(
    door: Door, host: str
) -> None:
    answer = await door.ask(BEARER, host=host)
    assert answer.status == 421
    assert answer.problem["kind"] == "wrong-host"
    assert door.behind.seen == []


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("gpu.example.org:8420", 200),
        ("GPU.example.org.:8420", 200),
        ("10.0.0.7:8420", 200),
        ("other.example.org:8420", 421),
        ("gpu.example.org.evil.example:8420", 421),
        ("gpu.example.org", 421),
    ],
)
async def test_beyond_this_computer_numbers_and_given_names_will_do(
    tmp_path: Path, host: str, status: int
) -> None:
    address = Address("gpu.example.org", 8420, is_encrypted=True)
    door = Door(tmp_path, Entrance(address, ("gpu.example.org",), is_loopback=False))
    assert (await door.ask(BEARER, host=host)).status == status
    assert (await door.ask(BEARER, ("origin", "http://gpu.example.org:8420"))).status in (403, 421)


@pytest.mark.parametrize(
    "headers",
    [
        [("origin", "http://evil.example")],
        [("origin", "null")],
        [("origin", "http://127.0.0.1:1")],
        [("origin", "https://127.0.0.1:8420")],
        [("sec-fetch-site", "cross-site")],
        [("sec-fetch-site", "same-site")],
        [("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "cors")],
    ],
    ids=str,
)
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
async def test_a_page_of_another_site_gets_nothing_even_with_the_token(
    door: Door, headers: list[Header], method: str
) -> None:
    answer = await door.ask(BEARER, *headers, method=method)
    assert answer.status == 403
    assert not [name for name in answer.headers if name.startswith("access-control")]
    assert door.behind.seen == []


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("authorization", "")],
        [("authorization", "Bearer")],
        [("authorization", f"Bearer {TOKEN}x")],
        [("authorization", f"Bearer {TOKEN[:-1]}")],
        [("authorization", f"Basic {TOKEN}")],
        [("authorization", TOKEN)],
        [("authorization", "Bearer caf\xe9")],
        [("cookie", f"launcher_8420={TOKEN}; token={TOKEN}")],
        [("x-api-key", TOKEN)],
        [("proxy-authorization", f"Bearer {TOKEN}")],
    ],
    ids=str,
)
async def test_without_the_token_in_its_header_nothing_is_answered(
    door: Door, headers: list[Header]
) -> None:
    answer = await door.ask(*headers, query=f"access_token={TOKEN}&token={TOKEN}")
    assert answer.status == 401
    assert answer.headers["www-authenticate"].startswith("Bearer ")
    assert TOKEN not in answer.body.decode()
    assert door.behind.seen == []


async def test_a_header_that_is_there_twice_is_not_chosen_from(door: Door) -> None:
    assert (await door.ask(BEARER, ("host", "evil.example"))).status == 400
    assert (await door.ask(("authorization", "Bearer x"), BEARER)).status == 400
    assert door.behind.seen == []


async def test_the_reference_alone_is_open(door: Door) -> None:
    for path in ("/api", "/api/", "/api/openapi.json"):
        assert (await door.ask(path=path)).status == 200
        assert (await door.ask(path=path, method="POST")).status == 401
    for path in ("/api/v1/system", "/api/../api/v1/runs", "//api/", "/api/openapi.json/x", "/"):
        assert (await door.ask(path=path)).status == 401


async def test_who_guesses_is_slowed_down_and_the_right_token_never_waits(door: Door) -> None:
    statuses = [(await door.ask(("authorization", f"Bearer {n}"))).status for n in range(12)]
    assert statuses == [401] * 10 + [429] * 2
    slowed = await door.ask()
    assert int(slowed.headers["retry-after"]) >= 1
    assert (await door.ask(BEARER)).status == 200
    assert (await door.ask(address="10.0.0.1")).status == 401
    door.seconds += 3
    assert (await door.ask()).status == 401


async def test_reading_and_acting_have_limits_of_their_own(door: Door) -> None:
    acts = [(await door.ask(BEARER, method="POST")).status for _ in range(21)]
    assert acts == [200] * 20 + [429]
    assert [(await door.ask(BEARER)).status for _ in range(121)] == [200] * 120 + [429]
    door.seconds += 1
    assert (await door.ask(BEARER, method="POST")).status == 200


async def test_a_body_that_is_too_large_is_refused_however_it_comes(door: Door) -> None:
    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield bytes(10_000)

    said = ("content-length", str(MOST_BODY_BYTES + 1))
    assert (await door.ask(BEARER, said, method="POST")).status == 413
    assert (await door.ask(BEARER, ("content-length", "-1"), method="POST")).status == 413
    assert (await door.ask(BEARER, method="POST", body=endless())).status == 413
    assert door.behind.seen == []
    assert (await door.ask(BEARER, method="POST", body=b"{}")).status == 200
    assert door.behind.bodies == [b"{}"]


def test_a_body_that_does_not_come_is_not_waited_for(tmp_path: Path) -> None:
    @in_virtual_time
    async def story() -> None:
        async def never() -> AsyncIterator[bytes]:
            yield b"{"
            await asyncio.sleep(10_000)
            yield b"}"

        door = Door(tmp_path)
        assert (await door.ask(BEARER, method="POST", body=never())).status == 408
        assert asyncio.get_running_loop().time() == guard_module.BODY_SECONDS
        assert door.behind.seen == []

    story()


def test_an_answer_that_takes_too_long_is_given_up(tmp_path: Path) -> None:
    @in_virtual_time
    async def story() -> None:
        door = Door(tmp_path)
        door.behind.takes_seconds = ANSWER_SECONDS + 1
        answer = await door.ask(BEARER)
        assert answer.status == 504
        assert answer.problem["kind"] == "too-slow"

    story()


async def test_every_answer_may_be_kept_by_nobody_and_be_taken_for_nothing_else(
    door: Door,
) -> None:
    for answer in (await door.ask(BEARER), await door.ask()):
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["x-request-id"]


async def test_a_line_of_the_log_has_neither_token_nor_query_nor_body(door: Door) -> None:
    query = "token=a-secret-in-an-address"
    await door.ask(BEARER, method="POST", query=query, body=b'{"key": "a-secret-in-a-body"}')
    await door.ask(("authorization", "Bearer a-wrong-token"), path="/api/v1/x")
    text = door.log.paths[0].read_text()
    assert not [word for word in (TOKEN, "secret", "wrong-token") if word in text]
    first, second = door.lines
    assert (first["method"], first["path"], first["status"]) == ("POST", "/api/v1/runs", 200)
    assert (second["token"], second["status"]) == ("", 401)
    assert first["token"] == door.behind.seen[0][CALLER].token_id
    assert stat.S_IMODE(door.log.paths[0].stat().st_mode) == 0o600


async def test_the_log_of_requests_stays_small(
    door: Door, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("launcher.serve.request_log.MOST_BYTES", 1_000)
    for _ in range(20):
        await door.ask(BEARER)
    assert all(0 < path.stat().st_size <= 1_000 for path in door.log.paths)
    lines = [line for path in door.log.paths for line in path.read_text().splitlines()]
    assert {json.loads(line)["status"] for line in lines} == {200}
    again = RequestLog(tmp_path / "serve", lambda: datetime.now(UTC))
    again.write(Caller("", "", "the-last-one"), "GET", "/", 200, 0.0)
    newest = max(door.log.paths, key=lambda path: path.stat().st_mtime_ns)
    assert "the-last-one" in newest.read_text()


async def test_a_log_that_cannot_be_written_keeps_nobody_from_an_answer(tmp_path: Path) -> None:
    (tmp_path / "serve").write_text("a file stands in the way")
    assert (await Door(tmp_path).ask(BEARER)).status == 200


async def test_websockets_are_closed_and_headers_of_proxies_left_out(door: Door) -> None:
    sent: list[MutableMapping[str, Any]] = []

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    async def receive() -> dict[str, Any]:
        return {"type": "websocket.connect"}

    await door.guard({"type": "websocket", "headers": []}, receive, send)
    assert sent == [{"type": "websocket.close", "code": 1008}]
    await door.ask(BEARER, ("x-forwarded-prefix", "/evil"), ("forwarded", "for=1.2.3.4"))
    names = {name for name, _ in door.behind.seen[0]["headers"]}
    assert names == {b"authorization", b"host"}
