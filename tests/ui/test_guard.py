"""Who is let in by the local server: each probe on a real server, over a real socket."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from launcher.errors import InvalidRequest
from launcher.ui.guard import Guard
from launcher.ui.server import bind, run_server


async def _page(request: Request) -> JSONResponse:
    return JSONResponse({"seen": sorted(request.headers.keys())})


async def _socket(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.close()


APP = Starlette(
    routes=[
        Route("/", _page, methods=["GET", "POST", "PUT"]),
        Route("/media/a.wav", _page),
        WebSocketRoute("/_nicegui_ws/socket.io/", _socket),
    ]
)


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: str


@dataclass
class Door:
    """A running server, its guard, and what was said about links."""

    port: int
    guard: Guard
    said: list[str]

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    async def ask(self, path: str = "/", method: str = "GET", **headers: str) -> Answer:
        """One request by hand: no client library decides what is sent."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        sent = {"Host": self.host, "Connection": "close"}
        sent.update({name.replace("_", "-"): value for name, value in headers.items()})
        lines = [f"{method} {path} HTTP/1.1", *(f"{k}: {v}" for k, v in sent.items()), "", ""]
        writer.write("\r\n".join(lines).encode())
        await writer.drain()
        raw = (await reader.read()).decode("latin-1")
        writer.close()
        head, _, body = raw.partition("\r\n\r\n")
        status, *rest = head.split("\r\n")
        found = dict(line.split(": ", 1) for line in rest if ": " in line)
        return Answer(int(status.split()[1]), {k.lower(): v for k, v in found.items()}, body)

    async def websocket(self, **headers: str) -> int:
        """Try to open a websocket; the status of the answer, 101 when it is open."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        sent = {
            "Host": self.host,
            "Upgrade": "websocket",
            "Connection": "Upgrade",
            "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
            "Sec-WebSocket-Version": "13",
        }
        sent.update({name.replace("_", "-"): value for name, value in headers.items()})
        path = "/_nicegui_ws/socket.io/?EIO=4&transport=websocket"
        lines = [f"GET {path} HTTP/1.1", *(f"{k}: {v}" for k, v in sent.items()), "", ""]
        writer.write("\r\n".join(lines).encode())
        await writer.drain()
        status = int((await reader.readline()).split()[1])
        writer.close()
        return status

    async def enter(self) -> str:
        """Go in through a fresh link; the cookie."""
        link = self.guard.new_link()
        answer = await self.ask(link.removeprefix(f"http://{self.host}"))
        assert answer.status == 303
        return answer.headers["set-cookie"].split(";")[0]


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    sock = bind(0)
    said: list[str] = []
    ready: asyncio.Future[Guard] = asyncio.get_running_loop().create_future()
    server = asyncio.create_task(
        run_server(APP, sock, say=said.append, open_browser=False, ready=ready.set_result)
    )
    yield Door(sock.getsockname()[1], await ready, said)
    server.cancel()
    await asyncio.gather(server, return_exceptions=True)
    sock.close()


Probe = Callable[[Door, str], Awaitable[int]]


def _http(path: str = "/", method: str = "GET", **headers: str) -> Probe:
    async def probe(door: Door, cookie: str) -> int:
        fitted = {name: value.format(port=door.port) for name, value in headers.items()}
        return (await door.ask(path, method, Cookie=cookie, **fitted)).status

    return probe


def _ws(*, with_cookie: bool = True, **headers: str) -> Probe:
    async def probe(door: Door, cookie: str) -> int:
        fitted = {name: value.format(port=door.port) for name, value in headers.items()}
        return await door.websocket(**({"Cookie": cookie} if with_cookie else {}), **fitted)

    return probe


OWN = "http://127.0.0.1:{port}"


@pytest.mark.parametrize(
    ("probe", "status"),
    [
        pytest.param(_http(), 200, id="our own page"),
        pytest.param(_http(Host="localhost:{port}"), 200, id="by the name localhost"),
        pytest.param(_http(Host="[::1]:{port}"), 200, id="by the IPv6 name"),
        pytest.param(_http(Host="evil.example"), 421, id="a foreign Host (DNS rebinding)"),
        pytest.param(_http(Host="127.0.0.1"), 421, id="the Host without its port"),
        pytest.param(_http(Host="127.0.0.1:1"), 421, id="the Host of another port"),
        pytest.param(_ws(Origin=OWN), 101, id="our own websocket"),
        pytest.param(
            _ws(Host="evil.example", Origin="http://evil.example"), 403, id="rebound websocket"
        ),
        pytest.param(_ws(Origin="http://evil.example"), 403, id="websocket of another site"),
        pytest.param(_ws(Origin="http://127.0.0.1:1"), 403, id="websocket of another local port"),
        pytest.param(_ws(), 403, id="websocket without Origin"),
        pytest.param(_ws(Origin="null"), 403, id="websocket of a sandboxed frame"),
        pytest.param(_ws(with_cookie=False, Origin=OWN), 403, id="websocket without the cookie"),
        pytest.param(
            _http("/_nicegui_ws/socket.io/?EIO=4&transport=polling", Origin="http://evil.example"),
            403,
            id="polling by another site",
        ),
        pytest.param(_http(method="PUT", Origin="http://evil.example"), 403, id="foreign upload"),
        pytest.param(_http(method="POST", Origin="null"), 403, id="post of a sandboxed frame"),
        pytest.param(_http(method="PUT", Origin=OWN), 200, id="our own upload"),
        pytest.param(_http(Sec_Fetch_Site="same-site"), 403, id="fetch from another local port"),
        pytest.param(_http(Sec_Fetch_Site="cross-site"), 403, id="picture tag on another site"),
        pytest.param(
            _http(
                Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="navigate", Sec_Fetch_Dest="document"
            ),
            200,
            id="a link on another site that is followed",
        ),
        pytest.param(
            _http(Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="navigate", Sec_Fetch_Dest="iframe"),
            403,
            id="a frame on another site",
        ),
        pytest.param(
            _http(
                method="POST",
                Sec_Fetch_Site="cross-site",
                Sec_Fetch_Mode="navigate",
                Sec_Fetch_Dest="document",
            ),
            403,
            id="a form that another site posts",
        ),
    ],
)
async def test_the_guard_answers_each_probe(door: Door, probe: Probe, status: int) -> None:
    assert await probe(door, await door.enter()) == status


@pytest.mark.parametrize("path", ["/", "/media/a.wav", "/enter", "/enter?token=guessed"])
async def test_without_the_cookie_nothing_is_shown(door: Door, path: str) -> None:
    answer = await door.ask(path)
    assert answer.status == 401
    assert "launch link" in answer.body
    assert "set-cookie" not in answer.headers


async def test_a_cookie_that_was_made_up_is_refused(door: Door) -> None:
    assert (await door.ask(Cookie=f"launcher_{door.port}=made-up")).status == 401
    assert (await door.ask(Cookie='launcher_"=;;;')).status == 401


async def test_a_launch_link_works_once_and_says_a_new_one(door: Door) -> None:
    link = door.said[0].split()[-1]
    path = link.removeprefix(f"http://{door.host}")
    first = await door.ask(path)
    assert (first.status, first.headers["location"]) == (303, "/")
    assert (await door.ask(path)).status == 401
    assert len(door.said) == 2
    assert (
        await door.ask(door.said[1].split()[-1].removeprefix(f"http://{door.host}"))
    ).status == 303


async def test_the_browser_that_came_in_may_open_its_link_again(door: Door) -> None:
    path = door.said[0].split()[-1].removeprefix(f"http://{door.host}")
    cookie = (await door.ask(path)).headers["set-cookie"].split(";")[0]
    again = await door.ask(path, Cookie=cookie)
    assert (again.status, again.headers["location"]) == (303, "/")


async def test_the_cookie_is_for_this_port_and_out_of_reach_of_scripts(door: Door) -> None:
    link = door.guard.new_link()
    cookie = (await door.ask(link.removeprefix(f"http://{door.host}"))).headers["set-cookie"]
    assert cookie.startswith(f"launcher_{door.port}=")
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= {part.strip() for part in cookie.split(";")}


async def test_headers_of_proxies_do_not_come_through(door: Door) -> None:
    answer = await door.ask(
        Cookie=await door.enter(), X_Forwarded_Prefix="/evil", Forwarded="for=1.2.3.4"
    )
    assert "forwarded" not in answer.body


async def test_a_page_may_load_nothing_from_elsewhere_and_not_be_framed(door: Door) -> None:
    headers = (await door.ask(Cookie=await door.enter())).headers
    policy = headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "https:" not in policy
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-content-type-options"] == "nosniff"


def test_a_port_that_is_taken_is_said_and_nothing_opened() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(InvalidRequest, match=f"Port {port} cannot be used"):
            bind(port)


def test_the_server_listens_to_this_machine_alone() -> None:
    sock = bind(0)
    assert sock.getsockname()[0] == "127.0.0.1"
    sock.close()
