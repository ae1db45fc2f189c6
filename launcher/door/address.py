"""Where a server on this computer listens: an address, and a socket for it."""

from __future__ import annotations

import socket
import sys
from dataclasses import dataclass

from launcher.errors import InvalidRequest
from pod_image.contract.next_steps import NextStep, Sentence

PLAIN_HOST = "127.0.0.1"


@dataclass(frozen=True)
class Address:
    """The host that clients are told, and the port that is listened on."""

    host: str
    port: int
    is_encrypted: bool = False

    @property
    def netloc(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    @property
    def origin(self) -> str:
        return f"{'https' if self.is_encrypted else 'http'}://{self.netloc}"


def bind(port: int, host: str = PLAIN_HOST) -> socket.socket:
    """A listening socket at that address or name of this computer; port 0 takes a free one.

    Raises InvalidRequest when port or host cannot be had: nothing is opened then, neither here nor in a browser.
    """
    family, where = _resolved(host, port)
    sock = socket.socket(family, socket.SOCK_STREAM)
    if sys.platform == "win32":
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
    else:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind(where)
    except (OSError, OverflowError) as exc:
        sock.close()
        raise InvalidRequest(
            f"Port {port} cannot be used: {getattr(exc, 'strerror', None) or exc}.",
            hint=Sentence(
                "Leave out ", NextStep.CHOOSE_PORT, " to take a free one, or give another."
            ),
        ) from exc
    sock.listen(128)
    return sock


def port_of(sock: socket.socket) -> int:
    return int(sock.getsockname()[1])


def _resolved(host: str, port: int) -> tuple[socket.AddressFamily, tuple[str, int]]:
    if host == PLAIN_HOST:  # nobody is asked for what is no name
        return socket.AF_INET, (host, port)
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, OverflowError, UnicodeError) as exc:
        raise InvalidRequest(
            f"{host!r} is not an address of this computer: {getattr(exc, 'strerror', None) or exc}.",
            hint="Give a numeric address, such as 0.0.0.0 for every network of this computer.",
        ) from exc
    family, _, _, _, where = found[0]
    return family, (str(where[0]), port)
