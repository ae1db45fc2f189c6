"""Where the form is served: a name of its own and the port that belongs to it, kept between starts.

A cookie knows no port: what is set by `127.0.0.1:1000` a browser also shows to `127.0.0.1:2000`, whoever serves that.
A name under `localhost` that was drawn is shown to nobody who does not know it, and browsers find it on this computer
without asking a name server. The other addresses in 127.0.0.0/8 would not do: each user of a computer can read which
of them are listened on, and macOS has the first alone.
"""

from __future__ import annotations

import json
import re
import secrets
import socket
from dataclasses import dataclass
from pathlib import Path

from launcher.door.address import PLAIN_HOST, Address, bind, port_of
from launcher.errors import InvalidRequest
from pod_image.contract.whole_file import write_whole

_OWN_HOST = re.compile(r"launcher-[0-9a-f]{24}\.localhost")
_DRAWN_PORTS = range(20_000, 32_000)
"""Below the ports that systems lend to outgoing connections, so that ours is free again at the next start."""
_DRAWS = 20


@dataclass(frozen=True)
class Place:
    """A listening socket, the address it is reached by, and what the person should know about the two."""

    sock: socket.socket
    address: Address
    note: str = ""


def take_place(path: Path, port: int | None = None, *, own_name: bool = True) -> Place:
    """Listen where `path` says that the form was before; the first time, draw a name and a port and keep them.

    `port` asks for another one, 0 for any free one. Raises InvalidRequest when it is taken. A kept port that is taken
    is left alone, and so is its name: whoever has the port now would be shown the cookie by a page that is still open.
    """
    if not own_name:
        sock = bind(port or 0)
        return Place(sock, Address(PLAIN_HOST, port_of(sock)))
    kept = _read(path)
    if port is None and kept is not None:
        return _at(kept)
    sock = _draw_port() if port is None else bind(port)
    address = Address(_draw_host(), port_of(sock))
    if kept is not None and kept.port == address.port:
        address = kept
    elif port != 0:
        _write(path, address)
    return Place(sock, address)


def _at(kept: Address) -> Place:
    try:
        return Place(bind(kept.port), kept)
    except InvalidRequest:
        sock = _draw_port()
        address = Address(_draw_host(), port_of(sock))
        note = (
            f"Port {kept.port}, which the form usually uses, is taken. This time it uses port {address.port}, "
            "and the browser will ask for the microphone again."
        )
        return Place(sock, address, note)


def _draw_host() -> str:
    return f"launcher-{secrets.token_hex(12)}.localhost"


def _draw_port() -> socket.socket:
    for _ in range(_DRAWS):
        try:
            return bind(secrets.choice(_DRAWN_PORTS))
        except InvalidRequest:
            continue
    return bind(0)


def _read(path: Path) -> Address | None:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        host, port = document["host"], document["port"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    is_whole = isinstance(host, str) and _OWN_HOST.fullmatch(host) and type(port) is int
    return Address(host, port) if is_whole and 0 < port < 65_536 else None


def _write(path: Path, address: Address) -> None:
    """Whole or not at all, and for its owner alone: who knows the name can ask a browser for the cookie."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    document = json.dumps({"host": address.host, "port": address.port})
    write_whole(path, document, is_private=True, is_shared=True)
