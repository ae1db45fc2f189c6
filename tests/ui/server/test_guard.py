"""Who is let in by the local server: each probe on a real server, over a real socket."""

from __future__ import annotations

import asyncio
import os
import socket
import stat
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from httpx import ASGITransport, AsyncClient
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route, WebSocketRoute
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket

from launcher.cli.terminal.next_steps import in_terminal
from launcher.door import peers
from launcher.door.address import Address, bind
from launcher.door.checks import answer
from launcher.errors import InvalidRequest
from launcher.ui.server.address import Place, take_place
from launcher.ui.server.guard import ARRIVED, Guard
from launcher.ui.server.server import run_server


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

    guard: Guard
    said: list[str]

    @property
    def host(self) -> str:
        return self.guard.address.netloc

    @property
    def port(self) -> int:
        return self.guard.address.port

    async def ask(self, path: str = "/", method: str = "GET", **headers: str) -> Answer:
        """One request by hand: no client library decides what is sent."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        sent = {"Host": self.host, "Connection": "close"}
        sent.update({name.replace("_", "-"): value for name, value in headers.items()})
        lines = [f"{method} {path} HTTP/1.1", *(f"{k}: {v}" for k, v in sent.items()), "", ""]
        writer.write("\r\n".join(lines).encode("latin-1"))
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
async def door(tmp_path: Path) -> AsyncIterator[Door]:
    place = take_place(tmp_path / "address.json")
    said: list[str] = []
    ready: asyncio.Future[Guard] = asyncio.get_running_loop().create_future()
    server = asyncio.create_task(
        run_server(
            APP,
            place,
            say=lambda text: said.append(in_terminal(text)),
            open_browser=False,
            ready=ready.set_result,
        )
    )
    yield Door(await ready, said)
    server.cancel()
    await asyncio.gather(server, return_exceptions=True)
    place.sock.close()


Probe = Callable[[Door, str], Awaitable[int]]


def _http(path: str = "/", method: str = "GET", **headers: str) -> Probe:
    async def probe(door: Door, cookie: str) -> int:
        fitted = {
            name: value.format(port=door.port, host=door.host) for name, value in headers.items()
        }
        return (await door.ask(path, method, Cookie=cookie, **fitted)).status

    return probe


def _ws(*, with_cookie: bool = True, **headers: str) -> Probe:
    async def probe(door: Door, cookie: str) -> int:
        fitted = {
            name: value.format(port=door.port, host=door.host) for name, value in headers.items()
        }
        return await door.websocket(**({"Cookie": cookie} if with_cookie else {}), **fitted)

    return probe


OWN = "http://{host}"


@pytest.mark.parametrize(
    ("probe", "status"),
    [
        pytest.param(_http(), 200, id="our own page"),
        pytest.param(_http(Host="localhost:{port}"), 421, id="by the name localhost"),
        pytest.param(_http(Host="127.0.0.1:{port}"), 421, id="by the address that all share"),
        pytest.param(_http(Host="[::1]:{port}"), 421, id="by the IPv6 address"),
        pytest.param(_http(Host="x.{host}"), 421, id="a name below ours"),
        pytest.param(_http(Host="evil.example"), 421, id="a foreign Host (DNS rebinding)"),
        pytest.param(_http(Host="localhost"), 421, id="the Host without its port"),
        pytest.param(_http(Host="127.0.0.1:1"), 421, id="the Host of another port"),
        pytest.param(_ws(Origin=OWN), 101, id="our own websocket"),
        pytest.param(
            _ws(Host="evil.example", Origin="http://evil.example"), 403, id="rebound websocket"
        ),
        pytest.param(_ws(Origin="http://evil.example"), 403, id="websocket of another site"),
        pytest.param(
            _ws(Origin="http://127.0.0.1:{port}"), 403, id="websocket of the shared address"
        ),
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


async def test_a_link_can_lead_to_a_page_of_ours(door: Door) -> None:
    for landing in ("/record/anna", "/"):
        link = door.guard.new_link(landing)
        answer = await door.ask(link.removeprefix(f"http://{door.host}"))
        assert (answer.status, answer.headers["location"]) == (303, landing)


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


@pytest.mark.parametrize(
    "cookie",
    [
        b"launcher_{port}=caf\xe9",
        b"launcher_{port}=caf\xc3\xa9",
        b'launcher_{port}="\\351"',
        b"launcher_{port}=\xff\xfe",
    ],
    ids=repr,
)
async def test_a_cookie_beyond_ascii_is_refused_like_any_other(door: Door, cookie: bytes) -> None:
    sent = cookie.replace(b"{port}", str(door.port).encode()).decode("latin-1")
    assert (await door.ask(Cookie=sent)).status == 401


@pytest.mark.parametrize(
    "token", ["caf%C3%A9", "caf%E9", "%F0%9F%92%A5", "%00", "%ED%A0%80", "\xe9"]
)
async def test_a_token_beyond_ascii_is_refused_like_any_other(door: Door, token: str) -> None:
    assert (await door.ask(f"/enter?token={token}")).status in (400, 401)


AS_NOBODY = """
import encodings.idna, os, socket, sys  # later nothing may be readable
os.setgroups([]); os.setgid(65534); os.setuid(65534)
with socket.create_connection(("127.0.0.1", int(sys.argv[1]))) as there:
    there.sendall(sys.stdin.buffer.read())
    sys.stdout.buffer.write(there.recv(65536))
"""


@pytest.mark.skipif(
    sys.platform != "linux" or os.getuid() != 0, reason="only root can be somebody else on Linux"
)
async def test_the_right_cookie_in_the_hands_of_another_user_opens_nothing(door: Door) -> None:
    cookie = await door.enter()
    assert (await door.ask(Cookie=cookie)).status == 200
    for path in ("/", "/enter?token=x", f"/{door.guard.new_link().split('/', 3)[3]}"):
        sent = f"GET {path} HTTP/1.1\r\nHost: {door.host}\r\nCookie: {cookie}\r\nConnection: close\r\n\r\n"
        done = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-c", AS_NOBODY, str(door.port)],
            input=sent.encode(),
            capture_output=True,
            check=True,
        )
        assert done.stdout.startswith(b"HTTP/1.1 403 ")
        assert b"set-cookie" not in done.stdout


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells whose a connection is")
def test_whose_a_connection_is_is_known_and_who_called_us_by_sudo_is_no_stranger(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as here,
        socket.create_connection(here.getsockname()) as there,
    ):
        ends = there.getsockname(), here.getsockname()
        assert peers.uid_of(*ends) == os.getuid()
        assert peers.uid_of(("127.0.0.1", 1), here.getsockname()) is None
        assert not peers.is_another_user(*ends)
        monkeypatch.setattr(peers, "uid_of", lambda client, server: 4711)
        assert peers.is_another_user(*ends, {})
        assert peers.is_another_user(*ends, {"SUDO_UID": "4712"})
        assert not peers.is_another_user(*ends, {"SUDO_UID": "4711"})


def test_a_port_that_is_asked_for_and_taken_is_said_and_nothing_opened(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(InvalidRequest, match=f"Port {port} cannot be used"):
            take_place(tmp_path / "address.json", port)


def test_the_server_listens_to_this_machine_alone() -> None:
    sock = bind(0)
    assert sock.getsockname()[0] == "127.0.0.1"
    sock.close()


def taken(path: Path, port: int | None = None, *, own_name: bool = True) -> Place:
    """A place whose socket is closed again, as after the end of the program."""
    place = take_place(path, port, own_name=own_name)
    place.sock.close()
    return place


def test_the_form_has_a_name_of_its_own_that_stays_with_its_port(tmp_path: Path) -> None:
    path = tmp_path / "config" / "address.json"
    first, second = taken(path), taken(path)
    assert first.address == second.address
    assert first.address.host.endswith(".localhost")
    assert taken(tmp_path / "other.json").address.host != first.address.host
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_kept_port_that_is_taken_is_left_with_its_name_and_said(tmp_path: Path) -> None:
    path = tmp_path / "address.json"
    usual = taken(path).address
    with socket.create_server(("127.0.0.1", usual.port)):
        elsewhere = taken(path)
    assert elsewhere.address.port != usual.port
    # Whoever has the port now may know its name from a page that is still open: the cookie must not go there.
    assert elsewhere.address.host != usual.host
    assert f"Port {usual.port}" in elsewhere.note
    assert str(elsewhere.address.port) in elsewhere.note
    assert taken(path).address == usual


def test_a_port_that_is_given_has_a_name_of_its_own_and_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "address.json"
    usual = taken(path).address
    with bind(0) as free:
        port = free.getsockname()[1]
    given = taken(path, port).address
    assert given.port == port
    assert given.host != usual.host
    assert taken(path).address == taken(path, port).address == given


def test_any_free_port_and_the_plain_address_leave_the_kept_one_alone(tmp_path: Path) -> None:
    path = tmp_path / "address.json"
    usual = taken(path).address
    free, plain = taken(path, 0).address, taken(path, own_name=False).address
    assert usual.port not in (free.port, plain.port)
    assert free.host not in (usual.host, plain.host)
    assert plain.host == "127.0.0.1"
    assert taken(path).address == usual


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "nonsense",
        '{"host": "evil.example", "port": 20000}',
        '{"host": "launcher-0123456789abcdef01234567.localhost", "port": 0}',
        '{"host": "launcher-0123456789abcdef01234567.localhost", "port": "20000"}',
        '{"host": 7, "port": 20000}',
    ],
)
def test_a_kept_address_that_is_none_is_drawn_anew(tmp_path: Path, text: str) -> None:
    path = tmp_path / "address.json"
    path.write_text(text)
    drawn = taken(path).address
    assert drawn.host.startswith("launcher-")
    assert drawn.port > 0
    assert taken(path).address == drawn


async def test_the_first_request_after_a_launch_link_is_marked_and_no_other() -> None:
    """By this alone a tab is told from another one with the same cookie."""
    marks: list[object] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        marks.append(scope.get(ARRIVED))
        await answer(send, 200, b"", [])

    guard = Guard(app, Address("launcher-1.localhost", 1))

    def at_the_door() -> AsyncClient:
        return AsyncClient(transport=ASGITransport(guard), base_url=guard.address.origin)

    async with at_the_door() as browser, at_the_door() as other:
        await browser.get(guard.new_link())
        other.cookies.set(guard.cookie_name, browser.cookies[guard.cookie_name])
        for visitor in (other, browser, browser, other):
            assert (await visitor.get("/")).status_code == 200
        assert marks == [False, True, False, False]
        other.cookies.update(browser.cookies)  # all that the first browser has, once it came in
        await other.get("/")
        assert marks[-1] is False
